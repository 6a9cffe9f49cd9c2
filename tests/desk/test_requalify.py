"""A message that is really a complaint becomes one, with the clock of its own day (R-26, R-80; ACPR 2022-R-01)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.data.case_messages import CaseMessage, messages_of
from portal.data.cases import Case, CaseState
from portal.data.complaints import Complaint, complaints_of
from portal.data.messages import Topic, begin_thread, reply
from portal.data.requalifying import Requalification
from portal.data.work_items import Duty, WorkItem
from portal.formatting import day_in_france
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

WRITTEN = datetime.now(UTC) - timedelta(days=20)
QUESTION = "Où est ma carte\u00a0?"
WORDS = "Trois semaines sans réponse\u00a0: c’est inadmissible."


@pytest.fixture
def thread(client, member) -> int:
    """A member's thread: a question, then what is really a complaint, twenty days ago."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, member)
        case = begin_thread(db, viewer, keyring, Topic.OTHER, "Ma carte", QUESTION, WRITTEN - timedelta(days=9))
        reply(db, viewer, keyring, case.id or 0, WORDS, 0, WRITTEN)
        return case.id or 0


def path_of(client, case_id: int) -> str:
    with client.services.database.read() as db:
        item = db.exec(select(WorkItem).where(WorkItem.case_id == case_id)).one()
    return f"/gestion/dossiers/{client.services.keyring.conceal('work', [item.id])[0]}/requalification"


def message_named(client, case_id: int, text: str) -> str:
    keyring = client.services.keyring
    with client.services.database.read() as db:
        found = next(each for each in messages_of(db, keyring, db.get_one(Case, case_id)) if each.text == text)
    return keyring.conceal("message", [found.id])[0]


def sent(client, thread: int, **fields: str) -> int:
    chosen = {"message": message_named(client, thread, WORDS), "sujet": "delai"} | fields
    return send(client, path_of(client, thread), chosen, form_at="/gestion").status_code


def complaints(client) -> list[tuple[Case, Complaint]]:
    with client.services.database.read() as db:
        query = select(Case, Complaint).join(Complaint, Complaint.case_id == Case.id)
        return list(db.exec(query))


def test_agent_turns_a_message_into_a_complaint_of_its_own_day(client, agent, member, thread) -> None:
    enter(client, agent)
    client.get(path_of(client, thread))
    client.submit(message=message_named(client, thread, WORDS), sujet="delai")
    assert client.path.endswith("/reclamation")
    ((case, row),) = complaints(client)
    assert (case.sent_at, case.account_id, case.state) == (WRITTEN, member.id, CaseState.SENT)
    assert row.acknowledged_at is not None
    with client.services.database.write() as db:
        (told,) = complaints_of(db, factories.viewer_of(db, member), client.services.keyring)
        assert told.said.text == WORDS
        assert told.clock.sent_on == day_in_france(WRITTEN)
        assert day_in_france(case.due_at) == told.clock.answer_by


def test_author_is_written_to_and_finds_the_way_from_the_conversation(client, agent, member, thread) -> None:
    enter(client, agent)
    assert sent(client, thread) == 303
    ((case, _),) = complaints(client)
    (letter,) = letters(client.services.database, client.services, to=member.email)
    assert (letter.name, case.reference in letter.text) == ("complaint-from-message", True)
    assert WORDS not in letter.text
    with client.services.database.read() as db:
        closed = db.get_one(Case, thread)
        said = messages_of(db, client.services.keyring, closed)
    assert closed.state == CaseState.CLOSED
    assert case.reference in said[-1].text
    enter(client, member)
    opaque = client.services.keyring.conceal("case", [case.id])[0]
    assert WORDS in text_of(client.get(f"/adherent/reclamations/{opaque}").one("main"))


def test_act_is_in_the_record_and_in_the_person_s_journal(client, agent, member, thread) -> None:
    enter(client, agent)
    evidence = Evidence(client)
    sent(client, thread)
    ((case, _),) = complaints(client)
    assert ("case.requalified", case.object) in [(act.action, act.object) for act in evidence.fresh()]


def test_message_becomes_a_complaint_once_whatever_is_sent_again(client, agent, thread) -> None:
    enter(client, agent)
    assert [sent(client, thread), sent(client, thread)] == [303, 422]
    assert len(complaints(client)) == 1
    assert "déjà une réclamation" in text_of(client.get(path_of(client, thread)).one("main"))


