"""What is unusual in a practice's checks of rights, judged by its own normal day (R-62): a stolen account asks at other
hours, misses more often, and asks more than the practice ever does.

Everything is counted from the checks themselves. What is usual over four weeks is looked up only where the answer may
depend on it: beyond a floor that small practices never reach, and at night.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, Table, bindparam, func, select
from sqlmodel import Session, SQLModel

from portal.data.prepared import Prepared, Values
from portal.data.rights import RightsStatus
from portal.data.sessions import Viewer
from portal.formatting import PARIS

MISSES = frozenset({RightsStatus.UNKNOWN, RightsStatus.INCONSISTENT})
HOUR, USUAL = timedelta(hours=1), timedelta(days=28)
# Checks that any practice may make in an hour; beyond, half of what it makes in a day.
HOURLY_FLOOR, SHARE_OF_DAY = 60, 2
MISSES_BEFORE_PROOF = 5
NIGHT_STARTS, NIGHT_ENDS = 22, 6


def is_beyond_usual(db: Session, provider_id: int, now: datetime) -> bool:
    """Whether the practice has asked within an hour more than its normal day explains."""
    asked = _count(db, _asked(), {"provider": provider_id, "since": now - HOUR})
    return asked >= HOURLY_FLOOR and asked >= _normal_day(db, provider_id, now) // SHARE_OF_DAY


def needs_proof(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Whether the user must prove anew who they are before asking: many misses within an hour, or a night in which the
    practice does not work."""
    own = {"provider": viewer.provider_id, "since": now - HOUR, "user": viewer.account_id}
    is_unlucky = _count(db, _missed(), own) >= MISSES_BEFORE_PROOF
    return is_unlucky or (is_night(now) and not _works_at_night(db, viewer, now))


def is_night(now: datetime) -> bool:
    """Whether it is night in France."""
    hour = now.astimezone(PARIS).hour
    return hour >= NIGHT_STARTS or hour < NIGHT_ENDS


def _normal_day(db: Session, provider_id: int, now: datetime) -> int:
    """How many checks the practice makes on a day on which it makes any, over four weeks, today left out."""
    checks = _checks()
    before = (checks.c.asked_at > now - USUAL, checks.c.asked_at < now - timedelta(days=1))
    days = func.count(func.distinct(func.date(checks.c.asked_at)))
    query = select(func.count(), days).where(checks.c.provider_id == provider_id, *before)
    total, active = db.connection().execute(query).one()
    return int(total // active) if active else 0


def _works_at_night(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Whether the practice asked at night on an earlier day of these four weeks."""
    checks = _checks()
    before = (checks.c.asked_at > now - USUAL, checks.c.asked_at < now - timedelta(hours=12))
    query = select(checks.c.asked_at).where(checks.c.provider_id == viewer.provider_id, *before)
    query = query.order_by(checks.c.asked_at.desc())
    return any(is_night(at) for at in db.connection().execute(query).scalars())


def _count(db: Session, counted: Prepared, values: Values) -> int:
    row = counted.first(db, values)
    return int(row[0]) if row else 0


@cache
def _asked() -> Prepared:
    return Prepared(_recent())


@cache
def _missed() -> Prepared:
    checks = _checks()
    return Prepared(_recent().where(checks.c.asked_by == bindparam("user"), checks.c.status.in_(MISSES)))


def _recent() -> Select[Any]:
    checks = _checks()
    own = checks.c.provider_id == bindparam("provider")
    return select(func.count()).where(own, checks.c.asked_at > bindparam("since"))


def _checks() -> Table:
    return SQLModel.metadata.tables["rights_check"]
