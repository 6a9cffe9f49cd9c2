"""Deleting one's own account (R-66): asked, confirmed by a link, taken back within seven days, then erased.

Confirming needs no viewer: whoever confirms comes by a link that `data.links` has just used up for this account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from portal.data.accounts import Account, AccountClosing, AccountDeletion, AccountSuspension
from portal.data.links import LIVES, LinkPurpose
from portal.data.retention_holds import not_held
from portal.data.sessions import Viewer

REGRET = timedelta(days=7)
CLOSING_REASON = "Compte supprimé à la demande de son titulaire."


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion under way; `erase_after` (UTC) is None until the link has been followed. A restored account has seven
    days again, whatever the request says."""

    id: int
    account_id: int
    asked_at: datetime
    erase_after: datetime | None


def ask_deletion(db: Session, viewer: Viewer, now: datetime) -> int:
    """Asks for the viewer's account to be deleted, and returns the request's id; an earlier one is given up."""
    db.get_one(Account, viewer.account_id, with_for_update=True)
    cancel_deletion(db, viewer, now)
    row = AccountDeletion(account_id=viewer.account_id, asked_at=now)
    db.add(row)
    db.flush()
    return row.id or 0


def deletion_under_way(db: Session, viewer: Viewer, now: datetime) -> Deletion | None:
    """The viewer's deletion, confirmed, or asked for within the life of its link."""
    is_alive = col(AccountDeletion.confirmed_at).is_not(None) | (col(AccountDeletion.asked_at) > now - _LINK_LIFE)
    mine = (col(AccountDeletion.account_id) == viewer.account_id, _unfinished(), is_alive)
    row = db.exec(select(AccountDeletion).where(*mine).order_by(col(AccountDeletion.id).desc())).first()
    return _deletion(row, _restored_at(db, viewer)) if row else None


def confirm_deletion(db: Session, account_id: int, subject: str, now: datetime) -> Deletion | None:
    """Confirms the request that a link's subject names; None when it was taken back, or is confirmed already."""
    one = (
        col(AccountDeletion.id) == int(subject),
        col(AccountDeletion.account_id) == account_id,
        col(AccountDeletion.confirmed_at).is_(None),
        _unfinished(),
    )
    values = {"confirmed_at": now, "erase_after": now + REGRET}
    if not db.exec(update(AccountDeletion).where(*one).values(values)).rowcount:
        return None
    return _deletion(db.get_one(AccountDeletion, int(subject), populate_existing=True))


def cancel_deletion(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Takes the viewer's deletion back; False when there is none, or when the account has been erased."""
    mine = (col(AccountDeletion.account_id) == viewer.account_id, _unfinished())
    return bool(db.exec(update(AccountDeletion).where(*mine).values(cancelled_at=now)).rowcount)


def due_deletions(db: Session, now: datetime) -> list[int]:
    """The requests whose seven days are over. Those days stand still while the account is suspended, and start anew
    when it is restored: who reported a fraud must be able to take back what somebody else asked for (R-13). Nor is
    anything erased that a dispute needs (GDPR, article 17.3.e), until that hold is lifted."""
    query = select(AccountDeletion.id).where(_due(now)).order_by(col(AccountDeletion.id))
    return [row or 0 for row in db.exec(query)]


def claim_deletion(db: Session, deletion_id: int, now: datetime) -> int | None:
    """Marks a due request as carried out and closes its account for good, in the transaction that erases it; the
    account's id, or None when it was taken back, or when another process is ahead."""
    one = (col(AccountDeletion.id) == deletion_id, _due(now))
    if not db.exec(update(AccountDeletion).where(*one).values(erased_at=now)).rowcount:
        return None
    account_id = db.get_one(AccountDeletion, deletion_id, populate_existing=True).account_id
    if db.get(AccountClosing, account_id) is None:
        db.add(AccountClosing(account_id=account_id, reason=CLOSING_REASON, closed_at=now))
        db.flush()
    return account_id


_LINK_LIFE = LIVES[LinkPurpose.DELETION]


def _unfinished() -> ColumnElement[bool]:
    return col(AccountDeletion.cancelled_at).is_(None) & col(AccountDeletion.erased_at).is_(None)


def _due(now: datetime) -> ColumnElement[bool]:
    on_hold = select(AccountSuspension.id).where(
        AccountSuspension.account_id == AccountDeletion.account_id,
        col(AccountSuspension.ended_at).is_(None) | (col(AccountSuspension.ended_at) > now - REGRET),
    )
    is_free = ~on_hold.exists() & not_held(col(AccountDeletion.account_id))
    return _unfinished() & (col(AccountDeletion.erase_after) <= now) & is_free


def _restored_at(db: Session, viewer: Viewer) -> datetime | None:
    ended = select(func.max(AccountSuspension.ended_at)).where(AccountSuspension.account_id == viewer.account_id)
    return db.exec(ended).one()


def _deletion(row: AccountDeletion, restored_at: datetime | None = None) -> Deletion:
    days = [row.erase_after, restored_at + REGRET if restored_at else None]
    until = max(day for day in days if day is not None) if row.erase_after else None
    return Deletion(row.id or 0, row.account_id, row.asked_at, until)
