"""Changes of bank details under way, as agents see them (ADR 14): they stop one, or let it run; nobody hastens one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.bank_changes import cancel_pending, current_of, is_one_blocked, rows_of, waits
from portal.data.bank_details import BankDetails
from portal.data.company_bank import COMPANY
from portal.data.households import is_near_to
from portal.data.organisation_banks import BankOwner
from portal.data.persons import Person
from portal.data.practice_bank import PRACTICE
from portal.data.sessions import Viewer
from portal.data.work_items import Duty, duties_of


class Whose(StrEnum):
    """Whose account it is; values stand in addresses."""

    MEMBER = "adherent"
    COMPANY = "entreprise"
    PRACTICE = "professionnel"


OWNERS: dict[Whose, BankOwner[Any]] = {Whose.COMPANY: COMPANY, Whose.PRACTICE: PRACTICE}


@dataclass(frozen=True, slots=True)
class Change:
    """A change under way. `name`: of the person or the organisation; `current`: the masked account in force, empty for
    none; `is_blocked`: an account that matters is frozen, suspended or closed: the change does not take effect."""

    whose: Whose
    row: Any
    owner_id: int
    name: str
    current: str
    is_blocked: bool


def pending_changes(db: Session, viewer: Viewer) -> list[Change]:
    """The changes under way, the soonest to take effect first, save what is the viewer's or their family's; none for
    whoever is not charged with contracts."""
    if Duty.CONTRACTS not in duties_of(db, viewer):
        return []
    found = [_of_member(db, row) for row in db.exec(select(BankDetails).where(waits(BankDetails)))]
    for whose, owner in OWNERS.items():
        found += [
            _of_organisation(db, whose, owner, row)
            for row in db.exec(select(owner.details).where(waits(owner.details)))
        ]
    others = [one for one in found if not is_own(db, viewer, one)]
    return sorted(others, key=_soonest)


def pending_change(db: Session, viewer: Viewer, whose: Whose, row_id: int) -> Change | None:
    """One of them; None for one that is over, or not the viewer's to see."""
    found = pending_changes(db, viewer)
    return next((one for one in found if one.whose is whose and one.row.id == row_id), None)


def stop_change(db: Session, viewer: Viewer, whose: Whose, row_id: int, now: datetime) -> Change | None:
    """Gives up that very change, and no other that took its place; None when it is over, or not the viewer's to see."""
    change = pending_change(db, viewer, whose, row_id)
    if change is None:
        return None
    rows = _locked_rows(db, change)
    waiting = [row for row in rows if row.id == row_id and row.is_pending]
    return change if cancel_pending(db, waiting, now) is not None else None


def is_own(db: Session, viewer: Viewer, change: Change) -> bool:
    """Whether the change is the agent's own, of the agent's household, or asked by an account of the agent's."""
    if change.whose is Whose.MEMBER:
        return is_near_to(db, viewer.account_id, persons={change.owner_id}, accounts=())
    return is_near_to(db, viewer.account_id, persons=(), accounts={change.row.asked_by, change.row.approved_by})


def _soonest(change: Change) -> tuple[bool, datetime]:
    return change.row.takes_effect_at is None, change.row.takes_effect_at or change.row.asked_at


def _locked_rows(db: Session, change: Change) -> list[Any]:
    if change.whose is Whose.MEMBER:
        db.get_one(Person, change.owner_id, with_for_update=True)
        return rows_of(db, BankDetails, col(BankDetails.person_id) == change.owner_id)
    owner = OWNERS[change.whose]
    owner.lock(db, change.owner_id)
    return rows_of(db, owner.details, owner.column == change.owner_id)


def _of_member(db: Session, row: BankDetails) -> Change:
    person = db.get_one(Person, row.person_id)
    current = current_of(rows_of(db, BankDetails, col(BankDetails.person_id) == row.person_id))
    is_blocked = is_one_blocked(db, Account.person_id == row.person_id)
    name = f"{person.first_name} {person.last_name}"
    return Change(Whose.MEMBER, row, row.person_id, name, current.masked if current else "", is_blocked)


def _of_organisation(db: Session, whose: Whose, owner: BankOwner[Any], row: Any) -> Change:
    organisation_id = getattr(row, owner.key)
    organisation = db.get_one(owner.organisation, organisation_id)
    current = current_of(rows_of(db, owner.details, owner.column == organisation_id))
    is_blocked = is_one_blocked(db, col(Account.id).in_([row.asked_by, row.approved_by]))
    return Change(whose, row, organisation_id, organisation.name, current.masked if current else "", is_blocked)
