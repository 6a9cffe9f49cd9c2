"""What the desk does to accounts (R-63): suspend, lift, close, end sessions. Effect on the very next request.

Each act holds the account's row until the transaction ends, so that two acts at once come one after the other. `viewer`
is None for an operator at the server. Nobody acts on their own account, on one of their household, nor on one that they
do not reach.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from portal.data.accounts import Account, AccountClosing, AccountSuspension, SuspensionKind
from portal.data.desk_accounts import is_near_account, reached
from portal.data.evidence import SESSION_PREFIX
from portal.data.passwords import set_password
from portal.data.sessions import SignedSession, Viewer, end_sessions_of


class NotAllowed(Exception):
    """The viewer may not act on this account: their own, a relative's, or out of reach."""


def target(db: Session, viewer: Viewer | None, account_id: int) -> Account:
    """The account to act on, held until the transaction ends; raises `NotAllowed`."""
    within = [] if viewer is None else [reached(viewer)]
    account = db.exec(select(Account).where(col(Account.id) == account_id, *within).with_for_update()).first()
    if account is None or (viewer is not None and is_near_account(db, viewer, account)):
        raise NotAllowed
    return account


def suspend(db: Session, viewer: Viewer | None, account: Account, reason: str, now: datetime) -> bool:
    """Suspends the account and ends its sessions; False when the insurer has suspended or closed it already."""
    ours = select(AccountSuspension.id).where(_open_suspension(account, SuspensionKind.INSURER))
    if db.exec(ours).first() is not None or _is_closed(db, account):
        return False
    by = viewer.account_id if viewer else None
    row = AccountSuspension(account_id=account.id or 0, reason=reason, started_at=now, started_by=by)
    db.add(row)
    db.flush()
    end_sessions_of(db, account.id or 0, now)
    return True


def lift(
    db: Session,
    viewer: Viewer | None,
    account: Account,
    now: datetime,
    kind: SuspensionKind = SuspensionKind.INSURER,
) -> bool:
    """Ends the account's suspension; False when there is none. A freeze after a fraud is lifted by its case (R-13)."""
    by = viewer.account_id if viewer else None
    ended = update(AccountSuspension).where(_open_suspension(account, kind)).values(ended_at=now, ended_by=by)
    return bool(db.exec(ended).rowcount)


def close(db: Session, viewer: Viewer | None, account: Account, reason: str, now: datetime) -> bool:
    """Closes the account for good and ends its sessions; False when it is closed already."""
    if _is_closed(db, account):
        return False
    by = viewer.account_id if viewer else None
    db.add(AccountClosing(account_id=account.id or 0, reason=reason, closed_at=now, closed_by=by))
    db.flush()
    end_sessions_of(db, account.id or 0, now)
    return True


def end_sessions(db: Session, account: Account, now: datetime) -> int:
    """Ends every session of the account; how many were open."""
    return int(db.exec(update(SignedSession).where(*_open_sessions(account)).values(ended_at=now)).rowcount)


def end_one_session(db: Session, account: Account, session_id: int, now: datetime) -> bool:
    """Ends the session whose hash starts with this number; False when the account has no such session open."""
    named = col(SignedSession.token_hash).startswith(f"{session_id:0{SESSION_PREFIX}x}")
    ended = update(SignedSession).where(*_open_sessions(account), named).values(ended_at=now)
    return bool(db.exec(ended).rowcount)


def forget_password(db: Session, account: Account, unusable: str, now: datetime) -> None:
    """Makes the account's password open nothing, and ends its sessions. `unusable`: the hash of a password that nobody
    knows."""
    set_password(db, account.id or 0, unusable, now)
    end_sessions_of(db, account.id or 0, now)


def account_by_identifier(db: Session, identifier: str) -> Account | None:
    """The account of an identifier, for an operator at the server, who reads."""
    return db.exec(select(Account).where(col(Account.identifier) == identifier)).first()


def open_session_count(db: Session, account: Account) -> int:
    """How many sessions of the account nobody has ended."""
    return db.exec(select(func.count()).where(*_open_sessions(account))).one()


def is_frozen(db: Session, account: Account) -> bool:
    """Whether a fraud report still freezes the account, and nobody has closed it."""
    is_open = _open_suspension(account, SuspensionKind.FRAUD)
    return db.exec(select(AccountSuspension.id).where(is_open)).first() is not None and not _is_closed(db, account)


def _open_sessions(account: Account) -> tuple[ColumnElement[bool], ...]:
    return (col(SignedSession.account_id) == account.id, col(SignedSession.ended_at).is_(None))


def _open_suspension(account: Account, kind: SuspensionKind) -> ColumnElement[bool]:
    of_kind = col(AccountSuspension.kind) == kind
    return (col(AccountSuspension.account_id) == account.id) & of_kind & col(AccountSuspension.ended_at).is_(None)


def _is_closed(db: Session, account: Account) -> bool:
    return db.get(AccountClosing, account.id) is not None
