"""What a member asks about who is covered: to add somebody, to end somebody's cover, to correct what we know (R-23).

A change is a case (`data/cases.py`) with a row of its own. What names the person is encrypted; what says which pieces
are needed is not. The day of effect and the contribution are computed on reading a draft, and kept when it is sent.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec
from sqlalchemy import or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.beneficiary_rules import Reason, Situation
from portal.data.case_erasure import delete_draft
from portal.data.case_pieces import remove_all_pieces
from portal.data.cases import (
    ENDS,
    Case,
    CaseKind,
    CaseState,
    WrongState,
    find_case,
    lock_case,
    open_case,
    touch,
)
from portal.data.coverage import Beneficiary, Contract, Product, Relationship
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.security import Keyring

KINDS = (CaseKind.BENEFICIARY_ADDED, CaseKind.BENEFICIARY_CHANGED, CaseKind.BENEFICIARY_REMOVED)


class BeneficiaryChange(SQLModel, table=True):
    """One change. `beneficiary_id`: the period of cover that ends, or whose person is corrected. `fields`: what is
    corrected, separated by commas. `nir_lookup`: keyed hash of the NIR in the details.

    From sending on: `effect_on` (first or last day of cover), and the month's price before and after, in cents.
    """

    __tablename__ = "beneficiary_change"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    contract_id: int = Field(foreign_key="contract.id")
    beneficiary_id: int | None = Field(default=None, foreign_key="beneficiary.id", index=True)
    relationship: str
    reason: str = ""
    situation: str = ""
    fields: str = ""
    birth_rank: int = 1
    details_encrypted: bytes | None = None
    nir_lookup: str | None = None
    effect_on: date | None = None
    effect_rule: str = ""
    effect_limit: date | None = None
    charged_from: date | None = None
    structure_before: str = ""
    structure_after: str = ""
    before_cents: int | None = None
    after_cents: int | None = None


class Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was typed of a person: the new one, or what is to be corrected (empty: unchanged). `event_on`: the day of
    the event (marriage, end of another cover…)."""

    last_name: str = ""
    first_name: str = ""
    birth_date: date | None = None
    nir: str = ""
    event_on: date | None = None

    @property
    def is_named(self) -> bool:
        """Whether it says who the person is."""
        return bool(self.last_name and self.first_name and self.birth_date)


@dataclass(frozen=True, slots=True)
class Typed:
    """A form about a change, read and found right: what replaces the draft's own."""

    details: Details
    reason: Reason | None = None
    situation: Situation | None = None
    fields: tuple[str, ...] = ()
    birth_rank: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """A change as its owner sees it. `cover` and `person`: of whoever is covered already, when it is about them."""

    case: Case
    row: BeneficiaryChange
    details: Details
    contract: Contract
    product: str
    cover: Beneficiary | None = None
    person: Person | None = None

    @property
    def kind(self) -> CaseKind:
        return CaseKind(self.case.kind)

    @property
    def relationship(self) -> Relationship:
        return Relationship(self.row.relationship)

    @property
    def reason(self) -> Reason | None:
        return Reason(self.row.reason) if self.row.reason else None

    @property
    def situation(self) -> Situation | None:
        return Situation(self.row.situation) if self.row.situation else None

    @property
    def event_on(self) -> date | None:
        """The day from which deadlines run: of a birth, the birth date."""
        return self.details.birth_date if self.reason is Reason.BIRTH else self.details.event_on

    @property
    def name(self) -> str:
        """Whom it is about: first and last name, empty as long as nobody was named."""
        who = self.person if self.person is not None and self.kind is not CaseKind.BENEFICIARY_ADDED else self.details
        return f"{who.first_name} {who.last_name}".strip()

    @property
    def is_filled(self) -> bool:
        """Whether the form of this change was filled in."""
        if self.kind is CaseKind.BENEFICIARY_ADDED:
            return self.details.is_named
        return bool(self.row.reason if self.kind is CaseKind.BENEFICIARY_REMOVED else self.row.fields)


@dataclass(frozen=True, slots=True)
class Start:
    """How a change begins: what it is, on which contract; `cover` for somebody who is covered already."""

    kind: CaseKind
    contract_id: int
    relationship: Relationship
    reason: Reason | None = None
    cover: Beneficiary | None = field(default=None)


