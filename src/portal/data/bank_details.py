"""Where a member's reimbursements go: bank details, changed with brakes against whoever stole the account.

A change takes effect `EFFECT_AFTER` it was asked, unless somebody who gets the letters about it cancels it. What was in
force before goes on until then. Nothing is ever overwritten: the rows are the history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, UniqueConstraint, and_, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, AccountClosing, AccountSuspension, Role
from portal.data.columns import Index, instant
from portal.data.email_changes import EmailChange
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.folding import same_name
from portal.formatting import PARIS
from portal.security import Keyring

EFFECT_AFTER = timedelta(hours=72)
FORMER_ADDRESS_FOR = timedelta(days=30)
MOST_A_DAY = 3
SHOWN = 3


class BankState(StrEnum):
    """IN_FORCE: reimbursements go there. REPLACED: they did, or would have."""

    PENDING = "en-attente"
    IN_FORCE = "en-vigueur"
    REPLACED = "remplacees"
    CANCELLED = "annulees"


class BankDetails(SQLModel, table=True):
    """An account that a member gave, or that the insurer's files report (`reported_on`). `masked`: country, key and the
    last digits, all that is ever shown. `bank`: its name, empty when it is not known."""

    __tablename__ = "bank_details"
    __table_args__ = (UniqueConstraint("person_id", "reported_on"), Index("ix_bank_details_due", "takes_effect_at"))

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    iban_encrypted: bytes
    iban_lookup: str
    holder_encrypted: bytes
    masked: str
    bank: str = ""
    reported_on: date | None = None
    asked_at: datetime | None = instant(default=None)
    takes_effect_at: datetime | None = instant(default=None)
    effective_at: datetime | None = instant(default=None)
    cancelled_at: datetime | None = instant(default=None)

    @property
    def in_force_from(self) -> datetime | None:
        """From when reimbursements went there; None as long as they did not."""
        if self.reported_on is not None:
            return datetime.combine(self.reported_on, time.min, PARIS)
        return self.effective_at if self.cancelled_at is None else None

    @property
    def is_pending(self) -> bool:
        return self.in_force_from is None and self.cancelled_at is None


@dataclass(frozen=True, slots=True)
class NewDetails:
    """Bank details as they were typed and checked: an IBAN without spaces."""

    iban: str
    holder: str
    bank: str


@dataclass(frozen=True, slots=True)
class Given:
    """One of the history, as its member sees it. `at`: from when it is, or will be, in force; or its cancellation."""

    row: BankDetails
    holder: str
    state: BankState
    at: datetime


class AlreadyThere(Exception):
    """Reimbursements go to this account in this name already, or are about to."""


class AccountBlocked(Exception):
    """The account was frozen, suspended or closed while the request waited for its turn."""


class TooManyChanges(Exception):
    """`MOST_A_DAY` changes were asked within a day."""


def bank_history(db: Session, viewer: Viewer, keyring: Keyring) -> list[Given]:
    """The viewer's bank details, the newest first."""
    rows = _rows(db, viewer.person_id or 0)
    current = _current(rows)
    return [_given(keyring, row, current) for row in reversed(rows)]


def in_force(db: Session, viewer: Viewer) -> BankDetails | None:
    """Where the viewer's reimbursements go now; None when the insurer knows no account."""
    return _current(_rows(db, viewer.person_id or 0))


def ask_bank_change(db: Session, viewer: Viewer, keyring: Keyring, new: NewDetails, now: datetime) -> BankDetails:
    """Asks for other bank details; a change still pending is given up. Raises `AccountBlocked`, `AlreadyThere`,
    `TooManyChanges`."""
    person = db.get_one(Person, viewer.person_id, with_for_update=True)
    if db.exec(select(Person.id).where(Person.id == person.id, _is_blocked(Person.id))).first() is not None:
        raise AccountBlocked
    rows = _rows(db, person.id or 0)
    live = [row for row in rows if row.is_pending] or [row for row in [_current(rows)] if row]
    if any(_is_same(keyring, row, new) for row in live):
        raise AlreadyThere
    if sum(row.asked_at is not None and row.asked_at > now - timedelta(days=1) for row in rows) >= MOST_A_DAY:
        raise TooManyChanges
    _cancel(db, rows, now)
    return _added(db, BankDetails(person_id=person.id or 0, **sealed(keyring, new), **_times(now)))


def cancel_bank_change(db: Session, person_id: int, now: datetime) -> BankDetails | None:
    """Gives up the person's pending change; None when there is none (any more). The caller knows whose it is: the
    member, or whoever came by the link of a letter about it."""
    db.get_one(Person, person_id, with_for_update=True)
    return _cancel(db, _rows(db, person_id), now)


def change_behind(db: Session, account_id: int, subject: str) -> BankDetails | None:
    """The pending change that a letter's link to this account names; None once it is over."""
    person_id = db.exec(select(Account.person_id).where(Account.id == account_id)).first()
    query = select(BankDetails).where(BankDetails.id == int(subject), BankDetails.person_id == person_id, _open())
    return db.exec(query).first()


