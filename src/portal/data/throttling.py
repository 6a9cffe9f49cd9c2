"""Throttling of guesses: failures are counted in the database, by purpose and subject, known or not (security: B9).

A subject is kept as a keyed hash. After `allowed` failures in the window each further one doubles the delay, up to a
longest one. What is tried during a delay is neither checked nor counted: nobody can lock someone else out for good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, text
from sqlmodel import Field, Session, SQLModel

from portal.data.columns import UtcDateTime, instant


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are free within the window, and the first delay after them."""

    purpose: str
    allowed: int
    window: timedelta = timedelta(minutes=15)
    first_delay: timedelta = timedelta(seconds=30)
    longest_delay: timedelta = timedelta(minutes=15)


ACCOUNT_PASSWORD = Limit("account-password", allowed=10)
ADDRESS_PASSWORD = Limit("address-password", allowed=50)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CODE_LIMITS = (
    Limit("account-code", allowed=5, window=timedelta(minutes=5)),
    Limit("account-code-hour", allowed=20, window=HOUR, first_delay=HOUR, longest_delay=HOUR),
    Limit("account-code-day", allowed=50, window=DAY, first_delay=DAY, longest_delay=DAY),
)


class Throttle(SQLModel, table=True):
    """The failures of one subject for one purpose."""

    __tablename__ = "throttle"

    purpose: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    failures: int = 0
    started_at: datetime = instant()
    blocked_until: datetime | None = instant(default=None)


Guesses = list[tuple[Limit, str]]


def is_delayed(db: Session, guesses: Guesses, now: datetime) -> bool:
    """Whether one of the subjects must wait, as far as a reading session sees."""
    rows = (db.get(Throttle, (limit.purpose, subject)) for limit, subject in guesses)
    return any(row is not None and _must_wait(row, now) for row in rows)


def hold(db: Session, guesses: Guesses, now: datetime) -> bool:
    """Whether one of the subjects must wait. Holds their rows until the transaction ends, always in the order given:
    guesses made in parallel are judged one after the other."""
    rows = [_held(db, limit, subject, now) for limit, subject in guesses]
    return any(_must_wait(row, now) for row in rows)


def count_failures(db: Session, guesses: Guesses, now: datetime) -> None:
    """Counts one failure for each subject and sets the delay that follows from it."""
    for limit, subject in guesses:
        _count(_held(db, limit, subject, now), limit, now)
    db.flush()


def forget(db: Session, guesses: Guesses) -> None:
    """A success clears the subjects' counts."""
    for limit, subject in guesses:
        row = db.get(Throttle, (limit.purpose, subject))
        if row is not None:
            db.delete(row)
    db.flush()


def _count(row: Throttle, limit: Limit, now: datetime) -> None:
    if now - row.started_at > limit.window and not _must_wait(row, now):
        row.failures, row.started_at = 0, now
    row.failures += 1
    beyond = row.failures - limit.allowed
    if beyond >= 0:
        row.blocked_until = now + min(limit.first_delay * 2 ** min(beyond, 10), limit.longest_delay)


_ADD = text(
    "INSERT INTO throttle (purpose, subject, failures, started_at) VALUES (:purpose, :subject, 0, :now)"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime))


def _held(db: Session, limit: Limit, subject: str, now: datetime) -> Throttle:
    db.connection().execute(_ADD, {"purpose": limit.purpose, "subject": subject, "now": now})
    return db.get_one(Throttle, (limit.purpose, subject), with_for_update=True, populate_existing=True)


def _must_wait(row: Throttle, now: datetime) -> bool:
    return row.blocked_until is not None and row.blocked_until > now
