"""Throttling of guesses: failures are counted in the database, by purpose and subject, known or not (security: B9).

A subject is kept as a keyed hash. After `allowed` failures in the window each further one doubles the delay, up to a
longest one. What is tried during a delay is neither checked nor counted, and leaves one mark for the whole delay, so
that a flood neither stretches a delay nor fills the record. After a hundred consecutive failures an account's password
works no more until another is chosen by e-mail, which its holder can do at any time: nobody locks it for good.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, text, update
from sqlmodel import Field, Session, SQLModel, col

from portal.data.columns import UtcDateTime, instant
from portal.data.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures (or uses) are free within the window, and the first delay after them. `memory`: how long after
    a delay the next failure still counts on, so that the delays of a patient guesser stay long."""

    purpose: str
    allowed: int
    window: timedelta = timedelta(minutes=15)
    first_delay: timedelta = timedelta(seconds=30)
    longest_delay: timedelta = timedelta(minutes=15)
    memory: timedelta = timedelta(minutes=15)


HOUR, DAY, FOR_EVER = timedelta(hours=1), timedelta(days=1), timedelta(days=36_500)


def quota(purpose: str, allowed: int, period: timedelta) -> Limit:
    """A limit for uses: `allowed` of them, then none for the length of the period."""
    return Limit(purpose, allowed, window=period, first_delay=period, longest_delay=period, memory=timedelta(0))


ACCOUNT_PASSWORD = Limit("account-password", allowed=10)
ADDRESS_PASSWORD = Limit("address-password", allowed=50)
# Consecutive failures, whatever the time between them. The subject is an account's number: its row stays until a
# success or a new password. Identifiers that nobody has are counted alike, and forgotten in time.
ACCOUNT_LOCK = Limit("account-lock", allowed=100, window=FOR_EVER, first_delay=FOR_EVER, longest_delay=FOR_EVER)
NOBODY_LOCK = Limit("nobody-lock", allowed=100, window=FOR_EVER, first_delay=FOR_EVER, longest_delay=FOR_EVER)
CODE_LIMITS = (
    Limit("account-code", allowed=5, window=timedelta(minutes=5)),
    quota("account-code-hour", 20, HOUR),
    quota("account-code-day", 50, DAY),
)
# Passkeys cannot be guessed: these only keep a flood from filling tables. A company shares one network at nine o'clock.
ADDRESS_PASSKEY = Limit("address-passkey", allowed=50)
PASSKEY_QUESTIONS = quota("passkey-questions", 600, timedelta(minutes=10))
# Forms of sign-up, and letters sent again: per address typed, per person or organisation named, per network.
SIGN_UP_LIMITS = (quota("sign-up-email", 5, HOUR), quota("sign-up-named", 5, HOUR), quota("sign-up-network", 30, HOUR))
TEAM_LETTERS = quota("team-letters", 20, HOUR)
RESEND_LIMITS = (quota("resend-named", 3, HOUR), quota("resend-network", 30, HOUR))
# Who holds the link of an invitation still has to know a birth date: some forty tries a month, whoever tries.
INVITATION_PROOFS = Limit("invitation-proofs", allowed=5, window=DAY, first_delay=HOUR, longest_delay=DAY, memory=DAY)
INVITATION_NETWORK = Limit("invitation-network", allowed=50, window=HOUR, first_delay=HOUR / 2, longest_delay=DAY)
INVITATION_LETTERS = (quota("invitation-letter", 3, DAY), quota("invitation-letters", 500, DAY))
COMPLAINTS_NETWORK = quota("complaints-network", 10, HOUR)
MESSAGES = quota("messages", 50, DAY)
FILES = quota("case-files", 100, DAY)
# A pharmacy checks one card after another.
CARD_CHECKS = quota("card-checks", 120, HOUR)
# A hospital's admissions ask a few questions a minute; a mistyped mark is corrected at once, a guesser is soon stopped.
RIGHTS_USER, RIGHTS_PRACTICE = quota("rights-user", 120, HOUR), quota("rights-practice", 600, HOUR)
# Reading a photo costs a processor's second.
RIGHTS_PHOTOS = quota("rights-photos", 120, HOUR)
RIGHTS_MISSES = Limit(
    "rights-misses", allowed=10, window=HOUR, first_delay=timedelta(minutes=5), longest_delay=DAY, memory=DAY
)
# A practice's secret cannot be guessed, and a token is kept for minutes: these only keep a flood from filling tables.
SOFTWARE_ADDRESS, SOFTWARE_TOKENS = Limit("software-address", allowed=50), quota("software-tokens", 240, HOUR)
ALARM = quota("alarm", 1000, timedelta(minutes=5))
# No window is longer than a day, save the locks'.
STALE_AFTER = timedelta(days=2)


