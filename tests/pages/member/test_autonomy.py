"""Autonomy of a minor of sixteen or seventeen: asked, granted, taken back; what the member then reads (R-72)."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.accounts import Role
from portal.data.autonomy import (
    Situation,
    accept_autonomy,
    end_autonomy,
    give_up_request,
    situation_on,
    start_request,
)
from portal.data.case_desk import lock_for_desk, move_by_desk
from portal.data.cases import Case, CaseKind, CaseMoved, CaseState, WrongState, move_case
from portal.data.columns import utc_now
from portal.data.coverage import Autonomy
from portal.data.persons import age_on
from portal.data.rules import add_months
from portal.data.visibility import visible_scope
from portal.formatting import today
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.mail import letters

PAGE, LIST = "/adherent/autonomie", "/adherent/prestations"
SEVENTEEN = add_months(today(), -12 * 17)

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def family(client):
    """Anne's contract covers Zoé, seventeen, who has had a care; both have accounts."""
    with client.services.database.write() as db:
        keyring = client.services.keyring
        home, member = factories.member_with_account(db, keyring, children={"Zoé": SEVENTEEN})
        zoe = factories.dependant_account(db, keyring, home["Zoé"], email="zoe@exemple.example")
        factories.paid_line(db, home.contract, home["Zoé"], label="Séance de Zoé")
    enter(client, zoe)
    return home, member, zoe


def sent(client, *, is_sent: bool = True) -> str:
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}/demande"]')
    path = client.path
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    fields = {"jeton": token_in(ask(client, path))}
    files = [("fichier", ("carte.jpg", drawn.getvalue(), "image/jpeg"))]
    target = f"/dossiers/{path.rpartition('/')[2]}/pieces/piece-identite"
    client.http.post(target, data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False)
    client.get(path)
    if is_sent:
        client.submit(f'form[action="{path}/envoi"]')
    return path


def grant(client) -> None:
    with client.services.database.write() as db:
        keyring = client.services.keyring
        staff = factories.desk_account(db, keyring)
        agent = factories.viewer_of(db, staff, letters=CaseLetters(client.services))
        case = db.exec(select(Case)).one()
        accept_autonomy(db, agent, keyring, lock_for_desk(db, agent, case.id, case.version), "", utc_now())


def reads(client, member) -> bool:
    enter(client, member)
    return "Séance de Zoé" in client.get(LIST).text


def test_asked_granted_then_the_member_reads_totals_until_it_is_taken_back(client, family) -> None:
    _, member, zoe = family
    assert reads(client, member)
    enter(client, zoe)
    path = sent(client)
    assert "Envoyée" in client.page.text
    assert reads(client, member)
    grant(client)
    assert not reads(client, member)
    enter(client, zoe)
    assert "Séance de Zoé" in client.get(LIST).text
    assert "Acceptée" in client.get(path).text
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}/fin"]')
    assert reads(client, member)


def test_end_is_told_to_the_minor_alone(client, family) -> None:
    """A parent with the telephone in hand may have asked for it."""
    _, _, zoe = family
    sent(client)
    grant(client)
    enter(client, zoe)
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}/fin"]')
    _granted, told = letters(client.services.database, client.services)
    assert (told.name, told.to) == ("autonomy-changed", "zoe@exemple.example")
    assert "lit de nouveau vos soins" in told.text
    assert "Séance" not in told.text


@pytest.mark.usefixtures("family")
def test_grant_is_told_to_the_minor_in_its_own_words(client) -> None:
    sent(client)
    grant(client)
    (letter,) = letters(client.services.database, client.services)
    assert (letter.name, letter.to) == ("autonomy-changed", "zoe@exemple.example")
    assert "ne lit plus vos soins" in letter.text


def test_refusal_says_why_changes_nothing_and_may_be_asked_again(client, family) -> None:
    _, member, zoe = family
    path = sent(client)
    with client.services.database.write() as db:
        keyring = client.services.keyring
        agent = factories.viewer_of(db, factories.desk_account(db, keyring))
        case = db.exec(select(Case)).one()
        locked = lock_for_desk(db, agent, case.id, case.version)
        move_by_desk(db, agent, keyring, locked, CaseState.REFUSED, "Ce document n’est pas le vôtre.", utc_now())
    assert reads(client, member)
    enter(client, zoe)
    client.get(path)
    assert "Ce document n’est pas le vôtre." in client.page.text
    assert send(client, f"{path}/envoi", {"version": "3"}, form_at="/messagerie/nouveau").status_code == 422
    client.get(PAGE)
    assert client.page.css(f'form[action="{PAGE}/demande"]')


