"""The sessions open on the viewer's account, and ending them, with effect on the very next request (security: C5)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from portal.data.accounts import Space
from portal.data.evidence import SESSION_PREFIX
from portal.data.session_limits import LIMITS
from portal.data.sessions import SignedSession, Stage, Viewer


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser signed in now. `id` is the start of the session's hash, as a number; instants are UTC."""

    id: int
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime
    is_complete: bool
    is_this_one: bool


def session_number(session: SignedSession) -> int:
    """The start of a session's hash as a number, which names it in addresses, concealed."""
    return int(session.token_hash[:SESSION_PREFIX], 16)


def open_sessions(db: Session, viewer: Viewer, now: datetime) -> list[OpenSession]:
    """The viewer's sessions that still work: this one first, then the last seen first."""
    rows = db.exec(select(SignedSession).where(_open(viewer, now)).order_by(col(SignedSession.seen_at).desc()))
    return sorted((_shown(row, viewer) for row in rows), key=lambda session: not session.is_this_one)


def end_session_by_id(db: Session, viewer: Viewer, session_id: int, now: datetime) -> bool:
    """Ends one of the viewer's sessions; False when the viewer has no such session open."""
    named = col(SignedSession.token_hash).startswith(f"{session_id:0{SESSION_PREFIX}x}")
    return bool(db.exec(update(SignedSession).where(_open(viewer, now), named).values(ended_at=now)).rowcount)


def _open(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    limits = LIMITS[Space(viewer.space)]
    return (
        (col(SignedSession.account_id) == viewer.account_id)
        & col(SignedSession.ended_at).is_(None)
        & (col(SignedSession.seen_at) >= now - limits.idle)
        & (col(SignedSession.created_at) >= now - limits.absolute)
    )


def _shown(row: SignedSession, viewer: Viewer) -> OpenSession:
    return OpenSession(
        id=session_number(row),
        address=row.address,
        browser=row.browser,
        created_at=row.created_at,
        seen_at=row.seen_at,
        is_complete=row.stage == Stage.FULL,
        is_this_one=row.token_hash == viewer.session_hash,
    )
