"""A death recorded at the desk (R-63, R-70, R-72): what it changes at once, what it leaves, and how it is undone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from PIL import Image
from sqlmodel import select

from portal.data.accounts import AccountClosing
from portal.data.coverage import Beneficiary, ContractKind, Relationship
from portal.data.death_recording import CLOSING_REASON, AlreadyRecorded, record_death
from portal.data.deaths import Death
from portal.data.desk_acts import close
from portal.data.files import StoredFile
from portal.data.outbox import OutgoingMail
from portal.data.representations import Declaration
from portal.data.rights import RightsStatus, rights_on
from portal.data.sessions import SignedSession
from portal.data.sign_up import UNKNOWN, examine
from portal.data.sign_up_claims import MemberClaim
from portal.data.work_items import Duty, Turn, WorkItem
from tests.support import factories
from tests.support.card_photos import encoded
from tests.support.deaths import DAY, FORM, SEEN, deaths, record, url_of
from tests.support.entry import ask, enter, send, try_password
from tests.support.evidence_rows import Evidence, done
from tests.support.html import text_of
from tests.support.mail import letters

NEXT = DAY + timedelta(days=1)
REASON = "Nous avions confondu deux personnes du même nom. Nous vous présentons nos excuses."


@pytest.fixture
def charged(make):
    """An agent charged with rights over data alone."""
    return make(factories.desk_account, duties=[Duty.PRIVACY])


@pytest.fixture
def colleague(make):
    return make(factories.desk_account, duties=[Duty.PRIVACY])


@pytest.fixture
def family(client, member):
    """The member's group contract covers a spouse, too."""
    with client.services.database.write() as db:
        person = db.get_one(factories.Person, member.person_id)
        under = factories.contract(db, person, kind=ContractKind.GROUP_MANDATORY)
        spouse = factories.person(db, "Ali", last_name=person.last_name)
        factories.cover(db, under, spouse, Relationship.SPOUSE)
        return {"person": person.id, "contract": under.id, "spouse": spouse.id}


@pytest.fixture
def form_url(client, member):
    return url_of(client.services, "person", member.person_id, "/deces")


def death_url(client, below: str = "") -> str:
    return url_of(client.services, "death", deaths(client.services)[-1].id, below)


def status(client, person_id: int, day: date) -> RightsStatus:
    with client.services.database.read() as db:
        return rights_on(db, person_id, day).status


def test_agent_records_a_death_and_rights_sessions_account_and_letters_end_at_once(
    client, charged, member, family, form_url
) -> None:
    """R-42, R-63: the rights answer, sessions, the way in, letters; the relatives' cover does not change."""
    evidence = Evidence(client)
    enter(client, member)
    enter(client, charged)
    client.get(form_url)
    client.submit(**FORM)
    shown = text_of(client.page.one("main")).replace("\u00a0", " ")
    assert "3 mai 2026" in shown
    assert "2 contrats à suivre, 1 courrier à poster" in shown
    assert "Nantes, 2026, n° 412" in shown
    assert [(status(client, family["person"], day), status(client, family["spouse"], day)) for day in (DAY, NEXT)] == [
        (RightsStatus.OPEN, RightsStatus.OPEN),
        (RightsStatus.CLOSED, RightsStatus.OPEN),
    ]
    assert [act.action for act in evidence.fresh()][-3:] == ["account.closed", "death.recorded", "death.read"]
    refused = try_password(client, member.identifier, factories.PASSWORD)
    assert CLOSING_REASON in refused.text
    with client.services.database.read() as db:
        assert all(row.ended_at for row in db.exec(select(SignedSession).where(SignedSession.account_id == member.id)))
    assert letters(client.services.database, client.services, to=member.email) == []


def test_what_is_written_to_somebody_dead_is_neither_kept_nor_sent(client, charged, member) -> None:
    services = client.services
    with services.database.write() as db:
        services.mail.post(db, "account-restored", member.email, account_id=member.id)
    record(services, charged, member.person_id, datetime.now(UTC))
    with services.database.write() as db:
        services.mail.post(db, "account-restored", member.email, account_id=member.id)
    with services.database.read() as db:
        rows = db.exec(select(OutgoingMail).where(OutgoingMail.account_id == member.id)).all()
        assert [(row.refused_at is None, row.content_encrypted, row.reason) for row in rows] == [
            (False, None, "its holder is dead")
        ]


def test_somebody_dead_cannot_sign_up_any_more(client, charged) -> None:
    """R-10: whoever knows both numbers is answered as for a stranger."""
    with client.services.database.write() as db:
        who = factories.person(db, "Lou")
        under = factories.contract(db, who)
        numbers = (under.member_number, under.number)
        claim = MemberClaim(who.last_name, who.first_name, who.birth_date, *numbers, Declaration())
    for expected in (False, True):
        with client.services.database.write() as db:
            assert (examine(db, claim, date(2026, 6, 1)) == UNKNOWN) is expected
        if not expected:
            record(client.services, charged, who.id, datetime.now(UTC))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"jour": ""}, "jour"),
        ({"jour": "2999-01-01"}, "jour"),
        ({"jour": "1890-01-01"}, "jour"),
        ({"jour": "31/02/2026"}, "jour"),
        ({"preuve": ""}, "preuve"),
        ({"preuve": "x"}, "preuve"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 81}, "reference"),
        ({"source": ""}, "source"),
        ({"source": "x" * 201}, "source"),
        ({"preuve": "acte-joint"}, "acte"),
    ],
)
def test_recording_without_a_day_a_proof_or_a_source_changes_nothing(client, charged, form_url, changed, field) -> None:
    enter(client, charged)
    answer = send(client, form_url, FORM | changed, form_at="/gestion")
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert deaths(client.services) == []


