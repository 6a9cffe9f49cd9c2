"""Where a member's reimbursements go: bank details, changed with the brakes of `bank_changes` (ADR 14)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, UniqueConstraint
from sqlmodel import Field, Session, col, select

from portal.data.accounts import Account, Role
from portal.data.bank_changes import (
    EFFECT_AFTER,
    AccountBlocked,
    BankColumns,
    Given,
    NewDetails,
    added,
    addresses_of,
    cancel_pending,
    current_of,
    history_of,
    is_due,
    is_one_blocked,
    live_rows,
    put_in_force,
    refuse_needless,
    rows_of,
    sealed,
    waits,
)
from portal.data.columns import Index
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.security import Keyring


class BankDetails(BankColumns, table=True):
    """A member's account."""

    __tablename__ = "bank_details"
    __table_args__ = (UniqueConstraint("person_id", "reported_on"), Index("ix_bank_details_due", "takes_effect_at"))

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")


def bank_history(db: Session, viewer: Viewer, keyring: Keyring) -> list[Given[BankDetails]]:
    """The viewer's bank details, the newest first."""
    return history_of(keyring, _rows(db, viewer.person_id or 0))


def in_force(db: Session, viewer: Viewer) -> BankDetails | None:
    """Where the viewer's reimbursements go now; None when the insurer knows no account."""
    return account_in_force(db, viewer.person_id or 0)


def account_in_force(db: Session, person_id: int) -> BankDetails | None:
    """Where a member's reimbursements go now; for the transfers, which have no viewer."""
    return current_of(_rows(db, person_id))


def ask_bank_change(db: Session, viewer: Viewer, keyring: Keyring, new: NewDetails, now: datetime) -> BankDetails:
    """Asks for other bank details; a change still pending is given up. Raises `AccountBlocked`, `AlreadyThere`,
    `TooManyChanges`."""
    person = db.get_one(Person, viewer.person_id, with_for_update=True)
    if is_one_blocked(db, Account.person_id == person.id):
        raise AccountBlocked
    rows = _rows(db, person.id or 0)
    refuse_needless(keyring, rows, live_rows(rows), new, now)
    cancel_pending(db, rows, now)
    times = {"asked_at": now, "takes_effect_at": now + EFFECT_AFTER}
    return added(db, BankDetails(person_id=person.id or 0, **sealed(keyring, new), **times))


def cancel_bank_change(db: Session, person_id: int, now: datetime) -> BankDetails | None:
    """Gives up the person's pending change; None when there is none (any more). The caller knows whose it is: the
    member, or whoever came by the link of a letter about it."""
    db.get_one(Person, person_id, with_for_update=True)
    return cancel_pending(db, _rows(db, person_id), now)


def change_behind(db: Session, account_id: int, subject: str) -> BankDetails | None:
    """The pending change that a letter's link to this account names; None once it is over."""
    person_id = db.exec(select(Account.person_id).where(Account.id == account_id)).first()
    whose = (BankDetails.id == int(subject), BankDetails.person_id == person_id)
    return db.exec(select(BankDetails).where(*whose, waits(BankDetails))).first()


def due_changes(db: Session, now: datetime) -> list[tuple[int, int]]:
    """Changes whose time has come: their ids, and their persons'. For the job, about everybody whose accounts may be
    used: a change waits as long as one of them is frozen, suspended or closed."""
    query = select(BankDetails.id, BankDetails.person_id).where(_due(now))
    return [(row_id or 0, person_id) for row_id, person_id in db.exec(query)]


def apply_bank_change(db: Session, row_id: int, person_id: int, now: datetime) -> BankDetails | None:
    """Puts a change whose time has come into force; None when it was cancelled, or applied, meanwhile, or an account of
    the person's may not be used."""
    db.get_one(Person, person_id, with_for_update=True)
    return put_in_force(db, BankDetails, _due(now), row_id, now)


def accounts_of(db: Session, person_id: int) -> Sequence[Account]:
    """The accounts by which a member comes: who is written to about the member's bank details."""
    return db.exec(select(Account).where(Account.person_id == person_id, Account.role == Role.MEMBER)).all()


def member_addresses(db: Session, account: Account, now: datetime) -> list[str]:
    """Where to write about a change of a member's."""
    known = db.exec(select(Person.email).where(Person.id == account.person_id)).first()
    return addresses_of(db, account, known or "", now)


def _rows(db: Session, person_id: int) -> list[BankDetails]:
    return rows_of(db, BankDetails, col(BankDetails.person_id) == person_id)


def _due(now: datetime) -> ColumnElement[bool]:
    return is_due(BankDetails, now, Account.person_id == BankDetails.person_id)