class Throttle(SQLModel, table=True):
    """The failures of one subject for one purpose. `refused_at`: the first try refused during the delay that runs."""

    __tablename__ = "throttle"

    purpose: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    failures: int = 0
    started_at: datetime = instant()
    blocked_until: datetime | None = instant(default=None)
    refused_at: datetime | None = instant(default=None)


@dataclass(slots=True)
class _Held:
    """A subject's row while a transaction holds it: a light copy, which `_keep` writes back."""

    purpose: str
    subject: str
    failures: int
    started_at: datetime
    blocked_until: datetime | None
    refused_at: datetime | None


class Delay(Enum):
    """KNOWN: somebody tried during the delay, and that is on record."""

    NONE = 0
    NEW = 1
    KNOWN = 2


Guesses = list[tuple[Limit, str]]


def delay_of(db: Session, guesses: Guesses, now: datetime) -> Delay:
    """As `is_delayed`, and whether a try refused meanwhile is on record already."""
    rows = [db.get(Throttle, (limit.purpose, subject)) for limit, subject in guesses]
    waiting = [row for row in rows if row is not None and _must_wait(row, now)]
    if not waiting:
        return Delay.NONE
    return Delay.KNOWN if all(row.refused_at for row in waiting) else Delay.NEW


def back_at(db: Session, guesses: Guesses, now: datetime) -> datetime | None:
    """When the last of the delays that run for these subjects is over; None when none does."""
    rows = [db.get(Throttle, (limit.purpose, subject), populate_existing=True) for limit, subject in guesses]
    ends = [row.blocked_until for row in rows if row is not None and row.blocked_until is not None]
    return max((end for end in ends if end > now), default=None)


def is_delayed(db: Session, guesses: Guesses, now: datetime) -> bool:
    """Whether one of the subjects must wait, as far as a reading session sees."""
    return delay_of(db, guesses, now) is not Delay.NONE


def hold(db: Session, guesses: Guesses, now: datetime) -> bool:
    """Whether one of the subjects must wait. Holds their rows until the transaction ends, always in the order given:
    guesses made in parallel are judged one after the other."""
    rows = [_held(db, limit, subject, now) for limit, subject in guesses]
    return any(_must_wait(row, now) for row in rows)


def count_failures(db: Session, guesses: Guesses, now: datetime) -> set[Limit]:
    """Counts one failure for each subject and sets the delay that follows from it; the limits just reached."""
    return _count_held(db, [(limit, _held(db, limit, subject, now)) for limit, subject in guesses], now)


def mark_refusal(db: Session, guesses: Guesses, now: datetime) -> bool:
    """Marks the delays that run as having refused a try; whether that was worth recording: the first of its delay."""
    rows = [_held(db, limit, subject, now) for limit, subject in guesses]
    unmarked = [row for row in rows if _must_wait(row, now) and row.refused_at is None]
    for row in unmarked:
        row.refused_at = now
    _keep(db, unmarked)
    return bool(unmarked)


