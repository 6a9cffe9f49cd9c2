"""What every change of bank details has, a member's or a company's: brakes against whoever stole an account (ADR 14).

A change takes effect `EFFECT_AFTER` the last act that it needs, unless somebody who gets the letters about it cancels
it. What was in force before goes on until then. Nothing is ever overwritten: the rows are the history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.columns import instant
from portal.data.email_changes import EmailChange
from portal.data.standing import closed, suspended
from portal.folding import same_name
from portal.formatting import PARIS
from portal.security import Keyring

EFFECT_AFTER = timedelta(hours=72)
FORMER_ADDRESS_FOR = timedelta(days=30)
MOST_A_DAY = 3
SHOWN = 3


class BankState(StrEnum):
    """IN_FORCE: money goes there, or comes from there. REPLACED: it did, or would have."""

    PENDING = "en-attente"
    IN_FORCE = "en-vigueur"
    REPLACED = "remplacees"
    CANCELLED = "annulees"


class BankColumns(SQLModel):
    """An account that somebody gave, or that the insurer's files report (`reported_on`). `masked`: country, key and the
    last digits, all that is ever shown. `bank`: its name, empty when it is not known."""

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
        """From when the account was used; None as long as it was not."""
        if self.reported_on is not None:
            return datetime.combine(self.reported_on, time.min, PARIS)
        return self.effective_at if self.cancelled_at is None else None

    @property
    def is_pending(self) -> bool:
        return self.in_force_from is None and self.cancelled_at is None


Row = TypeVar("Row", bound=BankColumns)


@dataclass(frozen=True, slots=True)
class NewDetails:
    """Bank details as they were typed and checked: an IBAN without spaces; a BIC, empty when nobody knows it."""

    iban: str
    holder: str
    bank: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Given(Generic[Row]):
    """One of the history, as its owner sees it. `at`: from when it is, or will be, in force, or its cancellation; None
    while nobody can tell yet."""

    row: Row
    holder: str
    state: BankState
    at: datetime | None


class AlreadyThere(Exception):
    """This account in this name is in use already, or is about to be."""


class AccountBlocked(Exception):
    """The account was frozen, suspended or closed while the request waited for its turn."""


class TooManyChanges(Exception):
    """`MOST_A_DAY` changes were asked within a day."""


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


def rows_of(db: Session, model: type[Row], owner: ColumnElement[bool]) -> list[Row]:
    """Everything known, the oldest first; read anew, for the caller may have waited for a lock."""
    query = select(model).where(owner).order_by(col(model.id))
    rows = db.exec(query.execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda row: row.in_force_from or row.asked_at or datetime.min.replace(tzinfo=PARIS))


def current_of(rows: Sequence[Row]) -> Row | None:
    """Of rows in the order of `rows_of`, the one in force now."""
    known = [(row.in_force_from, at, row) for at, row in enumerate(rows) if row.in_force_from is not None]
    return max(known, key=lambda each: each[:2])[2] if known else None


def history_of(keyring: Keyring, rows: Sequence[Row]) -> list[Given[Row]]:
    """Rows as their owner sees them, the newest first."""
    current = current_of(rows)
    return [_given(keyring, row, current) for row in reversed(rows)]


def refuse_needless(keyring: Keyring, rows: Sequence[Row], live: Sequence[Row], new: NewDetails, now: datetime) -> None:
    """Raises `AlreadyThere` when one of `live` is the same account in the same name; `TooManyChanges`. Capitals and
    accents make no other holder, since banks write as they like."""
    if any(_is_same(keyring, row, new) for row in live):
        raise AlreadyThere
    if sum(row.asked_at is not None and row.asked_at > now - timedelta(days=1) for row in rows) >= MOST_A_DAY:
        raise TooManyChanges


def live_rows(rows: Sequence[Row]) -> list[Row]:
    """What waits; or, when nothing does, what is in force."""
    return [row for row in rows if row.is_pending] or [row for row in [current_of(rows)] if row]


def cancel_pending(db: Session, rows: Sequence[Row], now: datetime) -> Row | None:
    """Gives up whatever waits; what it was."""
    pending = [row for row in rows if row.is_pending]
    for row in pending:
        row.cancelled_at = now
        added(db, row)
    return pending[-1] if pending else None


def addresses_of(db: Session, account: Account, known: str, now: datetime) -> list[str]:
    """Where to write about a change: the account's address, those it had in the last month, and the one `known` by the
    insurer's own files. Whoever took the account over does not own all of them."""
    recent = (EmailChange.account_id == account.id, col(EmailChange.applied_at) > now - FORMER_ADDRESS_FOR)
    former = db.exec(select(EmailChange.current_email).where(*recent)).all()
    by_name = {email.casefold(): email for email in (known, *former, account.email) if email}
    return list(by_name.values())


def waits(model: type[Row]) -> ColumnElement[bool]:
    """Whether a row of the table is a change that nothing has ended yet."""
    columns = (model.reported_on, model.effective_at, model.cancelled_at)
    return and_(*(col(column).is_(None) for column in columns))


def is_due(model: type[Row], now: datetime, accounts: Any) -> ColumnElement[bool]:
    """Whether a row is a change whose time has come, and none of these `accounts` (a condition) is blocked."""
    return and_(waits(model), col(model.takes_effect_at) <= now, ~is_blocked(accounts))


def is_blocked(accounts: Any) -> ColumnElement[bool]:
    """Whether one of the accounts of this condition is suspended, for a fraud or by the insurer, or closed."""
    return select(Account.id).where(accounts, or_(suspended, closed)).exists()


def is_one_blocked(db: Session, accounts: Any) -> bool:
    """The same, read now."""
    return db.exec(select(Account.id).where(accounts, or_(suspended, closed))).first() is not None


def put_in_force(db: Session, model: type[Row], due: ColumnElement[bool], row_id: int, now: datetime) -> Row | None:
    """Puts a change that is `due` into force; None when it is so no more. The caller holds its owner's row."""
    query = select(model).where(model.id == row_id, due)
    row = db.exec(query.execution_options(populate_existing=True)).first()
    if row is None:
        return None
    row.effective_at = now
    return added(db, row)


def added(db: Session, row: Row) -> Row:
    """The row, written."""
    db.add(row)
    db.flush()
    return row


def _is_same(keyring: Keyring, row: BankColumns, new: NewDetails) -> bool:
    return row.iban_lookup in keyring.lookups(new.iban) and same_name(keyring.decrypt(row.holder_encrypted), new.holder)


def _given(keyring: Keyring, row: Row, current: Row | None) -> Given[Row]:
    holder = keyring.decrypt(row.holder_encrypted)
    if row.cancelled_at is not None:
        return Given(row, holder, BankState.CANCELLED, row.cancelled_at)
    since = row.in_force_from
    if since is None:
        return Given(row, holder, BankState.PENDING, row.takes_effect_at)
    return Given(row, holder, BankState.IN_FORCE if row is current else BankState.REPLACED, since)
