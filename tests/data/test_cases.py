"""Cases: whose they are, where they may go, and what two people doing things at once cannot break (R-23, R-26)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data import case_desk
from portal.data.case_erasure import delete_draft
from portal.data.case_messages import CaseMessage, add_message, mark_read, messages_of, unread_counts
from portal.data.case_pieces import (
    MOST_PIECES,
    CasePiece,
    TooManyPieces,
    add_pieces,
    pieces_of,
    refused_slots,
    remove_all_pieces,
    remove_piece,
)
from portal.data.case_slots import Slot, filled, missing
from portal.data.cases import (
    ENDS,
    MOST_DRAFTS,
    MOVES,
    Case,
    CaseKind,
    CaseMoved,
    CaseState,
    CaseStep,
    TooManyDrafts,
    WrongState,
    address_of,
    cases_of,
    find_case,
    lock_case,
    move_case,
    open_anonymous_case,
    open_case,
    steps_of,
)
from portal.data.files import NewFile, StoredFile
from tests.support import factories

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
KIND = CaseKind.AUTONOMY


def file(size: int = 1000) -> NewFile:
    return NewFile("piece.pdf", "application/pdf", size, 1, "0" * 64, f"nom-{factories.next_number()}")


@pytest.fixture
def people(db, keyring):
    _, anne = factories.member_with_account(db, keyring)
    _, paul = factories.member_with_account(db, keyring, name="Autre")
    agent = factories.desk_account(db, keyring)
    return {name: factories.viewer_of(db, one) for name, one in (("anne", anne), ("paul", paul), ("agent", agent))}


@pytest.fixture
def anne(people):
    return people["anne"]


def sent(db, viewer, kind: CaseKind = KIND) -> Case:
    case = open_case(db, viewer, kind, NOW)
    move_case(db, case, CaseState.SENT, NOW, by=viewer.account_id)
    return case


def test_case_is_its_account_s_alone(db, people) -> None:
    case = open_case(db, people["anne"], KIND, NOW)
    assert find_case(db, people["anne"], case.id, KIND) is case
    assert find_case(db, people["anne"], case.id, CaseKind.COMPLAINT) is None
    for stranger in (people["paul"], people["agent"]):
        assert find_case(db, stranger, case.id, KIND) is None
        assert lock_case(db, stranger, case.id, None, KIND) is None
        assert cases_of(db, stranger, KIND) == []


def test_references_are_short_readable_and_never_twice(db, anne) -> None:
    references = {open_case(db, anne, KIND, NOW).reference for _ in range(MOST_DRAFTS)}
    assert len(references) == MOST_DRAFTS
    for reference in references:
        assert len(reference) == 11
        assert not set(reference[2:]) & set("01ILOU")


def test_drafts_have_a_limit_that_sending_frees(db, anne) -> None:
    cases = [open_case(db, anne, KIND, NOW) for _ in range(MOST_DRAFTS)]
    with pytest.raises(TooManyDrafts):
        open_case(db, anne, KIND, NOW)
    move_case(db, cases[0], CaseState.SENT, NOW, by=anne.account_id)
    assert open_case(db, anne, KIND, NOW).is_draft


@pytest.mark.parametrize("before", CaseState)
def test_every_move_is_allowed_or_refused_as_the_table_says(db, anne, before) -> None:
    case = open_case(db, anne, KIND, NOW)
    for after in CaseState:
        case.state = before
        if after in MOVES[before]:
            move_case(db, case, after, NOW, by=None)
            assert [step.state for step in steps_of(db, case)][-1] == case.state == after
        else:
            with pytest.raises(WrongState):
                move_case(db, case, after, NOW, by=None)
            assert case.state == before


def test_nothing_leaves_an_end() -> None:
    assert all(not MOVES[end] for end in ENDS)
    assert set(MOVES) == set(CaseState)


def test_who_saw_an_older_version_is_told(db, anne) -> None:
    case = open_case(db, anne, KIND, NOW)
    seen = case.version
    move_case(db, case, CaseState.SENT, NOW, by=anne.account_id)
    with pytest.raises(CaseMoved) as moved:
        lock_case(db, anne, case.id, seen, KIND)
    assert moved.value.case.version == case.version
    assert lock_case(db, anne, case.id, case.version, KIND) is case
    assert lock_case(db, anne, case.id, None, KIND) is case


def test_what_waits_for_the_person_comes_first(db, anne) -> None:
    draft, waiting, incomplete = open_case(db, anne, KIND, NOW), sent(db, anne), sent(db, anne)
    move_case(db, incomplete, CaseState.INCOMPLETE, NOW, by=None)
    assert cases_of(db, anne, KIND) == [incomplete, draft, waiting]


def test_draft_given_up_leaves_no_trace_and_a_sent_one_stays(db, anne) -> None:
    draft, kept = open_case(db, anne, KIND, NOW), sent(db, anne)
    add_pieces(db, anne, draft, "facture", [file()], NOW)
    assert len(remove_all_pieces(db, draft)) == 1
    delete_draft(db, draft)
    for refused in (delete_draft, remove_all_pieces):
        with pytest.raises(WrongState):
            refused(db, kept)
    assert db.exec(select(Case)).all() == [kept]
    assert {step.case_id for step in db.exec(select(CaseStep))} == {kept.id}
    assert db.exec(select(StoredFile)).all() == []


def test_case_without_an_account_is_nobody_s(db, people) -> None:
    case = open_anonymous_case(db, CaseKind.COMPLAINT, "adherent", NOW)
    assert address_of(db, case) == ""
    assert find_case(db, people["anne"], case.id, CaseKind.COMPLAINT) is None


class TestPieces:
    def test_limits_count_every_slot(self, db, anne) -> None:
        case = open_case(db, anne, KIND, NOW)
        add_pieces(db, anne, case, "facture", [file() for _ in range(3)], NOW)
        with pytest.raises(TooManyPieces):
            add_pieces(db, anne, case, "autre", [file() for _ in range(3)], NOW)
        add_pieces(db, anne, case, "autre", [file(), file()], NOW)
        assert len(pieces_of(db, case)) == MOST_PIECES
        with pytest.raises(TooManyPieces):
            add_pieces(db, anne, case, "autre", [file()], NOW)

    def test_conversation_takes_pieces_until_its_end_and_gives_none_back(self, db, anne) -> None:
        case = sent(db, anne, CaseKind.MESSAGE)
        add_pieces(db, anne, case, "pieces", [file()], NOW + timedelta(hours=1))
        with pytest.raises(WrongState):
            remove_piece(db, case, pieces_of(db, case)[0].id, NOW)
        move_case(db, case, CaseState.ACCEPTED, NOW, by=None)
        with pytest.raises(WrongState):
            add_pieces(db, anne, case, "pieces", [file()], NOW)

    def test_bytes_have_a_limit_too(self, db, anne) -> None:
        case = open_case(db, anne, KIND, NOW)
        add_pieces(db, anne, case, "a", [file(9_000_000), file(9_000_000)], NOW)
        with pytest.raises(TooManyPieces):
            add_pieces(db, anne, case, "a", [file(9_000_000)], NOW)
        add_pieces(db, anne, case, "a", [file(7_000_000)], NOW)

    def test_files_added_while_a_form_is_open_leave_the_form_good(self, db, anne) -> None:
        case = open_case(db, anne, KIND, NOW)
        seen = case.version
        add_pieces(db, anne, case, "a", [file()], NOW)
        assert lock_case(db, anne, case.id, seen, KIND) is case

    def test_sent_pieces_stay_and_a_refused_one_alone_is_replaced(self, db, people, keyring) -> None:
        anne, agent = people["anne"], people["agent"]
        case = open_case(db, anne, KIND, NOW)
        add_pieces(db, anne, case, "facture", [file()], NOW)
        add_pieces(db, anne, case, "ordonnance", [file()], NOW)
        move_case(db, case, CaseState.SENT, NOW, by=anne.account_id)
        bill, prescription = pieces_of(db, case)
        with pytest.raises(WrongState):
            remove_piece(db, case, bill.id, NOW)
        with pytest.raises(WrongState):
            add_pieces(db, anne, case, "x", [file()], NOW)
        case_desk.refuse_piece(db, agent, keyring, case, bill.id, "Illisible.", NOW)
        assert case.state == CaseState.INCOMPLETE
        refused = pieces_of(db, case)[0]
        assert keyring.decrypt(refused.refusal) == "Illisible."
        assert refused_slots(pieces_of(db, case)) == {"facture"}
        with pytest.raises(WrongState):
            remove_piece(db, case, prescription.id, NOW)
        gone = add_pieces(db, anne, case, "facture", [file()], NOW + timedelta(hours=1))
        assert gone == [bill.storage_name]
        assert refused_slots(pieces_of(db, case)) == set()

    def test_what_went_with_a_later_sending_stays_too(self, db, people, keyring) -> None:
        """R-23: what the insurer received is no longer its author's to take out, whichever sending brought it."""
        anne, agent = people["anne"], people["agent"]
        case = open_case(db, anne, CaseKind.CLAIM, NOW)
        add_pieces(db, anne, case, "facture", [file()], NOW)
        add_pieces(db, anne, case, "ordonnance", [file()], NOW)
        move_case(db, case, CaseState.SENT, NOW, by=anne.account_id)
        bill, prescription = pieces_of(db, case)
        case_desk.refuse_piece(db, agent, keyring, case, bill.id, "Illisible.", NOW)
        add_pieces(db, anne, case, "facture", [file()], NOW + timedelta(hours=1))
        move_case(db, case, CaseState.SENT, NOW + timedelta(hours=2), by=anne.account_id)
        case_desk.refuse_piece(db, agent, keyring, case, prescription.id, "Trop ancienne.", NOW + timedelta(hours=3))
        replaced = next(piece for piece in pieces_of(db, case) if piece.slot == "facture")
        with pytest.raises(WrongState):
            remove_piece(db, case, replaced.id, NOW + timedelta(hours=4))
        assert remove_piece(db, case, prescription.id, NOW + timedelta(hours=4)) == prescription.storage_name

    def test_what_came_to_a_conversation_stays_when_another_piece_is_refused(self, db, people, keyring) -> None:
        case = sent(db, people["anne"], CaseKind.COMPLAINT)
        add_pieces(db, people["anne"], case, "pieces", [file(), file()], NOW + timedelta(hours=1))
        first, second = pieces_of(db, case)
        case_desk.refuse_piece(db, people["agent"], keyring, case, first.id, "Illisible.", NOW + timedelta(hours=2))
        with pytest.raises(WrongState):
            remove_piece(db, case, second.id, NOW + timedelta(hours=3))
        assert remove_piece(db, case, first.id, NOW + timedelta(hours=3)) == first.storage_name

    def test_missing_slots_are_those_required_not_held_and_empty_or_refused(self, db, people, keyring) -> None:
        anne, agent = people["anne"], people["agent"]
        case = open_case(db, anne, KIND, NOW)
        slots = [Slot("a", "A"), Slot("b", "B", is_required=False), Slot("c", "C", is_held=True), Slot("d", "D")]
        add_pieces(db, anne, case, "d", [file()], NOW)
        assert [slot.code for slot in missing(filled(slots, pieces_of(db, case)))] == ["a"]
        move_case(db, case, CaseState.SENT, NOW, by=None)
        case_desk.refuse_piece(db, agent, keyring, case, pieces_of(db, case)[0].id, "Non.", NOW)
        assert [slot.code for slot in missing(filled(slots, pieces_of(db, case)))] == ["a", "d"]

    def test_twenty_uploads_at_once_keep_the_limit(self, database, keyring) -> None:
        """Issue: twenty uploads at once. No lost update, and never a sixth file."""
        with database.write() as db:
            _, account = factories.member_with_account(db, keyring)
            viewer = factories.viewer_of(db, account)
            case_id = open_case(db, viewer, KIND, NOW).id

        def upload(_: int) -> bool:
            with database.write() as db:
                case = lock_case(db, viewer, case_id, None, KIND)
                try:
                    add_pieces(db, viewer, case, "facture", [file()], NOW)
                except TooManyPieces:
                    return False
            return True

        with ThreadPoolExecutor(20) as threads:
            taken = list(threads.map(upload, range(20)))
        assert sum(taken) == MOST_PIECES
        with database.read() as db:
            assert len(db.exec(select(CasePiece)).all()) == MOST_PIECES
            assert len(db.exec(select(StoredFile)).all()) == MOST_PIECES

    def test_draft_sent_from_two_tabs_is_sent_once(self, database, keyring) -> None:
        with database.write() as db:
            _, account = factories.member_with_account(db, keyring)
            viewer = factories.viewer_of(db, account)
            case = open_case(db, viewer, KIND, NOW)
            case_id, version = case.id, case.version

        def send(_: int) -> bool:
            try:
                with database.write() as db:
                    move_case(db, lock_case(db, viewer, case_id, version, KIND), CaseState.SENT, NOW, by=None)
            except CaseMoved:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(send, range(8))) == 1


