"""Until when agents are away: nothing is assigned to them meanwhile, and nothing waits for them."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.columns import Index, instant
from portal.data.standing import closed, suspended


class DeskAbsence(SQLModel, table=True):
    """`until`: the last day away. The newest row of an agent counts; `ended_at`: came back sooner."""

    __tablename__ = "desk_absence"
    __table_args__ = (Index("ix_desk_absence_account", "account_id", "until"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    until: date
    declared_at: datetime = instant()
    declared_by: int = Field(foreign_key="account.id")
    ended_at: datetime | None = instant(default=None)


def is_away(db: Session, account_id: int, day: date) -> bool:
    """Whether an agent is away on a day; whoever's account is suspended or closed is."""
    gone = select(Account.id).where(Account.id == account_id, or_(suspended, closed))
    return account_id in away_until(db, [account_id], day) or db.exec(gone).first() is not None


def away_until(db: Session, accounts: Iterable[int], day: date) -> dict[int, date]:
    """Of those of the accounts that are away on a day, the last day of it."""
    query = select(DeskAbsence).where(
        col(DeskAbsence.account_id).in_(list(accounts)), DeskAbsence.until >= day, col(DeskAbsence.ended_at).is_(None)
    )
    return {row.account_id: row.until for row in db.exec(query.order_by(col(DeskAbsence.id)))}


def declare_away(db: Session, account_id: int, until: date, now: datetime, *, by: int) -> None:
    """An agent is away until the end of a day, whatever was said before."""
    end_absences(db, account_id, now)
    db.add(DeskAbsence(account_id=account_id, until=until, declared_at=now, declared_by=by))
    db.flush()


def end_absences(db: Session, account_id: int, now: datetime) -> None:
    """An agent is back."""
    standing = select(DeskAbsence).where(DeskAbsence.account_id == account_id, col(DeskAbsence.ended_at).is_(None))
    for row in db.exec(standing):
        row.ended_at = now
        db.add(row)
    db.flush()