def test_hostile_words_are_shown_as_they_are(client, charged, form_url) -> None:
    enter(client, charged)
    send(client, form_url, FORM | {"source": "<script>alert(1)</script>"}, form_at="/gestion")
    assert "<script>alert(1)" not in ask(client, death_url(client)).text
    assert "&lt;script&gt;alert(1)" in ask(client, death_url(client)).text


def test_certificate_that_is_joined_is_kept_for_nobody_and_given_back_to_the_charged_alone(
    client, charged, make, form_url
) -> None:
    """It is nobody's file: no account's export holds it (R-70)."""
    enter(client, charged)
    sent = {"files": {"acte": ("acte.png", encoded(Image.new("RGB", (40, 30)), "PNG"), "image/png")}}
    fields = FORM | {"preuve": "acte-joint", "reference": ""}
    assert send(client, form_url, fields, form_at="/gestion", **sent).status_code == 303
    with client.services.database.read() as db:
        (file,) = db.exec(select(StoredFile)).all()
        assert file.account_id is None
    given = ask(client, death_url(client, "/acte"))
    assert given.status_code == 200
    assert given.headers["content-disposition"].startswith("attachment")
    enter(client, make(factories.desk_account, duties=[each for each in Duty if each is not Duty.PRIVACY]))
    assert ask(client, death_url(client, "/acte")).status_code == 404


def test_agent_without_the_duty_learns_of_the_death_and_nothing_else(client, charged, make, member, form_url) -> None:
    record(client.services, charged, member.person_id, datetime.now(UTC))
    enter(client, make(factories.desk_account, duties=[each for each in Duty if each is not Duty.PRIVACY]))
    sheet = ask(client, form_url.removesuffix("/deces"))
    assert "Décès le 3\u00a0mai\u00a02026" in sheet.text or "3 mai 2026" in sheet.text
    assert "/deces" not in sheet.text
    for path in (form_url, *(death_url(client, below) for below in ("", "/annulation", "/heritiers", "/acte"))):
        assert ask(client, path).status_code == 404, path
    for path in (form_url, death_url(client, "/annulation"), death_url(client, "/heritiers")):
        assert send(client, path, FORM, form_at="/gestion").status_code == 404, path
    assert len(deaths(client.services)) == 1


def test_members_employers_and_strangers_reach_nothing_of_it(client, charged, make, member, form_url) -> None:
    record(client.services, charged, member.person_id, datetime.now(UTC))
    for who in (make(factories.employer_account), make(factories.member_account, of_nobody(client))):
        enter(client, who)
        for path in (form_url, death_url(client), "/gestion/courriers"):
            assert ask(client, path).status_code == 403


def of_nobody(client):
    with client.services.database.write() as db:
        who = factories.person(db, "Ida")
        factories.contract(db, who)
        return who


def test_relative_of_the_person_neither_records_nor_reads_it(client, make, member, form_url) -> None:
    near = make(factories.desk_account, duties=[Duty.PRIVACY], email=member.email.upper())
    enter(client, near)
    assert ask(client, form_url).status_code == 404
    assert send(client, form_url, FORM, form_at="/gestion").status_code == 404
    assert deaths(client.services) == []


def test_two_agents_at_once_record_one_death(client, charged, colleague, member, family) -> None:
    services, now = client.services, datetime.now(UTC)
    with services.database.write() as db:
        viewers = [factories.viewer_of(db, who) for who in (charged, colleague)] * 2

    def once(viewer) -> bool:
        try:
            with services.database.write() as db:
                record_death(db, viewer, services.keyring, member.person_id, SEEN, now)
        except AlreadyRecorded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(once, viewers)) == [False, False, False, True]
    assert len(deaths(services)) == 1


def test_second_agent_who_records_it_is_led_to_the_first_one(client, charged, colleague, member, form_url) -> None:
    record(client.services, charged, member.person_id, datetime.now(UTC))
    enter(client, colleague)
    for answer in (ask(client, form_url), send(client, form_url, FORM, form_at="/gestion")):
        assert (answer.status_code, answer.headers["location"]) == (303, death_url(client))
    assert done(client, "death.recorded") == 0


def test_future_cover_of_somebody_dead_opens_no_right(client, charged, member) -> None:
    """R-42: a period that begins after the death has no day to end with, and opens nothing all the same."""
    with client.services.database.write() as db:
        person = db.get_one(factories.Person, member.person_id)
        factories.contract(db, person, starts_on=date(2026, 7, 1))
    record(client.services, charged, member.person_id, datetime.now(UTC))
    assert status(client, member.person_id, date(2026, 8, 1)) is RightsStatus.CLOSED