def allow(db: Session, uses: Guesses, now: datetime) -> bool:
    """Counts a use (a letter asked for…) for each subject; False, and counts nothing, when a quota is used up."""
    held = [(limit, _held(db, limit, subject, now)) for limit, subject in uses]
    if any(_must_wait(row, now) for _, row in held):
        return False
    _count_held(db, held, now)
    return True


def ring_alarm(db: Session, now: datetime) -> bool:
    """Counts a failure among all; True once per window, when there are so many that someone is trying everything."""
    row = _held(db, ALARM, "", now)
    if now - row.started_at > ALARM.window:
        row.failures, row.started_at = 0, now
    row.failures += 1
    _keep(db, [row])
    return row.failures == ALARM.allowed


def forget(db: Session, guesses: Guesses) -> None:
    """A success clears the subjects' counts."""
    for limit, subject in guesses:
        row = db.get(Throttle, (limit.purpose, subject))
        if row is not None:
            db.delete(row)
    db.flush()


def purge(db: Session, now: datetime) -> int:
    """Removes the rows that no longer decide anything; how many. An account's consecutive failures stay."""
    is_over = or_(col(Throttle.blocked_until).is_(None), col(Throttle.blocked_until) <= now)
    is_nobody = col(Throttle.purpose) == NOBODY_LOCK.purpose
    stale = (
        col(Throttle.started_at) < now - STALE_AFTER,
        col(Throttle.purpose) != ACCOUNT_LOCK.purpose,
        or_(is_over, is_nobody),
    )
    return int(db.exec(delete(Throttle).where(*stale)).rowcount)


def _count_held(db: Session, held: list[tuple[Limit, _Held]], now: datetime) -> set[Limit]:
    reached = {limit for limit, row in held if _count(row, limit, now)}
    _keep(db, [row for _, row in held])
    return reached


def _count(row: _Held, limit: Limit, now: datetime) -> bool:
    """Whether the limit is reached, for the first time in its window."""
    if _is_over(row, limit, now):
        row.failures, row.started_at, row.blocked_until = 0, now, None
    row.failures += 1
    beyond = row.failures - limit.allowed
    if beyond >= 0:
        row.blocked_until = now + min(limit.first_delay * 2 ** min(beyond, 10), limit.longest_delay)
        row.refused_at = None
    return beyond == 0


def _is_over(row: _Held, limit: Limit, now: datetime) -> bool:
    if row.blocked_until is None:
        return now - row.started_at > limit.window
    return now - row.blocked_until >= limit.memory


_ADD = text(
    "INSERT INTO throttle (purpose, subject, failures, started_at) VALUES (:purpose, :subject, 0, :now)"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime))


def _held(db: Session, limit: Limit, subject: str, now: datetime) -> _Held:
    """The subject's row, locked. Nearly always there is one: asking first spares a statement."""
    key = {"purpose": limit.purpose, "subject": subject}
    found = _LOCKED.first(db, key)
    if found is None:
        db.connection().execute(_ADD, key | {"now": now})
        (found,) = _LOCKED.rows(db, key)
    return _Held(*found)


def _keep(db: Session, rows: list[_Held]) -> None:
    for row in rows:
        changed = {f"of_{each.name}": getattr(row, each.name) for each in fields(row)}
        db.connection().execute(_KEEP, changed)


def _must_wait(row: _Held | Throttle, now: datetime) -> bool:
    return row.blocked_until is not None and row.blocked_until > now


_ROWS = SQLModel.metadata.tables["throttle"]
_OF: dict[str, Any] = {
    name: bindparam(f"of_{name}") for name in ("failures", "started_at", "blocked_until", "refused_at")
}
_ONE = (_ROWS.c.purpose == bindparam("purpose"), _ROWS.c.subject == bindparam("subject"))
_LOCKED = Prepared(select(*(_ROWS.c[each.name] for each in fields(_Held))).where(*_ONE).with_for_update())
_KEEP = (
    update(_ROWS)
    .where(_ROWS.c.purpose == bindparam("of_purpose"), _ROWS.c.subject == bindparam("of_subject"))
    .values(_OF)
)
