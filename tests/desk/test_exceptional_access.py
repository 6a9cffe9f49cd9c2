"""Exceptional access (break-glass, R-72): a supervisor, a motive, half an hour, the person told, another's review."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlmodel import select

from portal.data import exceptional_access as data
from portal.data.exceptional_access import ExceptionalAccess, NotAllowed, Verdict
from portal.data.exceptional_reading import lines_of_person
from portal.data.parameters import Parameter
from portal.exceptional_jobs import end_expired_accesses
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence, done
from tests.support.html import text_of
from tests.support.mail import letters

MOTIVE = "Le médiateur attend une réponse aujourd’hui et le dossier ne dit pas quel soin est en cause."
OPENING = {"objet": "autorite", "motif": MOTIVE, "attestation": "1"}
REVIEW = {"avis": "justifie", "motif": "Le médiateur a bien écrit ce jour-là."}
CARE, RELATIVES = "Couronne céramique", "Psychothérapie"


@pytest.fixture
def colleague(make):
    return make(factories.desk_account, is_supervisor=True)


@pytest.fixture
def cared(client, member):
    """The member has a care line; so has a relative on the same contract."""
    with client.services.database.write() as db:
        person = db.get_one(factories.Person, member.person_id)
        under = factories.contract(db, person)
        spouse = factories.person(db, "Ali")
        factories.cover(db, under, spouse)
        factories.line(db, under, person, label=CARE)
        factories.line(db, under, spouse, label=RELATIVES)
    return person


@pytest.fixture
def record_url(client, cared):
    (key,) = client.services.keyring.conceal("person", [cared.id])
    return f"/gestion/personnes/{key}/acces-exceptionnel"


def open_record(client, record_url, **changed):
    return send(client, f"{record_url}/ouverture", OPENING | changed, form_at="/gestion")


def review_url(client) -> str:
    with client.services.database.read() as db:
        row = db.exec(select(ExceptionalAccess)).one()
    (key,) = client.services.keyring.conceal("exceptional-access", [row.id])
    return f"/gestion/acces-exceptionnels/{key}"


def test_supervisor_opens_a_record_reads_it_and_the_person_is_told_at_once(
    client, supervisor, member, cared, record_url
) -> None:
    evidence = Evidence(client)
    enter(client, supervisor)
    assert ask(client, record_url).headers["location"] == f"{record_url}/ouverture"
    client.get(f"{record_url}/ouverture")
    client.submit(**OPENING)
    shown = text_of(client.page.one("main")).replace("\u00a0", " ")
    assert "encore 30 minutes" in shown
    assert CARE in shown
    assert RELATIVES not in shown
    for part in ("demandes", "documents"):
        assert "Accès exceptionnel" in text_of(client.get(f"{record_url}?vue={part}").one("main"))
    acts = [(act.action, act.details.get("part")) for act in evidence.fresh()]
    acts.remove(("person.read", None))  # the form, noted whenever the journal brings it in
    assert acts == [
        ("exceptional-access.opened", None),
        *(("exceptional-access.read", part) for part in ("prestations", "demandes", "documents")),
    ]
    (letter,) = letters(client.services.database, client.services, to=member.email)
    assert letter.name == "exceptional-access"
    assert MOTIVE not in letter.text
    enter(client, member)
    told = text_of(client.get("/compte/journal").one("main"))
    assert "ouverts en accès exceptionnel par un gestionnaire de l’assureur\u00a0: demande d’une autorité" in told
    assert told.count("lues en accès exceptionnel") == 3


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"motif": "trop court"}, "motif"),
        ({"motif": "x" * 501}, "motif"),
        ({"objet": "x"}, "objet"),
        ({"attestation": ""}, "attestation"),
    ],
)
def test_opening_without_a_motive_or_an_attestation_opens_nothing(
    client, supervisor, record_url, changed, field
) -> None:
    enter(client, supervisor)
    answer = open_record(client, record_url, **changed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert ask(client, record_url).status_code == 303
    assert letters(client.services.database, client.services) == []


def test_agent_reaches_neither_the_record_nor_the_list(client, agent, record_url) -> None:
    enter(client, agent)
    for path in (record_url, f"{record_url}/ouverture", "/gestion/acces-exceptionnels"):
        assert ask(client, path).status_code == 403
    assert open_record(client, record_url).status_code == 403


def test_access_of_one_supervisor_opens_nothing_to_another(client, supervisor, colleague, record_url) -> None:
    enter(client, supervisor)
    assert open_record(client, record_url).status_code == 303
    enter(client, colleague)
    answer = ask(client, record_url)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{record_url}/ouverture")


def test_own_record_and_those_of_relatives_stay_shut(client, make, cared, member, record_url) -> None:
    """Staff who are insured here are known by their address."""
    evidence = Evidence(client)
    own = make(factories.desk_account, is_supervisor=True, email=member.email.upper())
    enter(client, own)
    assert ask(client, f"{record_url}/ouverture").status_code == 404
    assert open_record(client, record_url).status_code == 404
    with client.services.database.write() as db:
        relative = factories.person(db, "Ida")
        under = db.exec(select(factories.Contract).where(factories.Contract.member_id == cared.id)).first()
        factories.cover(db, under, relative)
        relative.email = "ida@exemple.example"
    related = make(factories.desk_account, is_supervisor=True, email="ida@exemple.example")
    enter(client, related)
    assert open_record(client, record_url).status_code == 404
    assert [act.action for act in evidence.fresh()] == ["exceptional-access.opened"] * 2
    with client.services.database.read() as db:
        assert db.exec(select(ExceptionalAccess)).all() == []


def test_access_ends_at_the_very_second_and_its_end_is_written(client, supervisor, cared, record_url) -> None:
    enter(client, supervisor)
    open_record(client, record_url)
    with client.services.database.write() as db:
        row = db.exec(select(ExceptionalAccess)).one()
        viewer = factories.viewer_of(db, supervisor)
        last = row.ends_at - timedelta(microseconds=1)
        assert data.current_access(db, viewer, cared.id, last) is not None
        assert len(lines_of_person(db, row, last).rows) == 1
        assert data.current_access(db, viewer, cared.id, row.ends_at) is None
        with pytest.raises(PermissionError):
            lines_of_person(db, row, row.ends_at)
    assert end_expired_accesses(client.services, row.ends_at - timedelta(seconds=1)) == 0
    assert end_expired_accesses(client.services, row.ends_at + timedelta(hours=1)) == 1
    assert end_expired_accesses(client.services, row.ends_at + timedelta(hours=1)) == 0
    assert done(client, "exceptional-access.ended") == 1
    with client.services.database.read() as db:
        assert db.exec(select(ExceptionalAccess)).one().ended_at == row.ends_at


def test_record_shuts_while_its_reader_is_still_signed_in(client, supervisor, record_url) -> None:
    now = datetime.now(UTC)
    enter(client, supervisor)
    open_record(client, record_url)
    with client.services.database.write() as db:
        row = db.exec(select(ExceptionalAccess)).one()
        row.ends_at = now + timedelta(minutes=2)
    with time_machine.travel(now + timedelta(minutes=3), tick=False):
        assert ask(client, record_url).headers["location"] == f"{record_url}/ouverture"


def test_supervisor_ends_the_access_and_reads_no_more(client, supervisor, record_url) -> None:
    enter(client, supervisor)
    open_record(client, record_url)
    for _ in range(2):
        assert send(client, record_url, form_at="/gestion").status_code == 303
    assert ask(client, record_url).headers["location"] == f"{record_url}/ouverture"
    assert done(client, "exceptional-access.ended") == 1


def test_asking_twice_at_once_opens_one_access_and_writes_one_letter(client, supervisor, cared) -> None:
    services, now = client.services, datetime.now(UTC)
    with services.database.write() as db:
        viewer = factories.viewer_of(db, supervisor)

    def once(_: int) -> bool:
        with services.database.write() as db:
            return data.open_access(db, viewer, services.keyring, cared.id, MOTIVE, now)[1]

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(once, range(4))) == [False, False, False, True]


@pytest.mark.parametrize(("minutes", "lasts"), [(10, 10), (1440, 30), (0, 30), (-5, 30)])
def test_period_follows_its_dated_parameter_and_is_never_longer(client, supervisor, cared, minutes, lasts) -> None:
    now = datetime.now(UTC)
    with client.services.database.write() as db:
        values = {"label": "Accès exceptionnel", "unit": "minutes", "valid_from": date(2020, 1, 1)}
        db.add(Parameter(code=data.PARAMETER, value=minutes, **values))
        db.flush()
        viewer = factories.viewer_of(db, supervisor)
        row, _ = data.open_access(db, viewer, client.services.keyring, cared.id, MOTIVE, now)
        assert row.ends_at == now + timedelta(minutes=lasts)


class TestReview:
    @pytest.fixture
    def over(self, client, supervisor, record_url) -> str:
        """An access that was read and ended; where it is reviewed."""
        enter(client, supervisor)
        open_record(client, record_url)
        ask(client, record_url)
        client.services.journal.flush()
        send(client, record_url, form_at="/gestion")
        return review_url(client)

    def test_another_supervisor_reads_the_motive_and_what_was_read_then_judges(self, client, colleague, over) -> None:
        enter(client, colleague)
        assert "À contrôler" in text_of(client.get("/gestion/acces-exceptionnels").one("main"))
        shown = text_of(client.get(over).one("main"))
        assert MOTIVE in shown
        assert "Prestations" in shown
        client.submit(**REVIEW)
        assert "Justifié" in text_of(client.page.one("main"))
        assert REVIEW["motif"] in text_of(client.page.one("main"))
        assert done(client, "exceptional-access.reviewed") == 1

    def test_nobody_reviews_their_own_access(self, client, supervisor, over) -> None:
        enter(client, supervisor)
        assert "un autre superviseur" in text_of(client.get(over).one("main"))
        assert send(client, over, REVIEW, form_at="/gestion").status_code == 404
        assert done(client, "exceptional-access.reviewed") == 0

    def test_first_review_stands_whoever_comes_second(self, client, colleague, make, over) -> None:
        enter(client, colleague)
        assert send(client, over, REVIEW, form_at="/gestion").status_code == 303
        enter(client, make(factories.desk_account, is_supervisor=True))
        assert send(client, over, REVIEW | {"avis": "injustifie"}, form_at="/gestion").status_code == 404
        with client.services.database.read() as db:
            assert db.exec(select(ExceptionalAccess)).one().verdict == Verdict.JUSTIFIED

    def test_access_under_way_is_not_reviewed(self, client, supervisor, colleague, record_url) -> None:
        enter(client, supervisor)
        open_record(client, record_url)
        enter(client, colleague)
        assert send(client, review_url(client), REVIEW, form_at="/gestion").status_code == 404

    @pytest.mark.parametrize(("field", "value"), [("avis", ""), ("avis", "x"), ("motif", "bon")])
    def test_review_that_says_nothing_is_refused(self, client, colleague, over, field, value) -> None:
        enter(client, colleague)
        answer = send(client, over, REVIEW | {field: value}, form_at="/gestion")
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text

    def test_relative_of_the_person_does_not_review_it(self, client, make, member, over) -> None:
        enter(client, make(factories.desk_account, is_supervisor=True, email=member.email))
        assert send(client, over, REVIEW, form_at="/gestion").status_code == 404

    def test_relative_of_the_person_reads_nothing_of_it(self, client, make, member, over) -> None:
        """The motive, which may tell of health, is no more theirs than the record is."""
        enter(client, make(factories.desk_account, is_supervisor=True, email=member.email.upper()))
        assert ask(client, over).status_code == 404
        assert "Aucun accès exceptionnel" in text_of(client.get("/gestion/acces-exceptionnels").one("main"))

    def test_who_reads_about_the_access_is_in_the_person_s_journal(self, client, colleague, member, over) -> None:
        enter(client, colleague)
        client.get("/gestion/acces-exceptionnels")
        client.get(over)
        client.services.journal.flush()
        enter(client, member)
        told = text_of(client.get("/compte/journal").one("main"))
        assert told.count("Un accès exceptionnel à vos données a été relu") == 2


def test_agent_at_the_data_layer_is_refused_too(client, agent, cared) -> None:
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, agent)
        with pytest.raises(NotAllowed):
            data.open_access(db, viewer, client.services.keyring, cared.id, MOTIVE, datetime.now(UTC))
        assert data.accesses(db, viewer, client.services.keyring, 10) == []
