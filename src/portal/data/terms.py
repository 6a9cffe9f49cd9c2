"""The terms of use (CGU): published versions, and the rows that say who accepted which, as R-14 to R-16 demand.

Versions are public, so there is no viewer here; who accepted them is `data/acceptances.py`'s business.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Text, UniqueConstraint, func
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


class NotPublishable(Exception):
    """The text cannot become the next version; the message says why."""


def digest_of(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def terms_in_force(db: Session, now: datetime) -> TermsVersion | None:
    """The version to accept at `now` (UTC), the same that `data/sessions.py` asks for; None before the first one."""
    effective = select(TermsVersion).where(TermsVersion.effective_at <= now)
    return db.exec(effective.order_by(col(TermsVersion.number).desc()).limit(1)).first()


def announced_terms(db: Session, now: datetime) -> TermsVersion | None:
    """The newest version, when it takes effect after `now` (UTC)."""
    newest = newest_terms(db)
    return newest if newest is not None and newest.effective_at > now else None


def newest_terms(db: Session) -> TermsVersion | None:
    """The version published last, in force or not."""
    return db.exec(select(TermsVersion).order_by(col(TermsVersion.number).desc()).limit(1)).first()


def published_terms(db: Session) -> Sequence[TermsVersion]:
    """Every version, newest first."""
    return db.exec(select(TermsVersion).order_by(col(TermsVersion.number).desc())).all()


def terms_since(db: Session, before: TermsVersion, last: TermsVersion) -> Sequence[TermsVersion]:
    """The versions after `before`, up to `last`, oldest first."""
    between = (TermsVersion.number > before.number, TermsVersion.number <= last.number)
    return db.exec(select(TermsVersion).where(*between).order_by(TermsVersion.number)).all()


def find_terms(db: Session, number: int) -> TermsVersion | None:
    """The version of that number."""
    return db.get(TermsVersion, number)


def draft_terms(db: Session, text: str, changes: str, effective_at: datetime, now: datetime) -> TermsVersion:
    """The next version, not yet stored. `effective_at`, `now`: UTC. Raises `NotPublishable`."""
    newest = newest_terms(db)
    number = 1 + (newest.number if newest else 0)
    draft = TermsVersion(
        number=number,
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
        raise NotPublishable(f"this is the text of version {newest.number} already")
    if not draft.changes.strip():
        raise NotPublishable("say what changes, in words: people read it before they accept (--changes)")
    if draft.effective_at < draft.published_at:
        raise NotPublishable("a new version takes effect now or later: nobody was asked to accept it before")
    if draft.effective_at < newest.effective_at:
        raise NotPublishable(f"it cannot take effect before version {newest.number} does")


def publish_terms(db: Session, draft: TermsVersion) -> None:
    """Stores a version, for good: the database refuses any change to it. Raises `IntegrityError` when its number was
    taken meanwhile. The caller records `terms.published` with the version's `proof`."""
    db.add(draft)
    db.flush()


def count_acceptances(db: Session) -> dict[int, int]:
    """How many accounts accepted each version, by its number."""
    counted = select(TermsAcceptance.version, func.count()).group_by(TermsAcceptance.version)
    return dict(db.exec(counted).all())
