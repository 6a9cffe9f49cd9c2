"""Signed-in sessions: our own table, looked up on every request, ended at once (security: no fixation, no revival).

The cookie holds a signed random token; the row holds the token's SHA-256. Idle time is judged on `seen_at`, which the
journal refreshes in batches; absolute time on `created_at`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Update, bindparam, select, update
from sqlmodel import Field, Session, SQLModel

from portal.data.accounts import Account, Space
from portal.data.columns import Index, instant
from portal.data.prepared import Prepared
from portal.security import fingerprint, new_token


class Stage(StrEnum):
    """CODE: the password was right, the second factor is due. FULL: signed in."""

    CODE = "code"
    FULL = "complete"


class SignedSession(SQLModel, table=True):
    """One browser signed in to one account."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_account", "account_id"),)

    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    stage: str
    created_at: datetime = instant()
    seen_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Idle and absolute life of a session."""

    idle: timedelta
    absolute: timedelta


LIMITS = {
    Space.MEMBER: Limits(timedelta(minutes=20), timedelta(hours=12)),
    Space.EMPLOYER: Limits(timedelta(minutes=15), timedelta(hours=8)),
    Space.PROVIDER: Limits(timedelta(minutes=15), timedelta(hours=8)),
    Space.DESK: Limits(timedelta(minutes=10), timedelta(hours=4)),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking: the signed-in account, as every function of `data/` that touches personal data receives it."""

    account_id: int
    space: str
    role: str
    display_name: str
    organisation: str
    person_id: int | None
    stage: str
    session_hash: str


_FIND = Prepared(
    select(
        Account.id,
        Account.space,
        Account.role,
        Account.display_name,
        Account.organisation,
        Account.person_id,
        SignedSession.stage,
        SignedSession.token_hash,
        SignedSession.created_at,
        SignedSession.seen_at,
    ).where(
        SignedSession.account_id == Account.id,
        SignedSession.token_hash == bindparam("token_hash"),
        SignedSession.ended_at.is_(None),
    )
)


def find_viewer(db: Session, token: str, now: datetime) -> Viewer | None:
    """The viewer behind a session token, or None when the session is unknown, ended or past its limits."""
    row = _FIND.first(db, {"token_hash": fingerprint(token)})
    if row is None:
        return None
    viewer, (created_at, seen_at) = Viewer(*row[:8]), row[8:]
    limits = LIMITS[Space(viewer.space)]
    is_over = now - seen_at > limits.idle or now - created_at > limits.absolute
    return None if is_over else viewer


def open_session(
    db: Session, account_id: int, stage: Stage, now: datetime, address: str = "", browser: str = ""
) -> str:
    """Opens a session under a new random token (never one that the browser proposed), and returns the token."""
    token = new_token()
    db.add(
        SignedSession(
            token_hash=fingerprint(token),
            account_id=account_id,
            stage=stage,
            created_at=now,
            seen_at=now,
            address=address,
            browser=browser[:200],
        )
    )
    db.flush()
    return token


def end_session(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Ends the viewer's session; whether it was still open. An ended session is never opened again."""
    return bool(db.exec(_end(now).where(SignedSession.token_hash == viewer.session_hash)).rowcount)


def end_sessions_of(db: Session, account_id: int, now: datetime) -> None:
    """Ends every session of an account."""
    db.exec(_end(now).where(SignedSession.account_id == account_id))


def refresh_sessions(db: Session, seen: dict[str, datetime]) -> None:
    """Moves `seen_at` forward for the sessions (by token hash) that made a request; never back, never once ended."""
    for token_hash, at in seen.items():
        db.exec(
            update(SignedSession)
            .where(
                SignedSession.token_hash == token_hash,
                SignedSession.ended_at.is_(None),
                SignedSession.seen_at < at,
            )
            .values(seen_at=at)
        )


def _end(now: datetime) -> Update:
    return update(SignedSession).where(SignedSession.ended_at.is_(None)).values(ended_at=now)
