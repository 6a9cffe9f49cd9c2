"""Codes e-mailed to whoever signs in from a browser not seen before: six digits, ten minutes, five tries, once.

A code belongs to the session that waits for it. Only its keyed hash is stored.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.sessions import Viewer
from portal.security import Keyring

LIFE = timedelta(minutes=10)
MOST_TRIES = 5


class EmailCode(SQLModel, table=True):
    """The session's last code is the one that counts."""

    __tablename__ = "email_code"
    __table_args__ = (Index("ix_email_code_session", "session_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    session_hash: str
    code_lookup: str
    sent_at: datetime = instant()
    tries: int = 0
    used_at: datetime | None = instant(default=None)


def make_code(db: Session, viewer: Viewer, keyring: Keyring, now: datetime) -> str:
    """A new code for the viewer's waiting session; earlier ones are worth nothing any more."""
    code = f"{secrets.randbelow(1_000_000):06}"
    lookup = keyring.lookup(_bound(viewer, code))
    db.add(EmailCode(account_id=viewer.account_id, session_hash=viewer.session_hash, code_lookup=lookup, sent_at=now))
    db.flush()
    return code


def use_code(db: Session, viewer: Viewer, keyring: Keyring, code: str, now: datetime) -> bool:
    """Whether it is the session's code, still good; it is used up, or the try is counted."""
    row = _last(db, viewer)
    if row is None or row.used_at is not None or row.tries >= MOST_TRIES or now >= row.sent_at + LIFE:
        return False
    is_right = row.code_lookup in keyring.lookups(_bound(viewer, code))
    row.used_at = now if is_right else None
    row.tries += 1
    db.flush()
    return is_right


def purge(db: Session, now: datetime) -> int:
    """Removes the codes that expired; how many."""
    return int(db.exec(delete(EmailCode).where(col(EmailCode.sent_at) < now - LIFE)).rowcount)


def _last(db: Session, viewer: Viewer) -> EmailCode | None:
    query = select(EmailCode).where(EmailCode.session_hash == viewer.session_hash).order_by(col(EmailCode.id).desc())
    return db.exec(query.limit(1).with_for_update()).first()


def _bound(viewer: Viewer, code: str) -> str:
    return f"email-code {viewer.session_hash} {code}"