def due_changes(db: Session, now: datetime) -> list[tuple[int, int]]:
    """Changes whose time has come: their ids, and their persons'. For the job, about everybody whose accounts may be
    used: a change waits as long as one of them is frozen, suspended or closed."""
    query = select(BankDetails.id, BankDetails.person_id).where(_due(now))
    return [(row_id or 0, person_id) for row_id, person_id in db.exec(query)]


def apply_bank_change(db: Session, row_id: int, person_id: int, now: datetime) -> BankDetails | None:
    """Puts a change whose time has come into force; None when it was cancelled, or applied, meanwhile, or an account of
    the person's may not be used."""
    db.get_one(Person, person_id, with_for_update=True)
    query = select(BankDetails).where(BankDetails.id == row_id, _due(now))
    row = db.exec(query.execution_options(populate_existing=True)).first()
    if row is None:
        return None
    row.effective_at = now
    return _added(db, row)


def accounts_of(db: Session, person_id: int) -> Sequence[Account]:
    """The accounts by which a member comes: who is written to about the member's bank details."""
    return db.exec(select(Account).where(Account.person_id == person_id, Account.role == Role.MEMBER)).all()


def addresses_of(db: Session, account: Account, now: datetime) -> list[str]:
    """Where to write about a change: the account's address, those it had in the last month, and the one that the
    insurer's own files hold. Whoever took the account over does not own all of them."""
    recent = (EmailChange.account_id == account.id, col(EmailChange.applied_at) > now - FORMER_ADDRESS_FOR)
    former = db.exec(select(EmailChange.current_email).where(*recent)).all()
    known = db.exec(select(Person.email).where(Person.id == account.person_id)).all()
    by_name = {email.casefold(): email for email in (*known, *former, account.email) if email}
    return list(by_name.values())


def mask(iban: str) -> str:
    """« FR76 •••• 189 »: what of an IBAN is ever shown."""
    return f"{iban[:4]} •••• {iban[-SHOWN:]}"


def sealed(keyring: Keyring, new: NewDetails) -> dict[str, bytes | str]:
    """The columns that hold bank details."""
    return {
        "iban_encrypted": keyring.encrypt(new.iban),
        "iban_lookup": keyring.lookup(new.iban),
        "holder_encrypted": keyring.encrypt(new.holder),
        "masked": mask(new.iban),
        "bank": new.bank,
    }


def _is_same(keyring: Keyring, row: BankDetails, new: NewDetails) -> bool:
    """The same account in the same name; capitals and accents make no other holder, since banks write as they like."""
    return row.iban_lookup in keyring.lookups(new.iban) and same_name(keyring.decrypt(row.holder_encrypted), new.holder)


def _times(now: datetime) -> dict[str, datetime]:
    return {"asked_at": now, "takes_effect_at": now + EFFECT_AFTER}


def _rows(db: Session, person_id: int) -> list[BankDetails]:
    """Everything known, the oldest first; read anew, for the caller may have waited for a lock."""
    query = select(BankDetails).where(BankDetails.person_id == person_id).order_by(col(BankDetails.id))
    rows = db.exec(query.execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda row: row.in_force_from or row.asked_at or datetime.min.replace(tzinfo=PARIS))


def _current(rows: Sequence[BankDetails]) -> BankDetails | None:
    known = [(row.in_force_from, row.id or 0, row) for row in rows if row.in_force_from is not None]
    return max(known, key=lambda each: each[:2])[2] if known else None


def _cancel(db: Session, rows: Sequence[BankDetails], now: datetime) -> BankDetails | None:
    pending = [row for row in rows if row.is_pending]
    for row in pending:
        row.cancelled_at = now
        _added(db, row)
    return pending[-1] if pending else None


def _given(keyring: Keyring, row: BankDetails, current: BankDetails | None) -> Given:
    holder = keyring.decrypt(row.holder_encrypted)
    if row.cancelled_at is not None:
        return Given(row, holder, BankState.CANCELLED, row.cancelled_at)
    since = row.in_force_from
    if since is None:
        return Given(row, holder, BankState.PENDING, row.takes_effect_at or datetime.max.replace(tzinfo=PARIS))
    return Given(row, holder, BankState.IN_FORCE if row is current else BankState.REPLACED, since)


def _open() -> ColumnElement[bool]:
    return and_(
        col(BankDetails.reported_on).is_(None),
        col(BankDetails.effective_at).is_(None),
        col(BankDetails.cancelled_at).is_(None),
    )


def _due(now: datetime) -> ColumnElement[bool]:
    is_time = col(BankDetails.takes_effect_at) <= now
    return and_(_open(), is_time, ~_is_blocked(BankDetails.person_id))


def _is_blocked(person_id: int | None) -> ColumnElement[bool]:
    """Whether an account of the person of this column is suspended, for a fraud or by the insurer, or closed."""
    suspended = select(AccountSuspension.id).where(
        AccountSuspension.account_id == Account.id, col(AccountSuspension.ended_at).is_(None)
    )
    closed = select(AccountClosing.account_id).where(AccountClosing.account_id == Account.id)
    query = select(Account.id).where(Account.person_id == person_id, or_(suspended.exists(), closed.exists()))
    return query.exists()


def _added(db: Session, row: BankDetails) -> BankDetails:
    db.add(row)
    db.flush()
    return row
