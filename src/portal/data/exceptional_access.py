"""Exceptional access (break-glass, R-72): a supervisor reads one person's care lines, claims and documents, for half an
hour, for a written motive; another supervisor reviews it afterwards.

Nobody opens their own record, nor that of somebody on a contract of theirs. Nothing is changed by it, and its time
cannot be lengthened: `parameter` « acces-exceptionnel » says how long, thirty minutes when no row does, never longer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Role
from portal.data.columns import Index, instant
from portal.data.households import circle_of
from portal.data.parameters import Parameter
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring

PARAMETER = "acces-exceptionnel"
MINUTES = 30
LONGEST_MOTIVE = 500


class Verdict(StrEnum):
    """What the other supervisor found. Values are stored."""

    JUSTIFIED = "justifie"
    DOUBTFUL = "a-approfondir"
    UNJUSTIFIED = "injustifie"


class ExceptionalAccess(SQLModel, table=True):
    """One access: of whom, by whom, why (encrypted), from when to when; its review by somebody else."""

    __tablename__ = "exceptional_access"
    __table_args__ = (
        Index("ix_exceptional_access_person", "person_id"),
        Index("ix_exceptional_access_opened_by", "opened_by"),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    opened_by: int = Field(foreign_key="account.id")
    motive_encrypted: bytes
    opened_at: datetime = instant()
    ends_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    reviewed_by: int | None = Field(default=None, foreign_key="account.id")
    reviewed_at: datetime | None = instant(default=None)
    verdict: str = ""
    review_encrypted: bytes | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be read by: not at the very second of its end."""
        return self.ended_at is None and now < self.ends_at

    @property
    def object(self) -> str:
        """How the evidence names it."""
        return f"acces-exceptionnel:{self.id}"


class NotAllowed(Exception):
    """The record is the viewer's own, a relative's, or nobody's; or the viewer is no supervisor."""


@dataclass(frozen=True, slots=True)
class ReadAccess:
    """An access as supervisors read it; `review` is empty before it."""

    access: ExceptionalAccess
    person: str
    opened_by: str
    motive: str
    reviewed_by: str
    review: str


def open_access(
    db: Session, viewer: Viewer, keyring: Keyring, person_id: int, motive: str, now: datetime
) -> tuple[ExceptionalAccess, bool]:
    """The viewer's open access to a person's record, and whether it was opened just now: asked twice at once, it is
    opened once. Raises `NotAllowed`."""
    # One opening after the other for each supervisor: the account's row is what they wait for.
    db.get_one(Account, viewer.account_id, with_for_update=True)
    if not may_open(db, viewer, person_id):
        raise NotAllowed
    found = current_access(db, viewer, person_id, now)
    if found is not None:
        return found, False
    row = ExceptionalAccess(
        person_id=person_id,
        opened_by=viewer.account_id,
        motive_encrypted=keyring.encrypt(motive),
        opened_at=now,
        ends_at=now + timedelta(minutes=minutes_on(db, now)),
    )
    db.add(row)
    db.flush()
    return row, True


def may_open(db: Session, viewer: Viewer, person_id: int) -> bool:
    """Whether the viewer may open this person's record: a supervisor, and neither the person nor a relative."""
    is_there = db.get(Person, person_id) is not None
    return viewer.role == Role.SUPERVISOR and is_there and not _is_close(db, viewer, person_id)


def current_access(db: Session, viewer: Viewer, person_id: int, now: datetime) -> ExceptionalAccess | None:
    """The viewer's own access to this record that is open at this instant."""
    query = select(ExceptionalAccess).where(
        ExceptionalAccess.person_id == person_id,
        ExceptionalAccess.opened_by == viewer.account_id,
        col(ExceptionalAccess.ended_at).is_(None),
        ExceptionalAccess.ends_at > now,
    )
    return db.exec(query.order_by(col(ExceptionalAccess.id).desc())).first()


def end_access(db: Session, viewer: Viewer, person_id: int, now: datetime) -> ExceptionalAccess | None:
    """Ends the viewer's open access to a record before its time; None when none is open (any more)."""
    found = current_access(db, viewer, person_id, now)
    if found is None:
        return None
    one = (col(ExceptionalAccess.id) == found.id, col(ExceptionalAccess.ended_at).is_(None))
    ended = db.exec(update(ExceptionalAccess).where(*one).values(ended_at=now)).rowcount
    return found if ended else None