def test_closed_conversation_still_becomes_one_and_stays_closed(client, agent, thread) -> None:
    with client.services.database.write() as db:
        case = db.get_one(Case, thread)
        case.state = CaseState.CLOSED
        db.add(case)
    enter(client, agent)
    assert sent(client, thread) == 303
    assert len(letters(client.services.database, client.services)) == 1


@pytest.mark.parametrize(
    "fields", [{"message": ""}, {"message": "x"}, {"sujet": ""}, {"sujet": "<script>"}, {"message": "", "sujet": ""}]
)
def test_form_without_a_message_or_a_subject_is_shown_again(client, agent, thread, fields) -> None:
    enter(client, agent)
    assert sent(client, thread, **fields) == 422
    assert complaints(client) == []


def test_message_of_another_thread_is_not_taken(client, agent, member, thread) -> None:
    keyring = client.services.keyring
    with client.services.database.write() as db:
        other = begin_thread(db, factories.viewer_of(db, member), keyring, Topic.OTHER, "Autre", "Autre chose", WRITTEN)
        name = keyring.conceal("message", [messages_of(db, keyring, other)[0].id])[0]
    enter(client, agent)
    assert sent(client, thread, message=name) == 422
    assert complaints(client) == []


def test_agent_charged_with_something_else_finds_no_such_conversation(client, make, thread) -> None:
    """R-72."""
    enter(client, make(factories.desk_account, duties=(Duty.CARE, Duty.COMPLAINTS)))
    assert ask(client, path_of(client, thread)).status_code == 404
    assert sent(client, thread) == 404
    assert complaints(client) == []


def test_agent_charged_with_messages_alone_comes_back_to_the_conversation(client, make, thread) -> None:
    """R-72: the complaint is a colleague's to read; where the agent is led is a page of their own."""
    enter(client, make(factories.desk_account, duties=(Duty.MESSAGES,)))
    client.get(path_of(client, thread))
    client.submit(message=message_named(client, thread, WORDS), sujet="delai")
    assert client.status == 200
    assert len(complaints(client)) == 1
    client.get(path_of(client, thread))
    (reference,) = (case.reference for case, _ in complaints(client))
    assert reference in text_of(client.page.one("main"))
    assert client.page.css('main a[href$="/reclamation"]') == []


def test_complaint_of_a_practice_is_followed_by_the_link_of_its_letter(client, agent, make) -> None:
    """Its space has no complaints: the letter's link leads to it, as for anybody without an account."""
    account = make(
        factories.provider_account, provider_id=make(lambda db, _: factories.provider(db)).id, email="o@p.example"
    )
    keyring = client.services.keyring
    with client.services.database.write() as db:
        case = begin_thread(db, factories.viewer_of(db, account), keyring, Topic.OTHER, "Retard", WORDS, WRITTEN)
    enter(client, agent)
    assert sent(client, case.id) == 303
    ((made, _),) = complaints(client)
    assert made.account_id is None
    (letter,) = letters(client.services.database, client.services, to="o@p.example")
    assert any("/reclamation/suivi?jeton=" in link for link in letter.links)
    with client.services.database.read() as db:
        assert db.get(Requalification, made.id).thread_id == case.id
        assert db.exec(select(CaseMessage.account_id).where(CaseMessage.case_id == case.id)).first() == account.id


# --- the clock of a complaint at the desk ---


@pytest.fixture
def clock_path(client, member, agent, thread):
    enter(client, agent)
    sent(client, thread)
    ((case, _),) = complaints(client)
    return path_of(client, case.id).replace("requalification", "reclamation")


def row(client) -> Complaint:
    return complaints(client)[0][1]


def test_agent_tells_why_the_answer_is_late_once_and_the_letter_does_not(client, member, clock_path) -> None:
    why = "Nous attendons le relevé de votre caisse, demandé le 3."
    client.get(clock_path)
    client.submit("form[action$=retard]", raison=why)
    assert client.path == clock_path
    assert row(client).delayed_at is not None
    delayed = [each for each in letters(client.services.database, client.services) if each.name == "complaint-delayed"]
    assert [(each.to, why in each.text, "médiateur" in each.text) for each in delayed] == [(member.email, False, True)]
    assert send(client, f"{clock_path}/retard", {"raison": why}, form_at="/gestion").status_code == 422


@pytest.mark.parametrize("why", ["", "  court  ", "x" * 5001])
def test_delay_without_a_reason_to_read_is_not_announced(client, clock_path, why) -> None:
    assert send(client, f"{clock_path}/retard", {"raison": why}, form_at="/gestion").status_code == 422
    assert row(client).delayed_at is None


