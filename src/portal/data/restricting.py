"""Restricting what is done with an account's data (GDPR article 18; R-70): kept and read, used for nothing else.

`data/standing.py` makes the account one that reads. What law and contract oblige the insurer to do goes on: benefits
are paid, accounts are kept.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from portal.data.accounts import Account, ProcessingRestriction, Space
from portal.data.cases import WrongState
from portal.data.sessions import Viewer
from portal.security import Keyring


class Ground(StrEnum):
    """The four cases of article 18(1). Stored."""

    ACCURACY = "exactitude"
    UNLAWFUL = "illicite"
    CLAIMS = "defense"
    OBJECTION = "opposition"


def restrictions_of(db: Session, viewer: Viewer) -> Sequence[ProcessingRestriction]:
    """The viewer's, the newest first; the first one is open while the account is limited."""
    query = select(ProcessingRestriction).where(ProcessingRestriction.account_id == viewer.account_id)
    return db.exec(query.order_by(col(ProcessingRestriction.id).desc())).all()


def restriction_under_way(db: Session, viewer: Viewer) -> ProcessingRestriction | None:
    """The one that limits the viewer's account now."""
    return open_restriction(db, viewer.account_id)


def restrict(db: Session, viewer: Viewer, ground: Ground, now: datetime) -> bool:
    """Limits the viewer's account from the next request on; whether it was not so already."""
    _lock(db, viewer.account_id)
    if open_restriction(db, viewer.account_id) is not None:
        return False
    db.add(ProcessingRestriction(account_id=viewer.account_id, ground=ground, started_at=now))
    db.flush()
    return True


def lift(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Gives the viewer's account back all its uses; whether it was limited."""
    _lock(db, viewer.account_id)
    return _end(db, viewer.account_id, viewer, None, now)


def lift_by_desk(
    db: Session, agent: Viewer, keyring: Keyring, account_id: int, reason: str, now: datetime
) -> str | None:
    """The same by the desk, for a reason that the holder must be told of (GDPR 18(3)): where to write to, in this very
    transaction, empty without an address; None when the account was not limited.

    Raises `PermissionError` for others, `WrongState` without a reason.
    """
    if agent.space != Space.DESK:
        raise PermissionError
    if not reason.strip():
        raise WrongState
    account = _lock(db, account_id)
    return account.email if _end(db, account_id, agent, keyring.encrypt(reason), now) else None


def _lock(db: Session, account_id: int) -> Account:
    """Two tabs come one after the other: at most one restriction is open."""
    return db.get_one(Account, account_id, with_for_update=True)


def open_restriction(db: Session, account_id: int) -> ProcessingRestriction | None:
    """The one that limits an account now. The caller has found the account."""
    mine = (ProcessingRestriction.account_id == account_id, col(ProcessingRestriction.ended_at).is_(None))
    return db.exec(select(ProcessingRestriction).where(*mine).execution_options(populate_existing=True)).first()


def _end(db: Session, account_id: int, by: Viewer, reason: bytes | None, now: datetime) -> bool:
    row = open_restriction(db, account_id)
    if row is None:
        return False
    row.ended_at, row.ended_by, row.ended_reason_encrypted = now, by.account_id, reason
    db.add(row)
    db.flush()
    return True