def test_cover_that_an_import_opens_again_gives_no_right_to_somebody_dead(client, charged, member) -> None:
    record(client.services, charged, member.person_id, datetime.now(UTC))
    with client.services.database.write() as db:
        for row in db.exec(select(Beneficiary).where(Beneficiary.person_id == member.person_id)):
            row.valid_to = None
    assert status(client, member.person_id, NEXT) is RightsStatus.CLOSED


def test_account_of_somebody_dead_is_reopened_by_undoing_the_death_alone(client, charged, supervisor, member) -> None:
    """R-63: the account's own sheet does not bring it back."""
    record(client.services, charged, member.person_id, datetime.now(UTC))
    (key,) = client.services.keyring.conceal("account", [member.id])
    path = f"/gestion/comptes/{key}/reouverture"
    enter(client, supervisor)
    assert ask(client, path).status_code == 404
    send(client, path, {"motif": REASON}, form_at="/gestion")
    with client.services.database.read() as db:
        assert db.get(AccountClosing, member.id) is not None


class TestUndoing:
    def test_death_recorded_by_mistake_is_undone_and_everything_is_back(self, client, charged, member) -> None:
        evidence = Evidence(client)
        with client.services.database.read() as db:
            before = {row.id: row.valid_to for row in db.exec(select(Beneficiary))}
        record(client.services, charged, member.person_id, datetime.now(UTC))
        enter(client, charged)
        client.get(death_url(client, "/annulation"))
        client.submit(motif=REASON)
        assert REASON in text_of(client.page.one("main"))
        with client.services.database.read() as db:
            assert {row.id: row.valid_to for row in db.exec(select(Beneficiary))} == before
            assert db.get(AccountClosing, member.id) is None
            assert db.exec(select(WorkItem)).one().turn == Turn.NOBODY
        assert status(client, member.person_id, NEXT) is RightsStatus.OPEN
        (letter,) = letters(client.services.database, client.services, to=member.email)
        assert (letter.name, REASON in letter.text) == ("account-reopened", True)
        acts = [act.action for act in evidence.fresh()]
        assert acts[-3:-1] == ["account.reopened", "death.undone"]
        enter(client, member)
        told = text_of(client.get("/compte/journal").one("main"))
        assert "L’enregistrement de votre décès a été annulé" in told

    def test_undoing_keeps_what_a_colleague_changed_since(self, client, charged, member, family) -> None:
        record(client.services, charged, member.person_id, datetime.now(UTC))
        with client.services.database.write() as db:
            row = db.exec(
                select(Beneficiary).where(Beneficiary.contract_id == family["contract"]).order_by(Beneficiary.id)
            ).first()
            row.valid_to = date(2026, 4, 30)
        enter(client, charged)
        send(client, death_url(client, "/annulation"), {"motif": REASON}, form_at="/gestion")
        with client.services.database.read() as db:
            row = db.exec(
                select(Beneficiary).where(Beneficiary.contract_id == family["contract"]).order_by(Beneficiary.id)
            ).first()
            assert row.valid_to == date(2026, 4, 30)

    def test_account_that_was_closed_before_stays_closed(self, client, charged, member) -> None:
        with client.services.database.write() as db:
            account = db.get_one(factories.Account, member.id)
            close(db, None, account, "Autre raison de fermer", datetime.now(UTC) - timedelta(days=1))
        record(client.services, charged, member.person_id, datetime.now(UTC))
        enter(client, charged)
        send(client, death_url(client, "/annulation"), {"motif": REASON}, form_at="/gestion")
        with client.services.database.read() as db:
            assert db.get_one(AccountClosing, member.id).reason == "Autre raison de fermer"

    @pytest.mark.parametrize("reason", ["", "trop court"[:9], "x" * 501])
    def test_undoing_without_a_reason_changes_nothing(self, client, charged, member, reason) -> None:
        record(client.services, charged, member.person_id, datetime.now(UTC))
        enter(client, charged)
        answer = send(client, death_url(client, "/annulation"), {"motif": reason}, form_at="/gestion")
        assert answer.status_code == 422
        assert 'href="#motif"' in answer.text
        assert deaths(client.services)[0].undone_at is None

    def test_undone_death_is_not_undone_again_and_may_be_recorded_anew(self, client, charged, member, form_url) -> None:
        record(client.services, charged, member.person_id, datetime.now(UTC))
        enter(client, charged)
        for _ in range(2):
            send(client, death_url(client, "/annulation"), {"motif": REASON}, form_at="/gestion")
        assert done(client, "death.undone") == 1
        assert ask(client, death_url(client, "/annulation")).status_code == 404
        assert ask(client, death_url(client, "/heritiers")).status_code == 404
        assert send(client, form_url, FORM, form_at="/gestion").status_code == 303
        assert [row.undone_at is None for row in deaths(client.services)] == [False, True]
        with client.services.database.read() as db:
            assert len(db.exec(select(Death)).all()) == 2
