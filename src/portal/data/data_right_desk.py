"""What the desk does about a request on somebody's data: asks who it comes from, takes longer, accepts, refuses (R-70).

The caller of each act has locked the case by `case_desk.lock_for_desk`. An act that destroys files returns the storage
names whose contents the caller removes once this is committed (`attachments.discard`); should it die before, the job
that looks for orphans removes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from portal.data.accounts import Account, Space
from portal.data.case_desk import Agent, move_by_desk, owe_letter
from portal.data.case_pieces import pieces_of
from portal.data.cases import ENDS, Case, CaseState, WrongState, touch
from portal.data.data_request_rows import DataField, DataRequest
from portal.data.data_request_slots import IDENTITY_SLOT, destroy_proofs
from portal.data.data_right_rules import DataRight, clock_of
from portal.data.data_rights import KIND, read_request
from portal.data.employees import Employee, search_text
from portal.data.persons import Person
from portal.data.postal_letters import LetterKind
from portal.data.received_requests import reception_of
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring

REMIND_BEFORE = timedelta(days=7)
# What harms nobody, whoever asked for it.
WITHOUT_PROOF = frozenset({DataRight.OBJECTION, DataRight.CONSENT})
# What a refusal must say (GDPR 12(4)): both stand open, at once and at no cost of ours.
REMEDIES = (
    "Si cette réponse ne vous convient pas, vous pouvez adresser une plainte à la CNIL (cnil.fr, ou 3 place de "
    "Fontenoy, TSA 80715, 75334 Paris Cedex 07) et former un recours devant le tribunal judiciaire."
)


@dataclass(frozen=True, slots=True)
class Due:
    """A request whose answer is owed soon, or late already. `days_left`: negative once it is late."""

    case_id: int
    reference: str
    right: DataRight
    answer_by: date
    days_left: int
    is_extended: bool


class TooLate(Exception):
    """An extension is told within the first month, or not at all."""


class ExtendedAlready(Exception):
    """A delay is extended once."""


class WordsOwed(WrongState):
    """Whoever asked must read what was done, or why not."""


class IdentityOwed(Exception):
    """Nobody signed in to ask: who wrote is checked before anything is given or changed."""


class NumberTaken(Exception):
    """Another person has the number that is asked for."""


def due_requests(db: Session, agent: Viewer, today: date, within: timedelta = REMIND_BEFORE) -> list[Due]:
    """The open requests whose answer is owed within so many days, those that are late first. Raises `PermissionError`
    for anybody but the desk."""
    _desk_only(agent)
    still = (Case.kind == KIND, col(Case.due_at).is_not(None), col(Case.state).not_in(ENDS))
    query = select(Case, DataRequest).join(DataRequest, col(DataRequest.case_id) == Case.id).where(*still)
    found = [_due(case, row, today) for case, row in db.exec(query.order_by(col(Case.due_at), col(Case.id)))]
    return [each for each in found if each.days_left <= within.days]


def extend_delay(db: Session, agent: Agent, keyring: Keyring, case: Case, reason: str, now: datetime) -> None:
    """Takes two further months for a complex request, and tells its author, whose page gives the reason.

    Raises `TooLate` once the first month is over, `ExtendedAlready`, `WrongState`: also without a reason.
    """
    row = _open_row(db, case)
    if not reason.strip() or case.sent_at is None:
        raise WrongState
    if row.extended_at is not None:
        raise ExtendedAlready
    if day_in_france(now) > clock_of(case.sent_at).extend_by:
        raise TooLate
    row.extended_at, row.extended_by, row.extension_encrypted = now, agent.account_id, keyring.encrypt(reason)
    case.due_at = clock_of(case.sent_at, is_extended=True).due_at
    db.add(row)
    touch(db, case, now)
    owe_letter(db, agent, case, LetterKind.EXTENDED, reason, now)
    agent.letters.tell_of_news(db, case)


def ask_identity(db: Session, agent: Viewer, keyring: Keyring, case: Case, reason: str, now: datetime) -> None:
    """Asks for a proof of identity, on a doubt whose reason its author reads. Raises `WrongState`: also without a
    reason, or when it was checked already."""
    row = _open_row(db, case)
    if not reason.strip() or _knows_who_asks(row):
        raise WrongState
    row.identity_asked_at = now
    db.add(row)
    move_by_desk(db, agent, keyring, case, CaseState.INCOMPLETE, reason, now)
    owe_letter(db, agent, case, LetterKind.IDENTITY, reason, now)


def destroy_identity_proof(db: Session, agent: Viewer, case: Case, now: datetime) -> list[str]:
    """Says that who asks was checked, today and by whom, and destroys what proved it; the storage names. Raises
    `WrongState` when no proof is there."""
    _desk_only(agent)
    row = _row(db, case)
    gone = destroy_proofs(db, case)
    if not gone:
        raise WrongState
    row.identity_checked_at, row.identity_checked_by = now, agent.account_id
    db.add(row)
    touch(db, case, now)
    return gone


def accept_data_request(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, words: str, now: datetime, *, partly: bool = False
) -> list[str]:
    """Does what is asked, whole or in part; `words` say what was done. A correction changes the data, everywhere, and
    needs no words. The storage names of identity proofs that the decision destroys.

    Raises `WordsOwed`, `WrongState`: also for a part of a correction; `NumberTaken`; `IdentityOwed`.
    """
    row = _open_row(db, case)
    if reception_of(db, case) is not None and row.right not in WITHOUT_PROOF and row.identity_checked_at is None:
        raise IdentityOwed
    is_correction = row.right == DataRight.RECTIFICATION
    if partly and is_correction:
        raise WrongState
    if not (words.strip() or is_correction):
        raise WordsOwed
    if is_correction:
        _correct(db, keyring, case, row, now)
    said = f"{words}\n\n{REMEDIES}" if partly else words
    return _decide(db, agent, keyring, case, CaseState.PARTLY if partly else CaseState.ACCEPTED, said, now)


def refuse_data_request(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, reason: str, now: datetime
) -> list[str]:
    """Refuses a request; its author reads the reason and the remedies (GDPR 12(4)). The storage names as above. Raises
    `WrongState`, also without a reason."""
    _open_row(db, case)
    if not reason.strip():
        raise WrongState
    return _decide(db, agent, keyring, case, CaseState.REFUSED, f"{reason}\n\n{REMEDIES}", now)


def holds_identity_proof(db: Session, case: Case) -> bool:
    """Whether a proof of identity is there, to be checked and destroyed. The caller has found the case."""
    return not case.is_over and any(piece.slot == IDENTITY_SLOT for piece in pieces_of(db, case))


def may_be_extended(db: Session, case: Case) -> bool:
    """Whether the delay of an open request was not extended yet. The caller has found the case."""
    return not case.is_over and db.get_one(DataRequest, case.id).extended_at is None


def may_ask_identity(db: Session, case: Case) -> bool:
    """Whether the author of an open request was not asked yet to prove who asks. The caller has found the case."""
    return not case.is_over and not _knows_who_asks(db.get_one(DataRequest, case.id))


def field_asked(db: Session, case: Case) -> str:
    """Which datum a request would correct; empty for the other rights. The caller has found the case."""
    return db.get_one(DataRequest, case.id).field


def _decide(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, state: CaseState, said: str, now: datetime
) -> list[str]:
    move_by_desk(db, agent, keyring, case, state, said, now)
    owe_letter(db, agent, case, LetterKind.DECIDED, said, now)
    return destroy_proofs(db, case)


def _knows_who_asks(row: DataRequest) -> bool:
    """Whether the proof of identity was asked for, or seen."""
    return row.identity_asked_at is not None or row.identity_checked_at is not None


def _row(db: Session, case: Case) -> DataRequest:
    if case.kind != KIND:
        raise WrongState
    return db.get_one(DataRequest, case.id, populate_existing=True)


def _open_row(db: Session, case: Case) -> DataRequest:
    if case.is_over or case.is_draft:
        raise WrongState
    return _row(db, case)


def _desk_only(agent: Viewer) -> None:
    if agent.space != Space.DESK:
        raise PermissionError


def _due(case: Case, row: DataRequest, today: date) -> Due:
    answer_by = day_in_france(case.due_at) if case.due_at else today
    left = (answer_by - today).days
    is_extended = row.extended_at is not None
    return Due(case.id or 0, case.reference, DataRight(row.right), answer_by, left, is_extended)


def _correct(db: Session, keyring: Keyring, case: Case, row: DataRequest, now: datetime) -> None:
    asked = read_request(db, keyring, case)
    field = DataField(row.field)
    if field is DataField.DISPLAY_NAME:
        _rename_account(db, case, asked.value)
    else:
        _correct_person(db, keyring, db.get_one(Person, case.person_id, with_for_update=True), field, asked.value)
    row.applied_at = now
    db.add(row)
    db.flush()


def _rename_account(db: Session, case: Case, name: str) -> None:
    account = db.get_one(Account, case.account_id, with_for_update=True)
    account.display_name = name
    db.add(account)


def _correct_person(db: Session, keyring: Keyring, person: Person, field: DataField, value: str) -> None:
    former = f"{person.first_name} {person.last_name}"
    employees = db.exec(select(Employee).where(Employee.person_id == person.id).with_for_update()).all()
    for record in (person, *employees):
        _set(db, keyring, record, field, value)
    db.flush()
    _rename(db, person, former)
    for employee in employees:
        names = (employee.last_name, employee.usage_name, employee.first_name, employee.matricule)
        employee.search, employee.version = search_text(*names), employee.version + 1
    db.flush()


def _set(db: Session, keyring: Keyring, record: Person | Employee, field: DataField, value: str) -> None:
    if field is DataField.NIR:
        _refuse_taken(db, keyring, record, value)
        record.nir_encrypted, record.nir_lookup = keyring.encrypt(value), keyring.lookup(value)
    elif field is DataField.BIRTH_DATE:
        record.birth_date = date.fromisoformat(value)
    elif field is DataField.LAST_NAME:
        record.last_name = value
    else:
        record.first_name = value
    db.add(record)


def _refuse_taken(db: Session, keyring: Keyring, record: Person | Employee, nir: str) -> None:
    table = type(record)
    query = select(table.id).where(col(table.nir_lookup).in_(keyring.lookups(nir)), table.id != record.id)
    if isinstance(record, Employee):
        query = query.where(Employee.group_contract_id == record.group_contract_id)
    if db.exec(query).first() is not None:
        raise NumberTaken


def _rename(db: Session, person: Person, former: str) -> None:
    """Accounts that greet the person by the name that was wrong; a representative's bears another."""
    accounts: Sequence[Account] = db.exec(
        select(Account).where(Account.person_id == person.id, Account.display_name == former)
    ).all()
    for account in accounts:
        account.display_name = f"{person.first_name} {person.last_name}"
        db.add(account)
