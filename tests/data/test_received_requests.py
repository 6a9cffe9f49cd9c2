"""Requests on data that came by post, by e-mail or at the counter (R-70): the day that starts the clock, who learns of
them, the letters that answer them, and what is kept of who asked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from portal.data.accounts import AccountClosing
from portal.data.case_desk import refuse_piece
from portal.data.case_pieces import pieces_of
from portal.data.cases import Case, CaseState, WrongState
from portal.data.clock_notices import ClockStage
from portal.data.data_request_rows import DataField, Wanted
from portal.data.data_request_slots import IDENTITY_SLOT
from portal.data.data_right_desk import (
    IdentityOwed,
    accept_data_request,
    ask_identity,
    destroy_identity_proof,
    extend_delay,
    refuse_data_request,
)
from portal.data.data_right_rules import DataRight
from portal.data.data_rights import AlreadyAsked, NothingNew, requests_of, withdraw_request
from portal.data.desk_clocks import due_stages
from portal.data.letters_to_post import WrongDay, count_to_post, letter_to_post, letters_to_post, mark_posted
from portal.data.persons import Person
from portal.data.postal_letters import LetterKind, letters_of, text_of
from portal.data.received_requests import LETTER_SLOT, Asker, Channel, Sender, answers_on_paper, reception_of, sender_of
from portal.data.request_reception import (
    DayRefused,
    NotForThem,
    Reception,
    add_received_pieces,
    may_be_exported,
    receive_request,
)
from portal.data.work_items import Duty, WorkItem
from tests.support import factories
from tests.support.beneficiaries import new_file
from tests.support.data_requests import NOW, Office, at_desk, office

TODAY = date(2026, 11, 10)
MONTH_AGO = date(2026, 10, 12)
ACCESS = Wanted(DataRight.ACCESS, "Tout ce que vous avez sur moi, et qui l’a lu.")
SENDER = Sender("Anne Essai", "3 rue des Lilas\n99000 Villefictive")
DONE = "Voici la copie de vos données."


@pytest.fixture
def desk(db: Session, keyring: Any) -> Office:
    return office(db, keyring)


def without_account(db: Session, desk: Office, keyring: Any) -> int:
    """Somebody whom the insurer covers, and who has no account."""
    return factories.household(db, name=f"Sans{factories.next_number()}").member.id or 0


def came(person_id: int, **more: Any) -> Reception:
    usual = Reception(person_id, ACCESS, Channel.POST, Asker.PERSON, SENDER, MONTH_AGO)
    return replace(usual, **more)


def kinds(db: Session, case: Case) -> list[str]:
    return [letter.kind for letter in letters_of(db, case)]


def proven(db: Session, desk: Office, keyring: Any, reception: Reception) -> Case:
    """A request whose author was checked by what came with the letter."""
    case = receive_request(db, desk.agent, keyring, reception, NOW)
    add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), IDENTITY_SLOT, [new_file("carte.pdf")], NOW)
    destroy_identity_proof(db, desk.agent, at_desk(db, desk.agent, case), NOW)
    return at_desk(db, desk.agent, case)


# --- the day on which it came ---


def test_month_runs_from_the_day_the_letter_came_r70(db, keyring, desk) -> None:
    """GDPR 12(3): one month from receipt, whatever the day on which somebody opened the envelope."""
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    assert case.sent_at == datetime(2026, 10, 12, 10, tzinfo=UTC)
    assert case.due_at == datetime(2026, 11, 12, 22, 59, 59, tzinfo=UTC)
    item = db.exec(select(WorkItem).where(WorkItem.case_id == case.id)).one()
    assert (item.due_at, item.since) == (case.due_at, case.sent_at)


def test_letter_that_lay_in_a_tray_is_late_at_once_r70(db, keyring, desk) -> None:
    late = came(without_account(db, desk, keyring), received_on=TODAY - timedelta(days=40))
    case = receive_request(db, desk.agent, keyring, late, NOW)
    assert [(due.reference, due.stage) for due in due_stages(db, NOW)] == [(case.reference, ClockStage.LATE)]


@pytest.mark.parametrize("days", [-1, 367])
def test_day_ahead_or_of_another_year_is_refused_r70(db, keyring, desk, days) -> None:
    with pytest.raises(DayRefused):
        receive_request(
            db,
            desk.agent,
            keyring,
            came(without_account(db, desk, keyring), received_on=TODAY - timedelta(days=days)),
            NOW,
        )


@pytest.mark.parametrize("days", [0, 366])
def test_today_and_a_year_ago_are_taken_r70(db, keyring, desk, days) -> None:
    day = TODAY - timedelta(days=days)
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring), received_on=day), NOW)
    assert case.sent_at is not None
    assert case.sent_at <= NOW


def test_same_letter_written_down_twice_is_one_request_r70(db, keyring, desk) -> None:
    person = without_account(db, desk, keyring)
    first = receive_request(db, desk.agent, keyring, came(person), NOW)
    with pytest.raises(AlreadyAsked) as again:
        receive_request(db, desk.agent, keyring, came(person), NOW)
    assert again.value.case.id == first.id
    receive_request(db, desk.agent, keyring, came(person, received_on=TODAY), NOW)
    receive_request(db, desk.agent, keyring, came(person, channel=Channel.EMAIL), NOW)


# --- by whom ---


def test_agent_without_the_duty_writes_nothing_down_r72(db, keyring, desk) -> None:
    other = factories.viewer_of(db, factories.desk_account(db, keyring, duties=[Duty.CARE]))
    with pytest.raises(PermissionError):
        receive_request(db, other, keyring, came(without_account(db, desk, keyring)), NOW)


def test_agent_writes_down_no_request_of_a_relative_s_r72(db, keyring, desk) -> None:
    family = factories.household(db, spouse="Paul", name="Proche")
    agent = factories.desk_account(db, keyring)
    agent.person_id = family["Paul"].id
    db.flush()
    with pytest.raises(NotForThem):
        receive_request(db, factories.viewer_of(db, agent), keyring, came(family.member.id or 0), NOW)


# --- who learns of it ---


def test_holder_finds_in_the_account_what_was_sent_by_post_r70(db, keyring, desk) -> None:
    person = desk.account.person_id or 0
    case = receive_request(db, desk.agent, keyring, came(person, sender=Sender("Anne Essai", "")), NOW)
    assert [asked.case.id for asked in requests_of(db, desk.anne, keyring)] == [case.id]
    assert requests_of(db, desk.stranger, keyring) == []
    assert not answers_on_paper(db, case)
    assert kinds(db, case) == []


def test_closed_account_tells_nobody_hence_a_letter_does_r70(db, keyring, desk) -> None:
    db.add(AccountClosing(account_id=desk.account.id or 0, reason="Fermé", closed_at=NOW))
    db.flush()
    case = receive_request(db, desk.agent, keyring, came(desk.account.person_id or 0), NOW)
    assert case.account_id is None
    assert kinds(db, case) == [LetterKind.RECEIVED]


def test_account_closed_meanwhile_is_answered_by_letter_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(desk.account.person_id or 0), NOW)
    db.add(AccountClosing(account_id=desk.account.id or 0, reason="Fermé", closed_at=NOW))
    db.flush()
    refuse_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Nous n’avons plus rien.", NOW)
    assert kinds(db, case) == [LetterKind.DECIDED]


def test_guardian_is_answered_by_letter_and_the_holder_sees_the_request_r70(db, keyring, desk) -> None:
    guardian = Sender("Tom Tuteur", "1 rue du Tribunal")
    reception = came(desk.account.person_id or 0, asker=Asker.GUARDIAN, sender=guardian)
    case = receive_request(db, desk.agent, keyring, reception, NOW)
    assert answers_on_paper(db, case)
    assert [asked.case.id for asked in requests_of(db, desk.anne, keyring)] == [case.id]
    received = reception_of(db, case)
    assert received
    assert sender_of(keyring, received) == guardian
    with pytest.raises(WrongState):
        withdraw_request(db, desk.anne, case.id or 0, NOW)


def test_holder_takes_back_a_letter_of_one_s_own_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(desk.account.person_id or 0), NOW)
    add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), IDENTITY_SLOT, [new_file("carte.pdf")], NOW)
    assert len(withdraw_request(db, desk.anne, case.id or 0, NOW) or []) == 1
    assert case.state == CaseState.CANCELLED


# --- what came with it ---


def test_letter_is_kept_and_the_proof_of_identity_destroyed_once_checked_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    for slot in (LETTER_SLOT, IDENTITY_SLOT):
        add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), slot, [new_file(f"{slot}.pdf")], NOW)
    gone = destroy_identity_proof(db, desk.agent, at_desk(db, desk.agent, case), NOW)
    assert len(gone) == 1
    assert [piece.slot for piece in pieces_of(db, case)] == [LETTER_SLOT]


def test_identity_seen_at_the_counter_leaves_no_copy_r70(db, keyring, desk) -> None:
    at_counter = came(without_account(db, desk, keyring), channel=Channel.COUNTER, is_identity_seen=True)
    case = receive_request(db, desk.agent, keyring, at_counter, NOW)
    with pytest.raises(WrongState):
        ask_identity(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Un doute sérieux.", NOW)
    with pytest.raises(WrongState):
        add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), IDENTITY_SLOT, [new_file("c.pdf")], NOW)
    accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), DONE, NOW)


def test_identity_cannot_have_been_seen_in_an_envelope_r70(db, keyring, desk) -> None:
    by_post = came(without_account(db, desk, keyring), is_identity_seen=True)
    case = receive_request(db, desk.agent, keyring, by_post, NOW)
    with pytest.raises(IdentityOwed):
        accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), DONE, NOW)


@pytest.mark.parametrize("slot", ["", "inconnu", "justificatif"])
def test_place_that_the_request_has_not_takes_nothing_r70(db, keyring, desk, slot) -> None:
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    with pytest.raises(WrongState):
        add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), slot, [new_file("c.pdf")], NOW)


def test_proof_that_comes_by_post_wakes_the_request_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    ask_identity(db, desk.agent, keyring, at_desk(db, desk.agent, case), "La signature diffère.", NOW)
    assert case.state == CaseState.INCOMPLETE
    due_at = case.due_at
    add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), IDENTITY_SLOT, [new_file("c.pdf")], NOW)
    assert (case.state, case.due_at) == (CaseState.SENT, due_at)


def test_request_that_is_over_takes_no_piece_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    refuse_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Nous n’avons rien.", NOW)
    with pytest.raises(WrongState):
        add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), LETTER_SLOT, [new_file("c.pdf")], NOW)


# --- what is answered ---


def test_each_word_of_the_insurer_s_is_a_letter_to_post_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    extend_delay(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Trois services à réunir.", NOW)
    ask_identity(db, desk.agent, keyring, at_desk(db, desk.agent, case), "La signature diffère.", NOW)
    add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), IDENTITY_SLOT, [new_file("c.pdf")], NOW)
    (piece,) = pieces_of(db, case)
    refuse_piece(db, desk.agent, keyring, at_desk(db, desk.agent, case), piece.id, "Illisible.", NOW)
    add_received_pieces(db, desk.agent, at_desk(db, desk.agent, case), IDENTITY_SLOT, [new_file("d.pdf")], NOW)
    destroy_identity_proof(db, desk.agent, at_desk(db, desk.agent, case), NOW)
    accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), DONE, NOW)
    assert kinds(db, case) == [
        LetterKind.RECEIVED,
        LetterKind.EXTENDED,
        LetterKind.IDENTITY,
        LetterKind.PIECE,
        LetterKind.DECIDED,
    ]


def test_nothing_is_given_before_who_asks_was_checked_r70(db, keyring, desk) -> None:
    """Nobody signed in: R-70 asks for a proof of identity. Objecting harms nobody, and waits for none."""
    person = without_account(db, desk, keyring)
    case = receive_request(db, desk.agent, keyring, came(person), NOW)
    for partly in (False, True):
        with pytest.raises(IdentityOwed):
            accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), DONE, NOW, partly=partly)
    against = Wanted(DataRight.OBJECTION, "Plus aucune offre commerciale.")
    other = receive_request(db, desk.agent, keyring, came(person, wanted=against), NOW)
    accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, other), "C’est fait.", NOW)


def test_correction_by_post_changes_the_person_r70(db, keyring, desk) -> None:
    person = without_account(db, desk, keyring)
    wanted = Wanted(DataRight.RECTIFICATION, field=DataField.LAST_NAME, value="Exemple")
    case = proven(db, desk, keyring, came(person, wanted=wanted))
    accept_data_request(db, desk.agent, keyring, case, "", NOW)
    assert db.get_one(Person, person).last_name == "Exemple"


def test_correction_to_what_is_held_already_is_no_request_r70(db, keyring, desk) -> None:
    wanted = Wanted(DataRight.RECTIFICATION, field=DataField.FIRST_NAME, value="Anne")
    with pytest.raises(NothingNew):
        receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring), wanted=wanted), NOW)


def test_display_name_of_an_account_is_not_a_person_s_datum_r70(db, keyring, desk) -> None:
    wanted = Wanted(DataRight.RECTIFICATION, field=DataField.DISPLAY_NAME, value="Autre")
    with pytest.raises(WrongState):
        receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring), wanted=wanted), NOW)


def test_letter_leaves_once_on_a_day_that_can_be_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    (letter,) = letters_of(db, case)
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=1)):
        with pytest.raises(WrongDay):
            mark_posted(db, desk.agent, letter, day, NOW)
    assert count_to_post(db, desk.agent, keyring) == 1
    assert mark_posted(db, desk.agent, letter, TODAY, NOW)
    db.refresh(letter)
    assert not mark_posted(db, desk.agent, letter, TODAY, NOW)
    assert count_to_post(db, desk.agent, keyring) == 0
    assert letter_to_post(db, desk.agent, keyring, 987654) is None


def test_letter_says_what_it_said_whatever_follows_r70(db, keyring, desk) -> None:
    """Printed again after the delay was prolonged, an acknowledgement still gives the day that it gave."""
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    (letter,) = letters_of(db, case)
    before = text_of(keyring, letter)
    extend_delay(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Trois services à réunir.", NOW)
    assert text_of(keyring, letter) == before
    assert before.to == ("Anne Essai", "3 rue des Lilas", "99000 Villefictive")


def test_letter_about_a_relative_is_neither_listed_counted_nor_printed_r72(db, keyring, desk) -> None:
    person = without_account(db, desk, keyring)
    case = receive_request(db, desk.agent, keyring, came(person), NOW)
    (letter,) = letters_of(db, case)
    near = factories.desk_account(db, keyring)
    near.person_id = person
    db.flush()
    viewer = factories.viewer_of(db, near)
    assert letters_to_post(db, viewer, keyring) == []
    assert count_to_post(db, viewer, keyring) == 0
    assert letter_to_post(db, viewer, keyring, letter.id or 0) is None


def test_request_taken_back_leaves_no_letter_to_post_r70(db, keyring, desk) -> None:
    closing = AccountClosing(account_id=desk.account.id or 0, reason="Fermé", closed_at=NOW)
    case = receive_request(db, desk.agent, keyring, came(desk.account.person_id or 0), NOW)
    db.add(closing)
    db.flush()
    extend_delay(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Trois services à réunir.", NOW)
    assert count_to_post(db, desk.agent, keyring) == 1
    db.delete(closing)
    db.flush()
    withdraw_request(db, desk.anne, case.id or 0, NOW)
    assert count_to_post(db, desk.agent, keyring) == 0


def test_answer_that_nobody_posted_stays_listed_once_decided_r70(db, keyring, desk) -> None:
    case = receive_request(db, desk.agent, keyring, came(without_account(db, desk, keyring)), NOW)
    refuse_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Nous n’avons rien.", NOW)
    listed = letters_to_post(db, desk.agent, keyring)
    assert [each.letter.kind for each in listed] == [LetterKind.RECEIVED, LetterKind.DECIDED]
    other = factories.viewer_of(db, factories.desk_account(db, keyring, duties=[Duty.CARE]))
    assert letters_to_post(db, other, keyring) == []


def test_copy_is_offered_between_the_decision_and_the_post_r70(db, keyring, desk) -> None:
    case = proven(db, desk, keyring, came(without_account(db, desk, keyring)))
    assert not may_be_exported(db, case)
    accept_data_request(db, desk.agent, keyring, case, DONE, NOW)
    assert may_be_exported(db, case)
    decided = letters_of(db, case)[-1]
    assert mark_posted(db, desk.agent, decided, TODAY, NOW)
    db.refresh(decided)
    assert not may_be_exported(db, case)


@pytest.mark.parametrize("right", [DataRight.ERASURE, DataRight.OBJECTION])
def test_other_rights_let_no_copy_out_r70(db, keyring, desk, right) -> None:
    wanted = Wanted(right, "Ce que je vous demande ici.")
    case = proven(db, desk, keyring, came(without_account(db, desk, keyring), wanted=wanted))
    accept_data_request(db, desk.agent, keyring, case, DONE, NOW)
    assert not may_be_exported(db, case)
