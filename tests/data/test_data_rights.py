"""What is asked about one's data: sent once, followed by its author, decided by the desk (R-70)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from alembic import command
from sqlmodel import select

from portal.data.accounts import Account
from portal.data.case_desk import agent_at_work, refuse_piece
from portal.data.case_pieces import CasePiece, add_pieces, pieces_of, remove_all_pieces
from portal.data.cases import Case, CaseKind, CaseMoved, CaseState, WrongState, move_case, steps_of
from portal.data.data_request_rows import DataField, DataRequest, Wanted
from portal.data.data_request_slots import request_slots
from portal.data.data_right_desk import (
    REMEDIES,
    ExtendedAlready,
    NumberTaken,
    TooLate,
    accept_data_request,
    ask_identity,
    destroy_identity_proof,
    due_requests,
    extend_delay,
    refuse_data_request,
)
from portal.data.data_right_rules import DataRight
from portal.data.data_rights import (
    AlreadyAsked,
    NothingNew,
    ProofMissing,
    ask,
    fields_of,
    find_request,
    forget_request,
    held_value,
    requests_of,
    send_request,
    withdraw_request,
)
from portal.data.employees import Employee
from portal.data.files import StoredFile
from portal.data.persons import Person
from portal.formatting import day_in_france
from portal.schema import _config
from tests.support import factories, staff
from tests.support.beneficiaries import new_file
from tests.support.data_requests import ERASURE, NAME, NOW, REASON, Office, at_desk, office, sent
from tests.support.work import item_of

NIR, OTHER_NIR = "285057312345670", "185057312345622"
DAY = timedelta(days=1)


@pytest.fixture
def desk(db, keyring) -> Office:
    return office(db, keyring)


def reason_of(db, keyring, case: Case) -> str:
    said = [step.reason_encrypted for step in steps_of(db, case) if step.reason_encrypted]
    return keyring.decrypt(said[-1]) if said else ""


# --- asking ---


def test_person_asks_and_the_clock_runs_from_the_sending_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    asked = find_request(db, desk.anne, keyring, case.id)
    assert (asked.right, asked.text, case.state) == (DataRight.ERASURE, ERASURE.text, CaseState.SENT)
    assert day_in_france(case.due_at) == asked.clock.answer_by == date(2026, 12, 10)
    assert item_of(db, case).due_at == item_of(db, case).order_at == case.due_at
    assert ERASURE.text.encode() not in asked.row.details_encrypted


def test_request_of_somebody_else_does_not_exist_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    assert find_request(db, desk.stranger, keyring, case.id) is None
    assert withdraw_request(db, desk.stranger, case.id, NOW) is None
    assert send_request(db, desk.stranger, keyring, case.id, case.version, NOW) is None
    assert requests_of(db, desk.stranger, keyring) == []


def test_correction_is_a_draft_until_its_proof_is_there_r70(db, keyring, desk) -> None:
    case = ask(db, desk.anne, keyring, NAME, NOW)
    assert (case.state, case.due_at) == (CaseState.DRAFT, None)
    with pytest.raises(ProofMissing):
        send_request(db, desk.anne, keyring, case.id, case.version, NOW)
    add_pieces(db, desk.anne, case, "justificatif", [new_file("acte.pdf")], NOW)
    assert send_request(db, desk.anne, keyring, case.id, case.version, NOW).state == CaseState.SENT
    asked = find_request(db, desk.anne, keyring, case.id)
    assert (asked.former, asked.value) == ("Essai", "Exemple")


def test_what_is_so_already_is_not_corrected_r70(db, keyring, desk) -> None:
    with pytest.raises(NothingNew):
        ask(db, desk.anne, keyring, Wanted(DataRight.RECTIFICATION, field=DataField.LAST_NAME, value="Essai"), NOW)


def test_number_held_is_neither_shown_nor_kept_in_the_request_r70(db, keyring, desk) -> None:
    person = db.get_one(Person, desk.anne.person_id)
    person.nir_encrypted = keyring.encrypt(OTHER_NIR)
    case = ask(db, desk.anne, keyring, Wanted(DataRight.RECTIFICATION, field=DataField.NIR, value=NIR), NOW)
    asked = find_request(db, desk.anne, keyring, case.id)
    assert (asked.former, asked.value) == ("", NIR)
    assert held_value(db, desk.anne, keyring, DataField.NIR) == ""


def test_same_correction_is_asked_once_at_a_time_r70(db, keyring, desk) -> None:
    sent(db, keyring, desk.anne, NAME)
    with pytest.raises(AlreadyAsked):
        ask(db, desk.anne, keyring, NAME, NOW)
    first = sent(db, keyring, desk.anne)
    with pytest.raises(AlreadyAsked) as again:
        ask(db, desk.anne, keyring, ERASURE, NOW)
    assert again.value.case.id == first.id
    sent(db, keyring, desk.anne, Wanted(DataRight.ERASURE, "Effacez aussi autre chose."))


def test_draft_seen_before_it_changed_is_not_sent_r70(db, keyring, desk) -> None:
    case = ask(db, desk.anne, keyring, NAME, NOW)
    with pytest.raises(CaseMoved):
        send_request(db, desk.anne, keyring, case.id, case.version + 1, NOW)
    with pytest.raises(WrongState):
        withdraw_request(db, desk.anne, case.id, NOW)


def test_draft_is_forgotten_whole_and_a_sent_one_is_taken_back_r70(db, keyring, desk) -> None:
    draft = ask(db, desk.anne, keyring, NAME, NOW)
    remove_all_pieces(db, draft)
    forget_request(db, draft)
    assert db.exec(select(DataRequest)).all() == []
    case = sent(db, keyring, desk.anne)
    with pytest.raises(WrongState):
        forget_request(db, case)
    assert withdraw_request(db, desk.anne, case.id, NOW) == []
    assert case.state == CaseState.CANCELLED


def test_request_taken_back_keeps_no_proof_of_identity_r70(db, keyring, desk) -> None:
    """GDPR 12(6): what proved who asks goes with the request; a stranger takes nothing back."""
    case = sent(db, keyring, desk.anne)
    ask_identity(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Un doute.", NOW)
    file = new_file("identite.pdf")
    add_pieces(db, desk.anne, case, "identite", [file], NOW)
    assert withdraw_request(db, desk.stranger, case.id, NOW) is None
    assert len(db.exec(select(StoredFile)).all()) == 1
    assert withdraw_request(db, desk.anne, case.id, NOW) == [file.storage_name]
    assert db.exec(select(StoredFile)).all() == db.exec(select(CasePiece)).all() == []


def test_proofs_of_requests_taken_back_before_go_with_the_next_version_r70(database, keyring) -> None:
    """What proves a correction, and what an open request waits for, stays."""
    with database.write() as db:
        made = office(db, keyring)
        over, still = sent(db, keyring, made.anne, NAME), sent(db, keyring, made.anne)
        proofs = {case.id: new_file() for case in (over, still)}
        for case in (over, still):
            ask_identity(db, made.agent, keyring, at_desk(db, made.agent, case), "Un doute.", NOW)
            add_pieces(db, made.anne, case, "identite", [proofs[case.id]], NOW)
        move_case(db, over, CaseState.CANCELLED, NOW, by=None)
        before = {file.storage_name for file in db.exec(select(StoredFile))}
        gone = proofs[over.id].storage_name
    for revision, move in (("0058", command.downgrade), ("head", command.upgrade)):
        with database.write() as db:
            config = _config()
            config.attributes["connection"] = db.connection()
            move(config, revision)
    assert gone in before
    with database.read() as db:
        assert {file.storage_name for file in db.exec(select(StoredFile))} == before - {gone}
        assert len(db.exec(select(CasePiece)).all()) == 2


def test_users_of_organisations_have_their_name_alone_corrected_r70(db, keyring) -> None:
    viewer = factories.viewer_of(db, factories.employer_account(db, keyring, display_name="Ada"))
    assert fields_of(viewer) == (DataField.DISPLAY_NAME,)
    made = office(db, keyring)
    wanted = Wanted(DataRight.RECTIFICATION, field=DataField.DISPLAY_NAME, value="Ada Exemple")
    case = sent(db, keyring, viewer, wanted)
    accept_data_request(db, made.agent, keyring, at_desk(db, made.agent, case), "", NOW)
    assert db.get_one(Account, viewer.account_id).display_name == "Ada Exemple"


@pytest.mark.engines("postgresql")
def test_of_two_same_requests_at_once_one_is_kept_r70(database, keyring) -> None:
    with database.write() as db:
        anne = office(db, keyring).anne

    def send(_: int) -> bool:
        try:
            with database.write() as db:
                ask(db, anne, keyring, ERASURE, NOW)
        except AlreadyAsked:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == [False, False, False, True]


# --- the desk ---


def test_accepted_correction_shows_everywhere_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne, NAME)
    accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "", NOW)
    assert db.get_one(Person, desk.anne.person_id).last_name == "Exemple"
    assert db.get_one(Account, desk.anne.account_id).display_name == "Anne Exemple"
    assert find_request(db, desk.anne, keyring, case.id).row.applied_at == NOW
    assert desk.said.news == [case.reference]


def test_accepted_birth_date_and_number_change_the_person_r70(db, keyring, desk) -> None:
    for field, value in ((DataField.BIRTH_DATE, "1985-05-01"), (DataField.NIR, NIR)):
        case = sent(db, keyring, desk.anne, Wanted(DataRight.RECTIFICATION, field=field, value=value))
        accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "", NOW)
    person = db.get_one(Person, desk.anne.person_id)
    assert (person.birth_date, keyring.decrypt(person.nir_encrypted)) == (date(1985, 5, 1), NIR)
    assert person.nir_lookup == keyring.lookup(NIR)


def test_accepted_name_is_the_employer_s_too_and_found_by_search_r70(db, keyring, desk) -> None:
    firm = staff.company(db)
    contract = staff.group_contract(db, firm)
    declared = {"last_name": "Essai", "first_name": "Anne", "birth_date": factories.ADULT_BIRTH}
    employee = Employee(
        company_id=firm.id, group_contract_id=contract.id, person_id=desk.anne.person_id, hired_on=NOW.date(),
        search="anne essai", **declared,
    )  # fmt: skip
    db.add(employee)
    db.flush()
    case = sent(db, keyring, desk.anne, NAME)
    accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "", NOW)
    assert (employee.last_name, employee.version) == ("Exemple", 2)
    assert "exemple" in employee.search


def test_number_of_another_person_is_not_given_twice_r70(db, keyring, desk) -> None:
    other = db.get_one(Person, desk.stranger.person_id)
    other.nir_encrypted, other.nir_lookup = keyring.encrypt(NIR), keyring.lookup(NIR)
    case = sent(db, keyring, desk.anne, Wanted(DataRight.RECTIFICATION, field=DataField.NIR, value=NIR))
    with pytest.raises(NumberTaken):
        accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "", NOW)


def test_refusal_says_why_and_names_cnil_and_courts_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    with pytest.raises(WrongState):
        refuse_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "  ", NOW)
    refuse_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "La loi nous oblige à la garder.", NOW)
    said = reason_of(db, keyring, case)
    assert said.startswith("La loi nous oblige")
    assert "CNIL" in REMEDIES
    assert "tribunal" in said
    with pytest.raises(WrongState):
        accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Fait.", NOW)


def test_acceptance_says_what_was_done_and_a_part_names_the_remedies_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    with pytest.raises(WrongState):
        accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "", NOW)
    accept_data_request(
        db, desk.agent, keyring, at_desk(db, desk.agent, case), "L’adresse est effacée.", NOW, partly=True
    )
    assert case.state == CaseState.PARTLY
    assert REMEDIES in reason_of(db, keyring, case)
    name = sent(db, keyring, desk.anne, NAME)
    with pytest.raises(WrongState):
        accept_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, name), "x", NOW, partly=True)


def test_desk_takes_two_more_months_once_and_in_time_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    with pytest.raises(WrongState):
        extend_delay(db, desk.agent, keyring, at_desk(db, desk.agent, case), " ", NOW)
    extend_delay(db, desk.agent, keyring, at_desk(db, desk.agent, case), REASON, NOW + 20 * DAY)
    asked = find_request(db, desk.anne, keyring, case.id)
    assert (asked.extension, asked.clock.answer_by) == (REASON, date(2027, 2, 10))
    assert day_in_france(case.due_at) == date(2027, 2, 10)
    assert item_of(db, case).due_at == item_of(db, case).order_at == case.due_at
    assert desk.said.news == [case.reference]
    with pytest.raises(ExtendedAlready):
        extend_delay(db, desk.agent, keyring, at_desk(db, desk.agent, case), REASON, NOW + 21 * DAY)


def test_extension_after_the_first_month_is_too_late_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    with pytest.raises(TooLate):
        extend_delay(db, desk.agent, keyring, at_desk(db, desk.agent, case), REASON, NOW + 31 * DAY)


def test_clock_goes_on_while_something_is_asked_again_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne, NAME)
    piece = pieces_of(db, case)[0]
    refuse_piece(db, desk.agent, keyring, at_desk(db, desk.agent, case), piece.id, "Illisible.", NOW + DAY)
    due = case.due_at
    add_pieces(db, desk.anne, case, "justificatif", [new_file("net.pdf")], NOW + 2 * DAY)
    send_request(db, desk.anne, keyring, case.id, case.version, NOW + 2 * DAY)
    assert (case.state, case.due_at) == (CaseState.SENT, due)


def test_identity_is_asked_on_doubt_then_destroyed_once_checked_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    assert list(request_slots(db, case)) == []
    ask_identity(db, desk.agent, keyring, at_desk(db, desk.agent, case), "La demande vient d’un autre pays.", NOW)
    with pytest.raises(ProofMissing):
        send_request(db, desk.anne, keyring, case.id, case.version, NOW)
    file = new_file("identite.pdf")
    add_pieces(db, desk.anne, case, "identite", [file], NOW)
    send_request(db, desk.anne, keyring, case.id, case.version, NOW)
    gone = destroy_identity_proof(db, desk.agent, at_desk(db, desk.agent, case), NOW + DAY)
    assert gone == [file.storage_name]
    row = db.get_one(DataRequest, case.id)
    assert (row.identity_checked_at, row.identity_checked_by) == (NOW + DAY, desk.agent.account_id)
    assert db.exec(select(CasePiece)).all() == []
    assert db.exec(select(StoredFile)).all() == []
    assert list(request_slots(db, case)) == []
    with pytest.raises(WrongState):
        destroy_identity_proof(db, desk.agent, at_desk(db, desk.agent, case), NOW + DAY)
    with pytest.raises(WrongState):
        ask_identity(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Encore.", NOW)


def test_decision_destroys_an_identity_proof_that_nobody_checked_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    ask_identity(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Un doute.", NOW)
    file = new_file("identite.pdf")
    add_pieces(db, desk.anne, case, "identite", [file], NOW)
    assert refuse_data_request(db, desk.agent, keyring, at_desk(db, desk.agent, case), "Non.", NOW) == [
        file.storage_name
    ]
    assert db.exec(select(StoredFile)).all() == []


def test_nobody_but_the_desk_decides_or_lists_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    with pytest.raises(PermissionError):
        agent_at_work(desk.anne, desk.said)
    with pytest.raises(PermissionError):
        accept_data_request(db, desk.anne, keyring, case, "Fait.", NOW)
    with pytest.raises(PermissionError):
        destroy_identity_proof(db, desk.anne, case, NOW)
    with pytest.raises(PermissionError):
        due_requests(db, desk.anne, NOW.date())


def test_acts_on_another_kind_of_case_are_refused_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    case.kind = CaseKind.MESSAGE
    with pytest.raises(WrongState):
        refuse_data_request(db, desk.agent, keyring, case, "Non.", NOW)


def test_desk_is_reminded_a_week_before_and_when_it_is_late_r70(db, keyring, desk) -> None:
    case = sent(db, keyring, desk.anne)
    over = sent(db, keyring, desk.anne, Wanted(DataRight.ACCESS, "Mes appels enregistrés."))
    move_case(db, over, CaseState.CANCELLED, NOW, by=desk.anne.account_id)
    assert due_requests(db, desk.agent, date(2026, 12, 2)) == []
    due = due_requests(db, desk.agent, date(2026, 12, 3))
    assert [(one.reference, one.days_left, one.right) for one in due] == [(case.reference, 7, DataRight.ERASURE)]
    assert due_requests(db, desk.agent, date(2026, 12, 12))[0].days_left == -2