class TestDesk:
    def test_only_the_desk_reaches_a_case_and_no_draft(self, db, people) -> None:
        case = sent(db, people["anne"])
        for outsider in ("anne", "paul"):
            with pytest.raises(PermissionError):
                case_desk.lock_for_desk(db, people[outsider], case.id, case.version)
        assert case_desk.lock_for_desk(db, people["agent"], case.id, case.version) is case
        with pytest.raises(CaseMoved):
            case_desk.lock_for_desk(db, people["agent"], case.id, case.version - 1)
        draft = open_case(db, people["anne"], KIND, NOW)
        assert case_desk.lock_for_desk(db, people["agent"], draft.id, draft.version) is None

    def test_decision_says_why_and_ends_the_case(self, db, people, keyring) -> None:
        case = sent(db, people["anne"])
        case_desk.move_by_desk(db, people["agent"], keyring, case, CaseState.REFUSED, "Hors contrat.", NOW)
        last = steps_of(db, case)[-1]
        assert keyring.decrypt(last.reason_encrypted) == "Hors contrat."
        assert (last.by, case.decided_at) == (people["agent"].account_id, NOW)
        with pytest.raises(WrongState):
            case_desk.answer(db, people["agent"], keyring, case, "Trop tard", NOW)

    def test_piece_of_another_case_is_not_refused(self, db, people, keyring) -> None:
        case, other = sent(db, people["anne"]), open_case(db, people["paul"], KIND, NOW)
        add_pieces(db, people["paul"], other, "a", [file()], NOW)
        piece = pieces_of(db, other)[0]
        with pytest.raises(WrongState):
            case_desk.refuse_piece(db, people["agent"], keyring, case, piece.id, "Non.", NOW)


