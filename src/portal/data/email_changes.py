"""Changing an account's e-mail address: asked by its holder, confirmed from both mailboxes within a day.

Confirming needs no viewer: whoever confirms comes by a link that `data.links` has just used up for this account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Role
from portal.data.blocks import block_of
from portal.data.columns import Index, instant, utc_now
from portal.data.links import LIVES, LinkPurpose
from portal.data.sessions import Viewer

LIFE = LIVES[LinkPurpose.EMAIL_NEW]
MOST_A_DAY = 5


class EmailChange(SQLModel, table=True):
    """A change asked for. It takes effect once both sides are confirmed; an empty current address needs none."""

    __tablename__ = "email_change"
    __table_args__ = (Index("ix_email_change_account", "account_id", "asked_at"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    current_email: str
    new_email: str
    asked_at: datetime = instant(default_factory=utc_now)
    current_confirmed_at: datetime | None = instant(default=None)
    new_confirmed_at: datetime | None = instant(default=None)
    applied_at: datetime | None = instant(default=None)
    cancelled_at: datetime | None = instant(default=None)


class TooManyChanges(Exception):
    """The account asked for `MOST_A_DAY` changes within a day: letters to strangers' addresses are limited."""


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change under way. Instants are UTC; a side is None until it is confirmed."""

    id: int
    account_id: int
    current_email: str
    new_email: str
    expires_at: datetime
    current_confirmed_at: datetime | None
    new_confirmed_at: datetime | None

    @property
    def is_confirmed(self) -> bool:
        return None not in (self.current_confirmed_at, self.new_confirmed_at)


SIDES = {LinkPurpose.EMAIL_CURRENT: "current_confirmed_at", LinkPurpose.EMAIL_NEW: "new_confirmed_at"}


def ask_email_change(db: Session, viewer: Viewer, new_email: str, now: datetime) -> PendingChange:
    """Asks for a change; an earlier one still under way is given up. Raises `TooManyChanges`."""
    account = db.get_one(Account, viewer.account_id, with_for_update=True)
    recent = (EmailChange.account_id == viewer.account_id, col(EmailChange.asked_at) > now - timedelta(days=1))
    if db.exec(select(func.count()).select_from(EmailChange).where(*recent)).one() >= MOST_A_DAY:
        raise TooManyChanges
    cancel_email_changes(db, viewer.account_id, now)
    change = EmailChange(
        account_id=viewer.account_id,
        current_email=account.email,
        new_email=new_email,
        asked_at=now,
        current_confirmed_at=None if account.email else now,
    )
    db.add(change)
    db.flush()
    return _pending(change)


def pending_email_change(db: Session, viewer: Viewer, now: datetime) -> PendingChange | None:
    """The viewer's change under way, if any."""
    return _first(db, _open(now), EmailChange.account_id == viewer.account_id)


def email_change_of(db: Session, account_id: int, subject: str, now: datetime) -> PendingChange | None:
    """The change under way that a link's subject names; None when it is over."""
    return _first(db, _open(now), EmailChange.account_id == account_id, col(EmailChange.id) == int(subject))


def cancel_email_changes(db: Session, account_id: int, now: datetime) -> bool:
    """Gives up whatever change is under way; whether there was one."""
    open_one = (_open(now), col(EmailChange.account_id) == account_id)
    return bool(db.exec(update(EmailChange).where(*open_one).values(cancelled_at=now)).rowcount)


def confirm_email_change(db: Session, change: PendingChange, side: LinkPurpose, now: datetime) -> PendingChange | None:
    """Confirms one side, and changes the address when it was the last one; the change as it is then, or None when it
    was given up meanwhile, or the account is suspended or closed. Two confirmations at once wait for each other on the
    account, and for a report of fraud: the second one applies. The account comes first, as in `fraud.freeze`."""
    account = db.get_one(Account, change.account_id, with_for_update=True)
    one = (_open(now), col(EmailChange.id) == change.id)
    if block_of(db, change.account_id, now) is not None:
        return None
    if not db.exec(update(EmailChange).where(*one).values({SIDES[side]: now})).rowcount:
        return None
    row = db.get_one(EmailChange, change.id, populate_existing=True)
    confirmed = _pending(row)
    if confirmed.is_confirmed:
        row.applied_at = now
        account.email = row.new_email
        if account.role == Role.DEPENDANT:  # what tied the account to a parent's mailbox, until majority
            account.access_ends_on = None
        db.flush()
    return confirmed


def _open(now: datetime) -> ColumnElement[bool]:
    is_over = col(EmailChange.applied_at).is_not(None) | col(EmailChange.cancelled_at).is_not(None)
    return ~is_over & (col(EmailChange.asked_at) > now - LIFE)


def _first(db: Session, *conditions: ColumnElement[bool] | bool) -> PendingChange | None:
    row = db.exec(select(EmailChange).where(*conditions).order_by(col(EmailChange.id).desc())).first()
    return _pending(row) if row else None


def _pending(row: EmailChange) -> PendingChange:
    return PendingChange(
        id=row.id or 0,
        account_id=row.account_id,
        current_email=row.current_email,
        new_email=row.new_email,
        expires_at=row.asked_at + LIFE,
        current_confirmed_at=row.current_confirmed_at,
        new_confirmed_at=row.new_confirmed_at,
    )