def test_mediator_is_noted_between_the_complaint_and_today_alone(client, clock_path) -> None:
    today = day_in_france(datetime.now(UTC))
    outside = (today + timedelta(days=1), day_in_france(WRITTEN) - timedelta(days=1), "2026-02-30", "", "x")
    for day in outside:
        assert send(client, f"{clock_path}/mediateur", {"jour": str(day)}, form_at="/gestion").status_code == 422
    assert row(client).mediator_on is None
    client.get(clock_path)
    client.submit("form[action$=mediateur]", jour=str(today))
    assert row(client).mediator_on == today


def test_agent_without_the_duty_of_complaints_finds_no_clock(client, make, clock_path) -> None:
    enter(client, make(factories.desk_account, duties=(Duty.MESSAGES,)))
    assert ask(client, clock_path).status_code == 404
    fields = {"raison": "Nous attendons un relevé.", "jour": "2026-01-01"}
    for end in ("retard", "mediateur"):
        assert send(client, f"{clock_path}/{end}", fields, form_at="/gestion").status_code == 404


# --- whoever may not, and whoever is not alone ---


@pytest.fixture
def relative(client, member, make):
    """An agent whose account names no person: the address of somebody in the member's household tells."""
    with client.services.database.write() as db:
        spouse = factories.person(db, "Paul")
        spouse.email = "paul@famille.example"
        contract = db.exec(select(factories.Contract).where(factories.Contract.member_id == member.person_id)).one()
        factories.cover(db, contract, spouse)
    return make(factories.desk_account, email="paul@famille.example")


def test_relative_at_the_desk_finds_neither_the_message_nor_the_complaint(client, relative, thread, clock_path) -> None:
    """R-72"""
    enter(client, relative)
    assert [ask(client, path).status_code for path in (path_of(client, thread), clock_path)] == [404, 404]
    assert sent(client, thread) == 404
    fields = {"raison": "Nous attendons un relevé.", "jour": str(day_in_france(datetime.now(UTC)))}
    for end in ("retard", "mediateur"):
        assert send(client, f"{clock_path}/{end}", fields, form_at="/gestion").status_code == 404
    assert (row(client).delayed_at, row(client).mediator_on) == (None, None)


def test_agent_says_to_know_that_a_colleague_has_it_before_either_act(client, agent, make, thread, clock_path) -> None:
    holder = make(factories.desk_account, display_name="Paul Grand")
    with client.services.database.write() as db:
        for item in db.exec(select(WorkItem)):
            item.assignee_id = holder.id
            db.add(item)
    enter(client, agent)
    why = {"raison": "Nous attendons le relevé de votre caisse."}
    refused = send(client, f"{clock_path}/retard", why, form_at="/gestion")
    assert (refused.status_code, "Paul Grand s’occupe de ce dossier." in refused.text) == (422, True)
    assert row(client).delayed_at is None
    assert send(client, f"{clock_path}/retard", why | {"collegue": "oui"}, form_at="/gestion").status_code == 303
    assert row(client).delayed_at is not None


def test_agent_says_to_know_before_a_colleague_s_message_becomes_a_complaint(client, agent, make, thread) -> None:
    holder = make(factories.desk_account, display_name="Paul Grand")
    with client.services.database.write() as db:
        item = db.exec(select(WorkItem).where(WorkItem.case_id == thread)).one()
        item.assignee_id = holder.id
        db.add(item)
    enter(client, agent)
    assert sent(client, thread) == 422
    assert complaints(client) == []
    assert sent(client, thread, collegue="oui") == 303


def test_record_of_an_act_names_its_author_and_not_who_holds_the_contract(client, agent, member, thread) -> None:
    with client.services.database.write() as db:
        holder = factories.person(db, "Paul")
        db.get_one(Case, thread).member_id = holder.id
    enter(client, agent)
    assert ask(client, path_of(client, thread)).status_code == 200
    assert sent(client, thread) == 303
    client.services.journal.flush()
    with client.services.database.read() as db:
        query = text("SELECT acting_for FROM evidence WHERE action = :action")
        assert [row.acting_for for row in db.execute(query, {"action": "case.requalified"})] == [member.person_id]
        named = {row[0] for row in db.execute(text("SELECT DISTINCT acting_for FROM evidence"))}
        assert holder.id not in named
