"""Whose turn it is: no conversation stays with its author once the author has answered (R-26, R-61, R-80)."""

from datetime import timedelta

import pytest

from portal.complaint_words import state_of
from portal.data.case_desk import answer, lock_for_desk, move_by_desk, refuse_piece
from portal.data.case_pieces import add_pieces, pieces_of
from portal.data.cases import CaseKind, CaseMoved, CaseState, WrongState, move_case, open_case
from portal.data.complaints import (
    acknowledge,
    add_to_complaint,
    send_complaint,
    start_complaint,
    told_of,
)
from portal.data.messages import reply
from portal.data.open_complaints import add_files_by_link, add_words_by_link
from tests.support import factories, work
from tests.support.beneficiaries import new_file
from tests.support.conversations import NOW, SAID, anonymous, correction, thread

LATER = NOW + timedelta(days=5)


@pytest.fixture
def anne(db, keyring):
    return factories.viewer_of(db, factories.member_with_account(db, keyring)[1])


@pytest.fixture
def agent(db, keyring):
    return factories.viewer_of(db, factories.desk_account(db, keyring))


def complaint(db, keyring, viewer):
    case, _ = start_complaint(db, viewer, keyring, SAID, NOW)
    return send_complaint(db, viewer, case.id, case.version, NOW)


def join(db, viewer, case) -> None:
    add_pieces(db, viewer, case, "pieces", [new_file()], LATER)


WORDS = {
    complaint: lambda db, keyring, viewer, case: add_to_complaint(db, viewer, keyring, case.id, "Voici.", LATER),
    anonymous: lambda db, keyring, _viewer, case: add_words_by_link(db, keyring, case.id, "Voici.", LATER),
    thread: lambda db, keyring, viewer, case: reply(db, viewer, keyring, case.id, "Voici.", 0, LATER),
}
FILES = {
    complaint: join,
    thread: join,
    correction: join,
    anonymous: lambda db, _viewer, case: add_files_by_link(db, case.id, [new_file()], LATER),
}


def named(value) -> str:
    return getattr(value, "__name__", "")


@pytest.mark.parametrize("begun", WORDS, ids=named)
def test_author_who_answers_gives_the_case_back_to_the_insurer(db, keyring, anne, agent, begun) -> None:
    case = begun(db, keyring, anne)
    answer(db, agent, keyring, case, "Quel jour\u00a0?", NOW)
    assert case.state == CaseState.ANSWERED
    WORDS[begun](db, keyring, anne, case)
    assert (case.state, case.sent_at) == (CaseState.SENT, NOW)


@pytest.mark.parametrize("begun", WORDS, ids=named)
def test_author_without_the_document_answers_in_words(db, keyring, anne, agent, begun) -> None:
    case = begun(db, keyring, anne)
    refused(db, keyring, agent, case)
    WORDS[begun](db, keyring, anne, case)
    assert (case.state, case.sent_at) == (CaseState.SENT, NOW)


@pytest.mark.parametrize("begun", FILES, ids=named)
def test_author_who_joins_another_file_gives_the_case_back(db, keyring, anne, agent, begun) -> None:
    """No page of these kinds has a form that sends the case again."""
    case = begun(db, keyring, anne)
    refused(db, keyring, agent, case)
    FILES[begun](db, anne, case)
    assert (case.state, case.sent_at) == (CaseState.SENT, NOW)
    assert [piece.is_refused for piece in pieces_of(db, case)] == [False]


def refused(db, keyring, agent, case) -> None:
    add_pieces(db, None, case, "pieces", [new_file()], NOW)
    refuse_piece(db, agent, keyring, case, pieces_of(db, case)[0].id, "Illisible.", NOW)
    assert case.state == CaseState.INCOMPLETE


@pytest.mark.parametrize("kind", [CaseKind.AUTONOMY, CaseKind.CORRECTION])
def test_nobody_is_asked_in_words_who_has_no_way_to_answer(db, keyring, anne, agent, kind) -> None:
    case = open_case(db, anne, kind, NOW)
    move_case(db, case, CaseState.SENT, NOW, by=anne.account_id)
    with pytest.raises(WrongState):
        answer(db, agent, keyring, case, "Quel jour\u00a0?", NOW)
    with pytest.raises(WrongState):
        move_by_desk(db, agent, keyring, case, CaseState.ANSWERED, "", NOW)
    assert case.state == CaseState.SENT


def test_complaint_that_goes_back_and_forth_keeps_its_legal_clock(db, keyring, anne, agent) -> None:
    """ACPR 2022-R-01: the days run from the first sending; an acknowledgment counts once, and stays in sight."""
    case = complaint(db, keyring, anne)
    clock = told_of(db, keyring, case).clock
    answer(db, agent, keyring, case, "Quel jour\u00a0?", NOW)
    acknowledge(db, agent, keyring, case, "Bien reçue.", NOW)
    assert case.state == CaseState.ANSWERED
    add_to_complaint(db, anne, keyring, case.id, "Le 3.", LATER)
    told = told_of(db, keyring, case)
    assert (told.clock, told.acknowledged_at, told.case.state) == (clock, NOW, CaseState.SENT)
    assert state_of(told)[0] == "Reçue, à l’étude"
    with pytest.raises(WrongState):
        acknowledge(db, agent, keyring, case, "Encore.", LATER)


def test_words_added_while_the_insurer_studies_leave_the_state(db, keyring, anne, agent) -> None:
    case = complaint(db, keyring, anne)
    acknowledge(db, agent, keyring, case, "Bien reçue.", NOW)
    add_to_complaint(db, anne, keyring, case.id, "J’ajoute ceci.", LATER)
    join(db, anne, case)
    assert case.state == CaseState.IN_REVIEW


@pytest.mark.parametrize("begun", [complaint, thread, correction], ids=named)
def test_file_added_while_the_insurer_studies_wakes_the_request_and_stops_an_answer(
    db, keyring, anne, agent, begun
) -> None:
    """R-26: nobody answers what they have not read."""
    case = begun(db, keyring, anne)
    item, seen = work.item_of(db, case), case.version
    item.snoozed_until = LATER + timedelta(days=9)
    db.flush()
    FILES[begun](db, anne, case)
    assert work.item_of(db, case).snoozed_until is None
    with pytest.raises(CaseMoved):
        lock_for_desk(db, agent, case.id, seen)


def test_files_of_a_draft_leave_the_form_beside_them_good_to_send(db, keyring, anne) -> None:
    case, _ = start_complaint(db, anne, keyring, SAID, NOW)
    seen = case.version
    join(db, anne, case)
    assert send_complaint(db, anne, case.id, seen, LATER).state == CaseState.SENT
