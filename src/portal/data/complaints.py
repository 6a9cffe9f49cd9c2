"""Complaints (réclamations): anybody's, with or without an account (R-26; ACPR 2022-R-01).

A complaint is a case; its table holds what it says, encrypted. Members go through `find_case`, the desk through
`case_desk`; whoever complained without an account comes back by a signed link that names the case.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import msgspec
from sqlmodel import Field, Session, SQLModel, select

from portal.data.benefits import BenefitLine
from portal.data.case_acts import add_words, lock_draft, withdraw_case
from portal.data.case_desk import Agent, move_by_desk
from portal.data.case_erasure import delete_draft
from portal.data.case_messages import add_message
from portal.data.case_slots import Slot
from portal.data.case_turns import in_turn
from portal.data.cases import (
    Case,
    CaseKind,
    CaseState,
    WrongState,
    cases_of,
    find_case,
    move_case,
    open_case,
    touch,
)
from portal.data.columns import instant
from portal.data.complaint_rules import Clock, Outcome, clock_of
from portal.data.coverage import Contract
from portal.data.sessions import Viewer
from portal.data.visibility import lines_of, visible_scope
from portal.formatting import day_in_france, end_of_day_in_france
from portal.security import Keyring

KIND = CaseKind.COMPLAINT
LONGEST_TEXT = 5000


class Category(StrEnum):
    REFUND = "remboursement"
    DELAY = "delai"
    GUARANTEE = "garantie"
    CONTRIBUTION = "cotisation"
    ENDING = "resiliation"
    THIRD_PARTY = "tiers_payant"
    WELCOME = "accueil"
    PERSONAL_DATA = "donnees_personnelles"
    ONLINE = "espace_en_ligne"


OUTCOME_STATES = {
    Outcome.FOUNDED: CaseState.ACCEPTED,
    Outcome.PARTLY: CaseState.PARTLY,
    Outcome.UNFOUNDED: CaseState.REFUSED,
}


class Complaint(SQLModel, table=True):
    """What a complaint says; the text is empty once its account was erased. `contract_id`, `line_id`: what it bears on,
    if named. `contact_encrypted`: name and address of whoever has no account, as JSON; `contact_lookup`: the address's
    keyed hash. `delayed_at`: when its author was told that the answer is late. `mediator_on`: when the mediator was."""

    __tablename__ = "complaint"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    category: str
    text_encrypted: bytes
    contract_id: int | None = Field(default=None, foreign_key="contract.id")
    line_id: int | None = Field(default=None, foreign_key="benefit_line.id")
    contact_encrypted: bytes | None = None
    contact_lookup: str | None = Field(default=None, index=True)
    acknowledged_at: datetime | None = instant(default=None)
    answered_at: datetime | None = instant(default=None)
    outcome: str | None = None
    delayed_at: datetime | None = instant(default=None)
    mediator_on: date | None = None


class Contact(msgspec.Struct, frozen=True):
    """Who complains without an account."""

    name: str
    email: str

    def leave(self, row: Complaint, keyring: Keyring) -> None:
        """Keeps who complains, sealed, with what tells their address again."""
        row.contact_encrypted = keyring.encrypt(msgspec.json.encode(self).decode())
        row.contact_lookup = keyring.lookup(self.email.casefold()) if self.email else None


@dataclass(frozen=True, slots=True)
class Said:
    """What is typed of a complaint."""

    category: Category
    text: str = field(repr=False)
    contract_id: int | None = None
    line_id: int | None = None


@dataclass(frozen=True, slots=True)
class Disputed:
    """The benefit line that a complaint is about, as its author may still read it; amounts in cents."""

    label: str
    care_date: date
    spent_cents: int
    supplementary_cents: int
    remaining_cents: int


@dataclass(frozen=True, slots=True)
class Told:
    """A complaint as its author reads it. `contract_number`: empty when none was named; `contact`: without account."""

    case: Case
    said: Said
    contract_number: str
    contact: Contact | None
    acknowledged_at: datetime | None
    answered_at: datetime | None
    outcome: Outcome | None
    delayed_at: datetime | None = None
    mediator_on: date | None = None

    @property
    def clock(self) -> Clock | None:
        """The legal clock, once the complaint is sent."""
        if self.case.sent_at is None:
            return None
        answered_on = day_in_france(self.answered_at) if self.answered_at else None
        return clock_of(day_in_france(self.case.sent_at), answered_on=answered_on, outcome=self.outcome)


def free_slots(*_: object) -> list[Slot]:
    """A complaint asks for no piece; what supports it may be joined."""
    return [Slot("pieces", "Documents qui appuient votre réclamation", is_required=False)]


def start_complaint(db: Session, viewer: Viewer, keyring: Keyring, said: Said, now: datetime) -> tuple[Case, bool]:
    """A draft, and whether it is new: a complaint of the same words that is not over is that one, sent or not.

    Raises `TooManyDrafts`.
    """
    in_turn(db, viewer)
    running = (told_of(db, keyring, case) for case in cases_of(db, viewer, KIND) if not case.is_over)
    same = next((told.case for told in running if told.said == said), None)
    if same is not None:
        return same, False
    case = open_case(db, viewer, KIND, now, member_id=viewer.person_id)
    db.add(complaint_row(case, keyring, said))
    db.flush()
    return case, True


def change_complaint(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, version: int, said: Said, now: datetime
) -> Case | None:
    """What a draft says, changed; None when there is no such case. Raises `CaseMoved`, `WrongState`."""
    case = lock_draft(db, viewer, case_id, version, KIND)
    if case is None:
        return None
    row = db.get_one(Complaint, case.id)
    row.category, row.text_encrypted = said.category, keyring.encrypt(said.text)
    row.contract_id, row.line_id = said.contract_id, said.line_id
    db.add(row)
    touch(db, case, now)
    return case


def send_complaint(db: Session, viewer: Viewer, case_id: int, version: int, now: datetime) -> Case | None:
    """A draft, sent: the legal clock starts. None when there is no such case.

    Raises `CaseMoved`; `WrongState` for anything but a draft: what was sent is completed by words and files.
    """
    case = lock_draft(db, viewer, case_id, version, KIND)
    if case is not None:
        start_clock(case, now)
        move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return case


def withdraw_complaint(db: Session, viewer: Viewer, case_id: int, now: datetime) -> Case | None:
    """A complaint taken back by its author. None when there is no such case. Raises `WrongState`."""
    return withdraw_case(db, viewer, case_id, now, KIND)


def add_to_complaint(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, text: str, now: datetime
) -> Case | None:
    """What its author adds to a complaint that was sent; it is the insurer's turn then. None without such a case.

    Raises `WrongState` before it is sent and once it is over, `SentAlready` when it ends with these very words.
    """
    return add_words(db, viewer, keyring, case_id, text, now, KIND)


def forget_complaint(db: Session, case: Case) -> None:
    """Deletes a draft and what it says; its pieces are gone already. The caller holds the lock. Raises `WrongState`."""
    if not case.is_draft:
        raise WrongState
    db.delete(db.get_one(Complaint, case.id))
    db.flush()
    delete_draft(db, case)


def complaint_of(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> Told | None:
    """One of the viewer's complaints, or None."""
    case = find_case(db, viewer, case_id, KIND)
    return told_of(db, keyring, case) if case else None


