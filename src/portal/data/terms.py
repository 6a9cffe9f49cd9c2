"""The terms of use (CGU): published versions, and the rows that say who accepted which, as R-14 to R-16 demand.

Versions are public, so there is no viewer here; who accepted them is `data/acceptances.py`'s business.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Text, UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import instant, utc_now


class TermsVersion(SQLModel, table=True):
    """A published text. `text` is Markdown, `sha256` the digest of its UTF-8 bytes, `changes` what is new, in words."""

    __tablename__ = "terms_version"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    text: str = Field(sa_type=Text)
    sha256: str = Field(max_length=64)
    changes: str = Field(default="", sa_type=Text)
    effective_at: datetime = instant()
    published_at: datetime = instant(default_factory=utc_now)

    @property
    def proof(self) -> str:
        """The object of the evidence of this version's publication and acceptances: the chain holds the digest."""
        return f"{self.number} sha256:{self.sha256}"


class TermsAcceptance(SQLModel, table=True):
    """An account accepted a version: « j’accepte les présentes CGU » (R-14), in which capacity (R-15)."""

    __tablename__ = "terms_acceptance"
    __table_args__ = (UniqueConstraint("account_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    version: int = Field(foreign_key="terms_version.number")
    sha256: str = Field(max_length=64)
    capacity: str
    representative_name: str = ""
    accepted_at: datetime = instant(default_factory=utc_now)


class TermsWithdrawal(SQLModel, table=True):
    """A version taken back before it took effect: its text and its number stay, nobody has to accept it."""

    __tablename__ = "terms_withdrawal"

    number: int = Field(primary_key=True, foreign_key="terms_version.number", sa_column_kwargs={"autoincrement": False})
    withdrawn_at: datetime = instant()


class Obstacle(StrEnum):
    """Why a text cannot become the next version."""

    UNREADABLE = "unreadable"
    SAME = "same"
    NO_CHANGES = "no-changes"
    PAST = "past"
    TOO_EARLY = "too-early"
    TAKEN = "taken"
    FILE = "file"


class NotPublishable(Exception):
    """The text cannot become the next version; the message says why to an operator, `obstacle` to a program."""

    def __init__(self, message: str, obstacle: Obstacle = Obstacle.FILE) -> None:
        super().__init__(message)
        self.obstacle = obstacle


def digest_of(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def terms_in_force(db: Session, now: datetime) -> TermsVersion | None:
    """The version to accept at `now` (UTC), the same that `data/sessions.py` asks for; None before the first one."""
    effective = select(TermsVersion).where(TermsVersion.effective_at <= now, standing())
    return db.exec(effective.order_by(col(TermsVersion.number).desc()).limit(1)).first()


def announced_terms(db: Session, now: datetime) -> TermsVersion | None:
    """The newest version, when it takes effect after `now` (UTC)."""
    newest = newest_terms(db)
    return newest if newest is not None and newest.effective_at > now else None


def newest_terms(db: Session) -> TermsVersion | None:
    """The version published last, in force or not, of those that were not taken back."""
    return db.exec(select(TermsVersion).where(standing()).order_by(col(TermsVersion.number).desc()).limit(1)).first()


def next_number(db: Session) -> int:
    """The number of the next version; that of one taken back is not given again."""
    return (db.exec(select(func.max(TermsVersion.number))).one() or 0) + 1


def withdrawn_numbers(db: Session) -> set[int]:
    """The versions that were taken back before they took effect."""
    return set(db.exec(select(TermsWithdrawal.number)))


def standing() -> ColumnElement[bool]:
    """Condition: a version was not taken back."""
    return col(TermsVersion.number).not_in(select(TermsWithdrawal.number))


def published_terms(db: Session) -> Sequence[TermsVersion]:
    """Every version, newest first."""
    return db.exec(select(TermsVersion).order_by(col(TermsVersion.number).desc())).all()


def previous_terms(db: Session, terms: TermsVersion) -> TermsVersion | None:
    """The version before one, of those that were not taken back."""
    earlier = select(TermsVersion).where(TermsVersion.number < terms.number, standing())
    return db.exec(earlier.order_by(col(TermsVersion.number).desc()).limit(1)).first()


def terms_since(db: Session, before: TermsVersion, last: TermsVersion) -> Sequence[TermsVersion]:
    """The versions after `before`, up to `last`, oldest first."""
    between = (TermsVersion.number > before.number, TermsVersion.number <= last.number, standing())
    return db.exec(select(TermsVersion).where(*between).order_by(TermsVersion.number)).all()


def find_terms(db: Session, number: int) -> TermsVersion | None:
    """The version of that number."""
    return db.get(TermsVersion, number)


def draft_terms(db: Session, text: str, changes: str, effective_at: datetime, now: datetime) -> TermsVersion:
    """The next version, not yet stored. `effective_at`, `now`: UTC. Raises `NotPublishable`."""
    newest = newest_terms(db)
    draft = TermsVersion(
        number=next_number(db),
        text=text,
        sha256=digest_of(text),
        changes=changes,
        effective_at=effective_at,
        published_at=now,
    )
    if newest is not None:
        _follows(newest, draft)
    return draft


def _follows(newest: TermsVersion, draft: TermsVersion) -> None:
    if draft.sha256 == newest.sha256:
        raise NotPublishable(f"this is the text of version {newest.number} already", Obstacle.SAME)
    if not draft.changes.strip():
        raise NotPublishable(
            "say what changes, in words: people read it before they accept (--changes)", Obstacle.NO_CHANGES
        )
    if draft.effective_at < draft.published_at:
        message = "a new version takes effect now or later: nobody was asked to accept it before"
        raise NotPublishable(message, Obstacle.PAST)
    if draft.effective_at < newest.effective_at:
        raise NotPublishable(f"it cannot take effect before version {newest.number} does", Obstacle.TOO_EARLY)


def publish_terms(db: Session, draft: TermsVersion) -> None:
    """Stores a version, for good: the database refuses any change to it. Raises `IntegrityError` when its number was
    taken meanwhile. The caller records `terms.published` with the version's `proof`."""
    db.add(draft)
    db.flush()


def withdraw_terms(db: Session, terms: TermsVersion, now: datetime) -> bool:
    """Takes back a version that has not taken effect; whether it could be. The caller records it."""
    if terms.effective_at <= now or db.get(TermsWithdrawal, terms.number) is not None:
        return False
    db.add(TermsWithdrawal(number=terms.number, withdrawn_at=now))
    db.flush()
    return True


def count_acceptances(db: Session) -> dict[int, int]:
    """How many accounts accepted each version, by its number."""
    counted = select(TermsAcceptance.version, func.count()).group_by(TermsAcceptance.version)
    return dict(db.exec(counted).all())