def test_autonomous_minor_may_share_like_an_adult(client, family) -> None:
    _, member, zoe = family
    sent(client)
    grant(client)
    enter(client, zoe)
    client.get("/adherent/partage")
    client.submit('form[action="/adherent/partage"]', partage="oui")
    assert reads(client, member)


def test_ending_autonomy_ends_what_was_shared_under_it(client, family) -> None:
    """Else the member would read the lines again at eighteen, without a new choice."""
    home, member, zoe = family
    sent(client)
    grant(client)
    enter(client, zoe)
    client.get("/adherent/partage")
    client.submit('form[action="/adherent/partage"]', partage="oui")
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}/fin"]')
    with client.services.database.write() as db:
        change = text("UPDATE person SET birth_date = :born WHERE id = :id")
        db.execute(change, {"born": add_months(today(), -12 * 18), "id": home["Zoé"].id})
    assert not reads(client, member)


@pytest.mark.parametrize("email", ["", "anne@exemple.example"])
def test_letters_must_go_to_the_minor_first(client, family, email) -> None:
    """Whoever holds the contract could otherwise take the account over by its letters."""
    _, member, zoe = family
    with client.services.database.write() as db:
        change = text("UPDATE account SET email = :email WHERE id = :id")
        db.execute(change, {"email": "Anne@exemple.example", "id": member.id})
        db.execute(change, {"email": email, "id": zoe.id})
    path = sent(client, is_sent=False)
    assert "une adresse à vous seul" in send(client, f"{path}/envoi", {"version": "1"}, form_at=path).text
    with client.services.database.read() as db:
        assert db.exec(select(Case)).one().state == CaseState.DRAFT


def test_desk_cannot_grant_it_to_an_adult(client, family) -> None:
    sent(client)
    with client.services.database.write() as db:
        db.execute(text("UPDATE person SET birth_date = '1990-01-01'"))
    with pytest.raises(WrongState):
        grant(client)
    assert family


def test_everything_stays_readable_after_the_end(client, family) -> None:
    path = sent(client)
    with client.services.database.write() as db:
        db.execute(text("UPDATE beneficiary SET valid_to = :day"), {"day": today() - timedelta(days=30)})
    assert "Envoyée" in client.get(path).text
    assert send(client, f"{path}/abandon", form_at="/messagerie/nouveau").status_code == 403
    assert family


def test_parent_who_represents_the_minor_reads_totals_too(client, family) -> None:
    home, *_ = family
    from portal.data.accounts import Space  # noqa: PLC0415
    from portal.data.representations import Capacity, Representation  # noqa: PLC0415

    with client.services.database.write() as db:
        keyring = client.services.keyring
        parent = factories.account(db, keyring, Space.MEMBER, Role.REPRESENTATIVE, of=home["Zoé"])
        kept = {"capacity": Capacity.PARENT, "acts": True, "representative_name": "Anne Essai"}
        db.add(Representation(account_id=parent.id, **kept))
        db.flush()
        viewer = factories.viewer_of(db, parent)
        assert [one.in_detail for one in visible_scope(db, viewer, today()).relatives] == [True]
        db.add(Autonomy(person_id=home["Zoé"].id, started_at=utc_now()))
        db.flush()
        assert [one.in_detail for one in visible_scope(db, viewer, today()).relatives] == [False]


@pytest.mark.usefixtures("family")
def test_nothing_is_sent_without_the_piece_nor_twice(client) -> None:
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}/demande"]')
    path = client.path
    assert "pièce d’identité" in send(client, f"{path}/envoi", {"version": "1"}, form_at=path).text
    client.get(PAGE)
    assert not client.page.css(f'form[action="{PAGE}/demande"]')
    assert send(client, f"{PAGE}/demande", form_at=path).headers["location"] == PAGE
    client.get(path)
    client.submit(f'form[action="{path}/abandon"]')
    assert client.path == PAGE
    path = sent(client)
    assert send(client, f"{path}/envoi", {"version": "2"}, form_at=path).status_code == 422
    client.get(path)
    client.submit(f'form[action="{path}/abandon"]')
    with client.services.database.read() as db:
        assert db.exec(select(Case)).one().state == CaseState.CANCELLED


