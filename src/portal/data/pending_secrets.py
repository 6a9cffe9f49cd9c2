"""Secrets shown for a while to the session that had them made: an application's key to scan, codes to note down, the
secret of a practice's software.

They are encrypted, and gone once the person is done, or after their time.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, update
from sqlmodel import Field, Session, SQLModel, col

from portal.data.columns import Index, instant
from portal.data.sessions import Viewer
from portal.security import Keyring, fingerprint


class Kind(StrEnum):
    TOTP = "application"
    RECOVERY_CODES = "codes-de-secours"
    SOFTWARE = "logiciel"


# The codes outlive the reading of new terms, which come before anything else at a first sign-in.
LIVES = {
    Kind.TOTP: timedelta(minutes=15),
    Kind.RECOVERY_CODES: timedelta(hours=1),
    Kind.SOFTWARE: timedelta(minutes=15),
}


class PendingSecret(SQLModel, table=True):
    """`session_hash`: the session's own key, which moves when its token is renewed (`follow_session`)."""

    __tablename__ = "pending_secret"
    __table_args__ = (Index("ix_pending_secret_account", "account_id"),)

    session_hash: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    encrypted: bytes
    expires_at: datetime = instant()


def keep_secret(db: Session, viewer: Viewer, keyring: Keyring, kind: Kind, text: str, now: datetime) -> None:
    """Keeps a secret for the viewer's session, in place of an earlier one; what has expired leaves."""
    db.exec(delete(PendingSecret).where(col(PendingSecret.expires_at) <= now))
    forget_secret(db, viewer, kind)
    db.add(
        PendingSecret(
            session_hash=viewer.session_hash,
            kind=kind,
            account_id=viewer.account_id,
            encrypted=keyring.encrypt(text),
            expires_at=now + LIVES[kind],
        )
    )
    db.flush()


def find_secret(db: Session, viewer: Viewer, keyring: Keyring, kind: Kind, now: datetime) -> str | None:
    """The secret kept for the viewer's session, or None when there is none (any more)."""
    row = db.get(PendingSecret, (viewer.session_hash, kind))
    is_good = row is not None and row.expires_at > now and row.account_id == viewer.account_id
    return keyring.decrypt(row.encrypted) if row is not None and is_good else None


def forget_secret(db: Session, viewer: Viewer, kind: Kind) -> None:
    """Erases it."""
    mine = (PendingSecret.session_hash == viewer.session_hash, PendingSecret.kind == kind)
    db.exec(delete(PendingSecret).where(*mine))


def follow_session(db: Session, viewer: Viewer, token: str) -> None:
    """Moves the viewer's secrets to the session's new token."""
    mine = PendingSecret.session_hash == viewer.session_hash
    db.exec(update(PendingSecret).where(mine).values(session_hash=fingerprint(token)))