def end_expired(db: Session, now: datetime) -> list[ExceptionalAccess]:
    """Ends, as of their own time, the accesses whose time is over and which nobody ended; those ended here."""
    query = select(ExceptionalAccess).where(col(ExceptionalAccess.ended_at).is_(None), ExceptionalAccess.ends_at <= now)
    found = list(db.exec(query.order_by(col(ExceptionalAccess.id)).with_for_update(skip_locked=True)))
    for row in found:
        row.ended_at = row.ends_at
        db.add(row)
    db.flush()
    return found


def review_access(
    db: Session, viewer: Viewer, keyring: Keyring, access_id: int, verdict: Verdict, note: str, now: datetime
) -> ExceptionalAccess | None:
    """Notes another supervisor's review of an access that is over; None when it is the viewer's own, not over, about
    the viewer or a relative, or reviewed already: the first review stands."""
    row = db.get(ExceptionalAccess, access_id, with_for_update=True, populate_existing=True)
    if row is None or not may_review(db, viewer, row, now):
        return None
    row.reviewed_by, row.reviewed_at = viewer.account_id, now
    row.verdict, row.review_encrypted = verdict, keyring.encrypt(note)
    db.add(row)
    db.flush()
    return row


def may_review(db: Session, viewer: Viewer, row: ExceptionalAccess, now: datetime) -> bool:
    """Whether the viewer may review an access: a supervisor other than the one who opened it, once it is over."""
    is_mine = row.opened_by == viewer.account_id
    is_due = row.reviewed_at is None and not row.is_open(now)
    return viewer.role == Role.SUPERVISOR and is_due and not is_mine and not _is_close(db, viewer, row.person_id)


def accesses(db: Session, viewer: Viewer, keyring: Keyring, most: int, after: int | None = None) -> list[ReadAccess]:
    """The newest accesses before the number `after`, for a supervisor; nothing for anybody else, nor of the viewer's
    household: the motive may tell of health."""
    if viewer.role != Role.SUPERVISOR:
        return []
    query = _readable(db, viewer).order_by(col(ExceptionalAccess.id).desc()).limit(most)
    if after is not None:
        query = query.where(col(ExceptionalAccess.id) < after)
    return [_read(keyring, *row) for row in db.exec(query)]


def access_by_id(db: Session, viewer: Viewer, keyring: Keyring, access_id: int) -> ReadAccess | None:
    """One access, as `accesses`."""
    row = db.exec(_readable(db, viewer).where(ExceptionalAccess.id == access_id)).first()
    return _read(keyring, *row) if row is not None and viewer.role == Role.SUPERVISOR else None


def minutes_on(db: Session, now: datetime) -> int:
    """How many minutes an access lasts on the day of an instant: never more than `MINUTES`, whatever was loaded."""
    day = day_in_france(now)
    query = select(Parameter.value).where(
        Parameter.code == PARAMETER,
        Parameter.valid_from <= day,
        or_(col(Parameter.valid_to).is_(None), col(Parameter.valid_to) >= day),
    )
    said = db.exec(query.order_by(col(Parameter.valid_from).desc())).first() or MINUTES
    return said if 0 < said <= MINUTES else MINUTES


def _is_close(db: Session, viewer: Viewer, person_id: int) -> bool:
    """Whether the person is the viewer, or stands on a contract with the viewer, as member or beneficiary."""
    return person_id in circle_of(db, viewer.account_id).persons


_OPENER, _REVIEWER = aliased(Account), aliased(Account)


def _readable(db: Session, viewer: Viewer) -> Any:
    return (
        select(ExceptionalAccess, Person, _OPENER.display_name, _REVIEWER.display_name)
        .join(Person, col(Person.id) == ExceptionalAccess.person_id)
        .join(_OPENER, col(_OPENER.id) == ExceptionalAccess.opened_by)
        .outerjoin(_REVIEWER, col(_REVIEWER.id) == ExceptionalAccess.reviewed_by)
        .where(col(ExceptionalAccess.person_id).not_in(circle_of(db, viewer.account_id).persons))
    )


def _read(
    keyring: Keyring, access: ExceptionalAccess, person: Person, opened_by: str, reviewed_by: str | None
) -> ReadAccess:
    return ReadAccess(
        access=access,
        person=f"{person.first_name} {person.last_name}",
        opened_by=opened_by,
        motive=keyring.decrypt(access.motive_encrypted),
        reviewed_by=reviewed_by or "",
        review=keyring.decrypt(access.review_encrypted) if access.review_encrypted else "",
    )
