"""Closed accounts that the insurer opened again (R-63): the closing that was taken back stays written here.

An account whose data was erased has nothing left to open; one whose cover ended more than two years ago stays closed
by that (R-64).
"""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, AccountClosing, AccountDeletion
from portal.data.columns import Index, instant
from portal.data.deaths import is_dead
from portal.data.sessions import Viewer


class AccountReopening(SQLModel, table=True):
    """A closing and its end; both reasons are what the holder was told."""

    __tablename__ = "account_reopening"
    __table_args__ = (Index("ix_reopening_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    closing_reason: str = Field(sa_type=Text)
    closed_at: datetime = instant()
    closed_by: int | None = Field(default=None, foreign_key="account.id")
    reason: str = Field(sa_type=Text)
    reopened_at: datetime = instant()
    reopened_by: int | None = Field(default=None, foreign_key="account.id")


def may_reopen(db: Session, account: Account) -> bool:
    """Whether a closed account still has what it was, and somebody to use it: not after its erasure, nor while its
    holder's death is recorded, which is undone instead."""
    if account.person_id is not None and is_dead(db, account.person_id):
        return False
    erased = select(AccountDeletion.id).where(
        AccountDeletion.account_id == account.id, col(AccountDeletion.erased_at).is_not(None)
    )
    return bool(account.password_hash) and db.exec(erased).first() is None


def reopen(db: Session, viewer: Viewer, account: Account, reason: str, now: datetime) -> bool:
    """Opens a closed account again; False when it is not closed, or when nothing is left of it."""
    closing = db.get(AccountClosing, account.id, with_for_update=True)
    if closing is None or not may_reopen(db, account):
        return False
    row = AccountReopening(
        account_id=closing.account_id,
        closing_reason=closing.reason,
        closed_at=closing.closed_at,
        closed_by=closing.closed_by,
        reason=reason,
        reopened_at=now,
        reopened_by=viewer.account_id,
    )
    db.delete(closing)
    db.add(row)
    db.flush()
    return True


def reopenings_of(db: Session, account_id: int) -> list[AccountReopening]:
    """The account's closings that were taken back, newest first."""
    query = select(AccountReopening).where(AccountReopening.account_id == account_id)
    return list(db.exec(query.order_by(col(AccountReopening.id).desc())))