def test_nobody_else_reads_or_moves_it(client, family) -> None:
    home, member, _ = family
    path = sent(client)
    with client.services.database.write() as db:
        other = factories.household(db, children={"Tom": SEVENTEEN})
        tom = factories.dependant_account(db, client.services.keyring, other["Tom"])
    enter(client, tom)
    assert ask(client, path).status_code == 404
    for act in ("envoi", "abandon"):
        assert send(client, f"{path}/{act}", {"version": "2"}, form_at=PAGE).status_code == 404
    enter(client, member)
    assert ask(client, path).status_code == 403
    assert home


@pytest.mark.parametrize(("years", "words"), [(18, "Vous êtes majeur"), (15, "À partir de seize ans")])
def test_question_arises_between_sixteen_and_eighteen_alone(client, family, years, words) -> None:
    with client.services.database.write() as db:
        born = add_months(today(), -12 * years) - timedelta(days=1)
        db.execute(text("UPDATE person SET birth_date = :born WHERE first_name = 'Zoé'"), {"born": born})
    assert words in client.get(PAGE).text
    assert not client.page.css(f'form[action="{PAGE}/demande"]')
    send(client, f"{PAGE}/demande", form_at="/compte/coordonnees")
    with client.services.database.read() as db:
        assert not db.exec(select(Case).where(Case.kind == CaseKind.AUTONOMY)).all()
    assert family


@pytest.fixture
def zoe(database, keyring):
    """The viewer of a minor of seventeen, on either database."""
    with database.write() as db:
        home, _ = factories.member_with_account(db, keyring, children={"Zoé": SEVENTEEN})
        account = factories.dependant_account(db, keyring, home["Zoé"], email="zoe@exemple.example")
        return factories.viewer_of(db, account)


def at_once(count: int, act) -> list:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(act, range(count)))


@pytest.mark.engines("sqlite", "postgresql")
def test_eight_requests_at_once_open_one(database, zoe) -> None:
    def begin(_: int) -> bool:
        with database.write() as db:
            return start_request(db, zoe, utc_now()) is not None

    assert sum(at_once(8, begin)) == 1


@pytest.mark.engines("sqlite", "postgresql")
def test_grant_against_giving_up_at_once_leaves_one_outcome(database, keyring, zoe) -> None:
    """Either the request was taken back and nothing is granted, or it is granted, and only an end takes it back."""
    with database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, keyring))
        case = start_request(db, zoe, utc_now())
        move_case(db, case, CaseState.SENT, utc_now(), by=zoe.account_id)
        case_id, version = case.id, case.version

    def act(turn: int) -> str:
        try:
            with database.write() as db:
                if turn % 2:
                    locked = lock_for_desk(db, agent, case_id, version)
                    accept_autonomy(db, agent, keyring, locked, "", utc_now())
                else:
                    give_up_request(db, zoe, case_id, utc_now())
        except (CaseMoved, WrongState):
            return ""
        return "granted" if turn % 2 else "given up"

    (outcome,) = [done for done in at_once(8, act) if done]
    with database.read() as db:
        assert db.get(Case, case_id).state == (CaseState.ACCEPTED if outcome == "granted" else CaseState.CANCELLED)
        assert len(db.exec(select(Autonomy)).all()) == (outcome == "granted")


@pytest.mark.engines("sqlite", "postgresql")
def test_end_asked_eight_times_at_once_is_one_end(database, zoe) -> None:
    with database.write() as db:
        db.add(Autonomy(person_id=zoe.person_id, started_at=utc_now()))

    def end(_: int) -> bool:
        with database.write() as db:
            return end_autonomy(db, zoe, utc_now())

    assert sum(at_once(8, end)) == 1


def test_ending_what_is_not_changes_nothing(client, family) -> None:
    with client.services.database.write() as db:
        assert not end_autonomy(db, factories.viewer_of(db, family[2]), utc_now())


@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)), st.integers(0, 30 * 366))
def test_situation_follows_the_birthdays(born, days) -> None:
    day = born + timedelta(days=days)
    age = age_on(born, day)
    expected = Situation.ADULT if age >= 18 else Situation.MAY_ASK if age >= 16 else Situation.TOO_YOUNG
    assert situation_on(born, day) is expected


@pytest.mark.parametrize(
    ("born", "day", "situation"),
    [
        (date(2010, 11, 25), date(2026, 11, 24), Situation.TOO_YOUNG),
        (date(2010, 11, 25), date(2026, 11, 25), Situation.MAY_ASK),
        (date(2008, 2, 29), date(2026, 2, 28), Situation.MAY_ASK),
        (date(2008, 2, 29), date(2026, 3, 1), Situation.ADULT),
    ],
)
def test_to_the_day(born, day, situation) -> None:
    assert situation_on(born, day) is situation
