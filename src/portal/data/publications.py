"""What the insurer publishes from its desk, by four eyes: one person prepares, a supervisor who is not that person
publishes (R-61, R-65). What a kind holds stands in that kind's table, keyed by the publication.

Whether something is in effect follows from its day at each reading; no job has to run for it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.columns import Index, instant
from portal.data.sessions import Viewer


class Nature(StrEnum):
    """What is published; the value stands in addresses."""

    TERMS = "conditions"
    ARTICLE = "article"
    GUARANTEES = "garanties"
    DIRECTORY = "annuaire"
    NATIONAL_DIRECTORY = "annuaire-sante"


class PublicationState(StrEnum):
    WAITING = "a-relire"
    SCHEDULED = "programmee"
    IN_EFFECT = "en-vigueur"
    CANCELLED = "annulee"


class Publication(SQLModel, table=True):
    """Something prepared, then published or given up. `sha256`: of what is published, byte for byte. `effective_at`:
    from when on; None while it takes effect as soon as it is published. `prepared_by`: who wrote it last."""

    __tablename__ = "publication"
    __table_args__ = (Index("ix_publication_nature", "nature", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    nature: str
    title: str
    sha256: str = Field(max_length=64)
    effective_at: datetime | None = instant(default=None)
    prepared_by: int = Field(foreign_key="account.id")
    prepared_at: datetime = instant()
    approved_by: int | None = Field(default=None, foreign_key="account.id")
    approved_at: datetime | None = instant(default=None)
    cancelled_by: int | None = Field(default=None, foreign_key="account.id")
    cancelled_at: datetime | None = instant(default=None)

    @property
    def object(self) -> str:
        """How evidence names it: the chain holds the digest of what was published."""
        return f"publication:{self.id} {self.nature} sha256:{self.sha256}"

    @property
    def version(self) -> str:
        """What somebody read: it changes with the text, with the day of effect, with whoever wrote last."""
        day = self.effective_at.isoformat() if self.effective_at else ""
        return digest_of_parts(self.sha256, day, str(self.prepared_by), self.prepared_at.isoformat())

    def state(self, now: datetime) -> PublicationState:
        """Where it stands at an instant (UTC)."""
        if self.cancelled_at is not None:
            return PublicationState.CANCELLED
        if self.approved_at is None:
            return PublicationState.WAITING
        is_ahead = self.effective_at is not None and self.effective_at > now
        return PublicationState.SCHEDULED if is_ahead else PublicationState.IN_EFFECT


class WrongState(Exception):
    """Somebody did something else with it meanwhile."""


class ChangedMeanwhile(Exception):
    """It is no longer what the person read."""


class OwnWork(Exception):
    """Nobody publishes what they prepared."""


class InEffect(Exception):
    """It has taken effect: only another publication changes that."""


def digest_of_parts(*parts: str) -> str:
    """SHA-256 of texts, each after its length, so that none can pass for the next one; hexadecimal."""
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(told.encode()).hexdigest()


def prepare(
    db: Session,
    viewer: Viewer,
    nature: Nature,
    title: str,
    sha256: str,
    effective_at: datetime | None,
    now: datetime,
) -> Publication:
    """A new publication, to be read again by somebody else. The caller adds what its kind holds, and records it."""
    made = Publication(
        nature=nature,
        title=title,
        sha256=sha256,
        effective_at=effective_at,
        prepared_by=viewer.account_id,
        prepared_at=now,
    )
    db.add(made)
    db.flush()
    return made


def rewrite(
    viewer: Viewer, found: Publication, read: str, title: str, sha256: str, effective_at: datetime | None, now: datetime
) -> None:
    """Changes what was prepared in a locked row; whoever changes it is who prepared it. `read`: the `version` that the
    person began from. Raises `WrongState` once it is published, `ChangedMeanwhile`."""
    if found.state(now) is not PublicationState.WAITING:
        raise WrongState
    if found.version != read:
        raise ChangedMeanwhile
    found.title, found.sha256, found.effective_at = title, sha256, effective_at
    found.prepared_by, found.prepared_at = viewer.account_id, now


def find_publication(db: Session, publication_id: int, *, lock: bool = False) -> Publication | None:
    """The publication of that number. The desk has no owner but itself: its permission is the viewer's right."""
    return db.get(Publication, publication_id, with_for_update=True if lock else None, populate_existing=lock)


def approve(viewer: Viewer, found: Publication, read: str, now: datetime) -> None:
    """Publishes what a locked row holds. `read`: the `version` that the person read. What was to take effect earlier
    does so now. Raises `WrongState`, `OwnWork`, `ChangedMeanwhile`."""
    if found.state(now) is not PublicationState.WAITING:
        raise WrongState
    if found.prepared_by == viewer.account_id:
        raise OwnWork
    if found.version != read:
        raise ChangedMeanwhile
    found.approved_by, found.approved_at = viewer.account_id, now
    found.effective_at = max(found.effective_at or now, now)


def cancel(viewer: Viewer, found: Publication, now: datetime) -> None:
    """Gives up a locked one, published or not, before it takes effect. Raises `WrongState`, `InEffect`."""
    if found.state(now) is PublicationState.IN_EFFECT:
        raise InEffect
    if found.state(now) is PublicationState.CANCELLED:
        raise WrongState
    found.cancelled_by, found.cancelled_at = viewer.account_id, now


def hand_back(found: Publication) -> None:
    """What was approved is to be read again: it is no longer what it was when it was."""
    found.approved_by = found.approved_at = None


def publications_of(db: Session, natures: Iterable[Nature], most: int = 50) -> Sequence[Publication]:
    """The latest publications of some kinds, newest first."""
    wanted = select(Publication).where(col(Publication.nature).in_(list(natures)))
    return db.exec(wanted.order_by(col(Publication.id).desc()).limit(most)).all()


def waiting_publications(db: Session, most: int = 50) -> Sequence[Publication]:
    """What waits to be read again, the oldest first."""
    waiting = (col(Publication.approved_at).is_(None), col(Publication.cancelled_at).is_(None))
    return db.exec(select(Publication).where(*waiting).order_by(col(Publication.id)).limit(most)).all()


def scheduled_publications(db: Session, now: datetime, most: int = 50) -> Sequence[Publication]:
    """What is published and takes effect later, the nearest first."""
    ahead = (col(Publication.approved_at).is_not(None), col(Publication.cancelled_at).is_(None))
    wanted = select(Publication).where(*ahead, col(Publication.effective_at) > now)
    return db.exec(wanted.order_by(col(Publication.effective_at), col(Publication.id)).limit(most)).all()


def authors_of(db: Session, found: Iterable[Publication]) -> dict[int, str]:
    """The names of the colleagues who prepared, published or gave up, by account."""
    numbers = {by for one in found for by in (one.prepared_by, one.approved_by, one.cancelled_by) if by}
    accounts = db.exec(select(Account).where(col(Account.id).in_(numbers)))
    return {account.id or 0: account.display_name for account in accounts}