class TestConversation:
    def test_each_side_reads_what_the_other_wrote(self, db, people, keyring) -> None:
        anne, agent = people["anne"], people["agent"]
        case = sent(db, anne, CaseKind.CLAIM)
        add_message(db, anne, keyring, case, "Bonjour", NOW)
        case_desk.answer(db, agent, keyring, case, "Voici", NOW)
        case_desk.answer(db, agent, keyring, case, "Et voilà", NOW)
        assert [(one.is_from_insurer, one.text) for one in messages_of(db, keyring, case)] == [
            (False, "Bonjour"),
            (True, "Voici"),
            (True, "Et voilà"),
        ]
        assert unread_counts(db, anne, CaseKind.CLAIM) == {case.id: 2}
        assert unread_counts(db, people["paul"], CaseKind.CLAIM) == {}
        mark_read(db, case, NOW, by_insurer=False)
        assert unread_counts(db, anne, CaseKind.CLAIM) == {}
        assert messages_of(db, keyring, case)[0].read_at is None
        mark_read(db, case, NOW, by_insurer=True)
        assert messages_of(db, keyring, case)[0].read_at == NOW

    def test_no_text_lies_in_the_clear(self, db, people, keyring) -> None:
        case = sent(db, people["anne"])
        add_message(db, people["anne"], keyring, case, "canari", NOW)
        assert b"canari" not in db.exec(select(CaseMessage)).one().text_encrypted