def complaints_of(db: Session, viewer: Viewer, keyring: Keyring) -> list[Told]:
    """The viewer's complaints: those that wait for the viewer, drafts, then the newest."""
    return [told_of(db, keyring, case) for case in cases_of(db, viewer, KIND)]


def disputed_line(db: Session, viewer: Viewer, line_id: int | None, today: date) -> Disputed | None:
    """The line that a complaint is about, while the viewer may read it."""
    if line_id is None:
        return None
    readable = lines_of(visible_scope(db, viewer, today).detailed)
    line = db.exec(select(BenefitLine).where(BenefitLine.id == line_id, readable)).first()
    if line is None:
        return None
    return Disputed(line.label, line.care_date, line.spent_cents, line.supplementary_cents, line.remaining_cents)


def acknowledge(db: Session, agent: Agent, keyring: Keyring, case: Case, text: str, now: datetime) -> None:
    """Acknowledges a locked complaint, in words that its author reads: also one that waits for its author, since the
    law counts from the sending. Raises `WrongState`."""
    row = db.get_one(Complaint, case.id)
    if row.acknowledged_at is not None or case.is_over:
        raise WrongState
    row.acknowledged_at = now
    db.add(row)
    case.due_at = end_of_day_in_france(clock_of(day_in_france(case.sent_at or now)).answer_by)
    add_message(db, agent, keyring, case, text, now)
    if case.state == CaseState.SENT:
        move_by_desk(db, agent, keyring, case, CaseState.IN_REVIEW, "", now)
    else:
        touch(db, case, now)
    agent.letters.acknowledge_complaint(db, case)


def answer_complaint(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, outcome: Outcome, reasons: str, now: datetime
) -> None:
    """Answers a locked complaint, with its outcome and the reasons. Raises `WrongState`: also without reasons."""
    if not reasons.strip():
        raise WrongState
    row = db.get_one(Complaint, case.id)
    row.answered_at, row.outcome = now, outcome
    row.acknowledged_at = row.acknowledged_at or now
    db.add(row)
    move_by_desk(db, agent, keyring, case, OUTCOME_STATES[outcome], reasons, now)


def start_clock(case: Case, now: datetime) -> None:
    """What the insurer owes first of a complaint that is sent now: to acknowledge it; an answer is due after that."""
    case.due_at = end_of_day_in_france(clock_of(day_in_france(now)).acknowledge_by)


def complaint_row(case: Case, keyring: Keyring, said: Said) -> Complaint:
    """The row of a new complaint."""
    return Complaint(
        case_id=case.id or 0,
        category=said.category,
        text_encrypted=keyring.encrypt(said.text),
        contract_id=said.contract_id,
        line_id=said.line_id,
    )


def _text(keyring: Keyring, row: Complaint) -> str:
    return keyring.decrypt(row.text_encrypted) if row.text_encrypted else ""


def told_of(db: Session, keyring: Keyring, case: Case) -> Told:
    """What a complaint says and where it stands. The caller has found the case."""
    row = db.get_one(Complaint, case.id)
    contract = db.get(Contract, row.contract_id) if row.contract_id else None
    contact = keyring.decrypt(row.contact_encrypted) if row.contact_encrypted else None
    return Told(
        case=case,
        said=Said(Category(row.category), _text(keyring, row), row.contract_id, row.line_id),
        contract_number=contract.number if contract else "",
        contact=msgspec.json.decode(contact, type=Contact) if contact else None,
        acknowledged_at=row.acknowledged_at,
        answered_at=row.answered_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        delayed_at=row.delayed_at,
        mediator_on=row.mediator_on,
    )
