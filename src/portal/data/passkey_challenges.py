"""Challenges that a passkey signs: 256 random bits, one use, five minutes, one browser (security: B13).

No viewer here: a challenge is bound to a session, or to the visit of whoever is about to sign in.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, update
from sqlmodel import Field, Session, SQLModel, col

from portal.data.columns import Index, instant
from portal.security import fingerprint

CHALLENGE_BYTES = 32
LIFE = timedelta(minutes=5)


class Ceremony(StrEnum):
    """What the signature is for. One made for one purpose is worth nothing for another."""

    ENROL = "ajout"
    SIGN_IN = "connexion"
    SECOND_STEP = "seconde-etape"
    CONFIRM = "confirmation"


class PasskeyChallenge(SQLModel, table=True):
    """`binding`: digest of the session or visit it was given to."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (Index("ix_challenge_expiry", "expires_at"),)

    digest: str = Field(primary_key=True)
    binding: str
    ceremony: str
    expires_at: datetime = instant()
    used_at: datetime | None = instant(default=None)


def issue_challenge(db: Session, binding: str, ceremony: Ceremony, now: datetime) -> bytes:
    """A new challenge; expired ones leave, so that the table holds the last minutes alone."""
    db.exec(delete(PasskeyChallenge).where(col(PasskeyChallenge.expires_at) <= now))
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    db.add(
        PasskeyChallenge(
            digest=fingerprint(challenge.hex()),
            binding=fingerprint(binding),
            ceremony=ceremony,
            expires_at=now + LIFE,
        )
    )
    db.flush()
    return challenge


def use_challenge(db: Session, challenge: bytes, binding: str, ceremony: Ceremony, now: datetime) -> bool:
    """Uses a challenge up; False when it was not given to this browser for this, has expired or has served."""
    usable = (
        PasskeyChallenge.digest == fingerprint(challenge.hex()),
        PasskeyChallenge.binding == fingerprint(binding),
        PasskeyChallenge.ceremony == ceremony,
        col(PasskeyChallenge.expires_at) > now,
        col(PasskeyChallenge.used_at).is_(None),
    )
    return bool(db.exec(update(PasskeyChallenge).where(*usable).values(used_at=now)).rowcount)