def start_change(db: Session, viewer: Viewer, start: Start, now: datetime) -> tuple[Case, bool]:
    """The draft of a change, and whether it is new: pressed twice, the button gives the same one. A change of the same
    kind that runs already for the same cover is that one. Raises `TooManyDrafts`."""
    _in_turn(db, start)
    running = _running(db, viewer, start)
    if running is not None:
        return running, False
    person_id = start.cover.person_id if start.cover else None
    case = open_case(db, viewer, start.kind, now, member_id=viewer.person_id, person_id=person_id)
    db.add(
        BeneficiaryChange(
            case_id=case.id or 0,
            contract_id=start.contract_id,
            beneficiary_id=start.cover.id if start.cover else None,
            relationship=start.relationship,
            reason=start.reason or "",
        )
    )
    db.flush()
    return case, True


def _in_turn(db: Session, start: Start) -> None:
    """Two forms about one contract, sent at once, come one after the other."""
    db.exec(select(Contract.id).where(Contract.id == start.contract_id).with_for_update()).one()


def _running(db: Session, viewer: Viewer, start: Start) -> Case | None:
    query = (
        select(Case)
        .join(BeneficiaryChange, col(BeneficiaryChange.case_id) == Case.id)
        .where(Case.account_id == viewer.account_id, Case.kind == start.kind, col(Case.state).not_in(ENDS))
        .where(BeneficiaryChange.contract_id == start.contract_id)
    )
    if start.cover is None:
        return db.exec(
            query.where(
                Case.state == CaseState.DRAFT,
                BeneficiaryChange.relationship == start.relationship,
                BeneficiaryChange.reason == (start.reason or ""),
                col(BeneficiaryChange.details_encrypted).is_(None),
            )
        ).first()
    return db.exec(query.where(BeneficiaryChange.beneficiary_id == start.cover.id)).first()


def find_change(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> Change | None:
    """The viewer's change; None when there is none, or it is somebody else's."""
    case = find_case(db, viewer, case_id, *KINDS)
    return change_of(db, keyring, case) if case else None


def lock_change(db: Session, viewer: Viewer, keyring: Keyring, case_id: int, version: int | None) -> Change | None:
    """The same, for changing it in this transaction. Raises `CaseMoved` when it is no longer that `version`."""
    case = lock_case(db, viewer, case_id, version, *KINDS)
    return change_of(db, keyring, case) if case else None


def change_of(db: Session, keyring: Keyring, case: Case) -> Change:
    """A change by its case, which the caller has found."""
    row = db.get_one(BeneficiaryChange, case.id)
    contract = db.get_one(Contract, row.contract_id)
    return Change(
        case,
        row,
        _opened(keyring, row),
        contract,
        db.get_one(Product, contract.product_id).name,
        db.get(Beneficiary, row.beneficiary_id) if row.beneficiary_id else None,
        db.get(Person, case.person_id) if case.person_id else None,
    )


def _opened(keyring: Keyring, row: BeneficiaryChange) -> Details:
    if row.details_encrypted is None:
        return Details()
    return msgspec.json.decode(keyring.decrypt(row.details_encrypted), type=Details)


def fill_change(db: Session, viewer: Viewer, keyring: Keyring, change: Change, typed: Typed, now: datetime) -> Change:
    """Puts what was typed into a locked change, which it returns as it is then.

    Raises `WrongState` when the person may no longer change it.
    """
    if not change.case.takes_pieces:
        raise WrongState
    row, details = change.row, typed.details
    row.details_encrypted = keyring.encrypt(msgspec.json.encode(details).decode())
    row.nir_lookup = keyring.lookup(details.nir) if details.nir else None
    row.reason = typed.reason or row.reason
    row.situation = typed.situation or ""
    row.fields = ",".join(typed.fields)
    row.birth_rank = typed.birth_rank
    db.add(row)
    if change.kind is CaseKind.BENEFICIARY_ADDED:
        change.case.person_id = known_person(db, keyring, change.contract, details)
    touch(db, change.case, now)
    return change_of(db, keyring, change.case)


def known_person(db: Session, keyring: Keyring, contract: Contract, details: Details) -> int | None:
    """Somebody whom the member's contracts cover or covered already: by NIR, or by first name and birth date."""
    by_nir = col(Person.nir_lookup).in_(keyring.lookups(details.nir)) if details.nir else None
    by_birth = (Person.birth_date == details.birth_date) & (Person.first_name == details.first_name)
    query = (
        select(Person.id)
        .join(Beneficiary, col(Beneficiary.person_id) == Person.id)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .where(Contract.member_id == contract.member_id)
        .where(by_birth if by_nir is None else or_(by_nir, by_birth))
    )
    return db.exec(query).first()


def give_up(db: Session, viewer: Viewer, change: Change) -> list[str]:
    """Forgets a locked draft; the storage names of its pieces, for their content to be removed. Raises `WrongState`."""
    names = remove_all_pieces(db, change.case)
    db.delete(change.row)
    db.flush()
    delete_draft(db, change.case)
    return names
