"""What is unusual in checks of rights, judged by the practice's own normal day (R-62): a stolen account asks at other
hours, from another browser, misses more often, walks through numbers, and asks more than the practice ever does.

Each pattern has two bounds. From the first one the user proves anew who they are: a proof answers for all that was seen
before it. Little or nothing is answered between the two without a proof, so whoever reaches the second one has gone on
after it, and is frozen. All is counted from the traces of the last week, since the last freeze that was lifted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, func, select
from sqlmodel import Session, SQLModel

from portal.data.columns import UtcDateTime
from portal.data.known_browsers import new_browsers
from portal.data.prepared import Prepared
from portal.data.rights import RightsStatus
from portal.data.rights_traces import Marks, RightsTrace
from portal.data.rights_usual import usual_day
from portal.data.sessions import Viewer
from portal.formatting import PARIS

MISSES = frozenset({RightsStatus.UNKNOWN, RightsStatus.INCONSISTENT})
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
# Checks that any practice may make in an hour; beyond, half of what it makes in a day.
HOURLY_FLOOR, SHARE_OF_DAY = 60, 2
NIGHT_STARTS, NIGHT_ENDS = 22, 6
# Twice a normal day in one, or two normal weeks in one: no season does that to a single user.
TIMES_USUAL = 2


class Pattern(StrEnum):
    MISSES = "sans_resultat"
    BIRTHS = "dates_de_naissance"
    NEIGHBOURS = "numeros_voisins"
    NIGHT = "nuit"
    BROWSERS = "navigateurs"
    VOLUME = "volume"


class Bounds(NamedTuple):
    """From how many on a proof is due, and from how many on the checks are frozen."""

    proof: int
    freeze: int


BOUNDS = {
    # Within an hour, then within a day: a counter mistypes one mark in twenty. They freeze only while they are a third
    # of all that was asked (`MISSES_SHARE`), which no busy day's mistakes are.
    Pattern.MISSES: Bounds(5, 15),
    # Other birth dates that missed on this very number, within a day: a card that is hard to read takes two tries.
    Pattern.BIRTHS: Bounds(3, 6),
    # Numbers near each other, this one among them, within a day. A firm's employees have such numbers, and go to the
    # pharmacy next door: some in a day, not a seventh of the block.
    Pattern.NEIGHBOURS: Bounds(4, 15),
    # Questions of one night in a practice that does not work at night; the first time on call is a proof an hour.
    Pattern.NIGHT: Bounds(1, 30),
    # Browsers that the account was never used from, within a day: a telephone that travels changes networks, too.
    Pattern.BROWSERS: Bounds(1, 6),
    # The least that counts as much in a day, then in a week, whatever the practice's normal day (`TIMES_USUAL`).
    Pattern.VOLUME: Bounds(60, 300),
}
MISSES_SHARE = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question comes in. `marks`: None before there is one. `browser`: the marks of the browser, empty when it
    is not known which. `is_proven`: the user has just proved who they are. `since`: when the last freeze was lifted."""

    marks: Marks | None = None
    browser: tuple[str, ...] = ()
    is_proven: bool = True
    since: datetime | None = None


class Seen(NamedTuple):
    """What asks for a proof, and what asks for a freeze: how many of each pattern. Both empty when all is as usual."""

    proof: dict[Pattern, int]
    freeze: dict[Pattern, int]


class _Count(NamedTuple):
    """`fresh`: since the last proof; `total`: whatever was proven."""

    fresh: int
    total: int


def seen_in(db: Session, viewer: Viewer, asked: Asked, now: datetime, *, may_keep: bool = False) -> Seen:
    """What is unusual about a question that comes in now; `may_keep`: the session writes (`usual_day`)."""
    traced = _traced(db, viewer, asked, now)
    counts = {
        Pattern.MISSES: _misses(traced),
        Pattern.BIRTHS: _Count(traced["fresh_births"], traced["births"]),
        Pattern.NEIGHBOURS: _neighbours(traced, asked),
        Pattern.NIGHT: _night(db, viewer, traced, now),
        Pattern.BROWSERS: _browsers(db, viewer, asked, now),
    }
    seen = Seen(
        {pattern: count.fresh for pattern, count in counts.items() if count.fresh >= BOUNDS[pattern].proof},
        {pattern: count.total for pattern, count in counts.items() if count.total >= BOUNDS[pattern].freeze},
    )
    _add_volume(db, viewer, asked, traced, seen, now, may_keep=may_keep)
    return seen


def unusual_until(db: Session, provider_id: int, now: datetime, *, may_keep: bool = False) -> datetime | None:
    """Until when the practice has asked within an hour more than its normal day explains; None when it has not."""
    values = {"provider": provider_id, "since": now - HOUR}
    row = _hourly().first(db, values)
    asked = int(row[0]) if row else 0
    if asked < HOURLY_FLOOR:
        return None
    most = max(HOURLY_FLOOR, usual_day(db, provider_id, now, may_keep=may_keep) // SHARE_OF_DAY)
    if asked < most:
        return None
    first = _asked_at().first(db, values | {"before": asked - most})
    return first[0] + HOUR if first else now


@cache
def _hourly() -> Prepared:
    return Prepared(select(func.count()).where(*_own(SQLModel.metadata.tables["rights_check"].c)))


@cache
def _asked_at() -> Prepared:
    """When the practice made a check of the last hour, after so many others of it."""
    checks = SQLModel.metadata.tables["rights_check"].c
    return Prepared(
        select(checks.asked_at).where(*_own(checks)).order_by(checks.asked_at).offset(bindparam("before")).limit(1)
    )


def _own(checks: Any) -> tuple[ColumnElement[bool], ...]:
    return checks.provider_id == bindparam("provider"), checks.asked_at > bindparam("since")


def is_night(now: datetime) -> bool:
    """Whether it is night in France."""
    hour = now.astimezone(PARIS).hour
    return hour >= NIGHT_STARTS or hour < NIGHT_ENDS


def _misses(traced: Mapping[str, int]) -> _Count:
    is_share = traced["misses"] * MISSES_SHARE >= traced["total"]
    return _Count(traced["fresh_misses"], traced["misses"] if is_share else 0)


def _neighbours(traced: Mapping[str, int], asked: Asked) -> _Count:
    """This number is one of them."""
    if asked.marks is None or not asked.marks.lower:
        return _Count(0, 0)
    fresh = max(traced["fresh_lower"], traced["fresh_upper"])
    return _Count(1 + fresh, 1 + max(traced["lower"], traced["upper"]))


def _night(db: Session, viewer: Viewer, traced: Mapping[str, int], now: datetime) -> _Count:
    """A proof holds for an hour of the night."""
    if not is_night(now) or _works_at_night(db, viewer, now):
        return _Count(0, 0)
    return _Count(int(now - viewer.confirmed_at > HOUR), traced["night"])


def _browsers(db: Session, viewer: Viewer, asked: Asked, now: datetime) -> _Count:
    """Proving who one is makes a browser known, as signing in does."""
    if not asked.browser:
        return _Count(0, 0)
    known = new_browsers(db, viewer.account_id, asked.browser, max(now - DAY, asked.since or now - DAY))
    return _Count(int(not known.is_known and not asked.is_proven), known.new + (not known.is_known))


def _add_volume(
    db: Session, viewer: Viewer, asked: Asked, traced: Mapping[str, int], seen: Seen, now: datetime, *, may_keep: bool
) -> None:
    """Looked up only beyond what small practices reach: a week of `freeze` has a day of a seventh of it."""
    proof, freeze = BOUNDS[Pattern.VOLUME]
    if traced["total"] < freeze // WEEK.days:
        return
    usual = usual_day(db, viewer.provider_id or 0, now, may_keep=may_keep) * TIMES_USUAL
    if traced["fresh"] >= max(proof, usual):
        seen.proof[Pattern.VOLUME] = traced["fresh"]
    traces = _traces()
    start = max(now - WEEK, asked.since or now - WEEK)
    week = _count(db, traces.c.asked_by == viewer.account_id, traces.c.asked_at > start)
    if week >= max(freeze, usual * WEEK.days):
        seen.freeze[Pattern.VOLUME] = week


def _works_at_night(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Whether the practice asked at night on an earlier day of these four weeks."""
    checks = SQLModel.metadata.tables["rights_check"]
    before = (checks.c.asked_at > now - timedelta(days=28), checks.c.asked_at < now - timedelta(hours=12))
    query = select(checks.c.asked_at).where(checks.c.provider_id == viewer.provider_id, *before)
    query = query.order_by(checks.c.asked_at.desc())
    return any(is_night(at) for at in db.connection().execute(query).scalars())


def _night_start(now: datetime) -> datetime:
    """When the night of this instant began."""
    local = now.astimezone(PARIS)
    day = local.date() if local.hour >= NIGHT_STARTS else local.date() - timedelta(days=1)
    return datetime.combine(day, time(NIGHT_STARTS), PARIS)


def _count(db: Session, *conditions: ColumnElement[bool]) -> int:
    return int(db.connection().execute(select(func.count()).where(*conditions)).scalar_one())


def _traces() -> Table:
    return SQLModel.metadata.tables["rights_trace"]


_NOBODY = Marks("-", "-", "-", "-", "-")


def _traced(db: Session, viewer: Viewer, asked: Asked, now: datetime) -> dict[str, int]:
    """Every count of the user's traces of the last day, in one reading of them."""
    lifted = asked.since or now - WEEK
    since = max(now - DAY, lifted)
    proof = max(since, viewer.confirmed_at)
    marks = asked.marks or _NOBODY
    values = {
        "asked_by": viewer.account_id,
        "since": since,
        "proof": proof,
        "hour": max(proof, now - HOUR),
        "night": max(since, _night_start(now)),
        "number": marks.number,
        "marks": marks.marks,
        "lower": marks.lower or "-",
        "upper": marks.upper or "-",
    }
    row = _COUNTS.first(db, values)
    return dict(zip(_NAMES, row or (), strict=True))


def _after(name: str) -> ColumnElement[bool]:
    return RightsTrace.asked_at > bindparam(name, type_=UtcDateTime())


def _distinct(column: str, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many different values the column has under these conditions."""
    return func.count(func.distinct(case((and_(*conditions), _traces().c[column]))))


def _how_many(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((and_(*conditions), 1)))


def _columns() -> dict[str, ColumnElement[int]]:
    rows = _traces().c
    is_miss = rows.is_miss.is_(True)
    is_other = rows.number != bindparam("number")
    births = (is_miss, rows.number == bindparam("number"), rows.marks != bindparam("marks"))
    near = {side: (rows[side] == bindparam(side), is_other) for side in ("lower", "upper")}
    fresh = _after("proof")
    return {
        "total": func.count(),
        "fresh": _how_many(fresh),
        "misses": _how_many(is_miss),
        "fresh_misses": _how_many(is_miss, _after("hour")),
        "births": _distinct("marks", *births),
        "fresh_births": _distinct("marks", *births, fresh),
        **{side: _distinct("number", *near[side]) for side in near},
        **{f"fresh_{side}": _distinct("number", *near[side], fresh) for side in near},
        "night": _how_many(_after("night")),
    }


_NAMES = tuple(_columns())
_COUNTS = Prepared(select(*_columns().values()).where(_traces().c.asked_by == bindparam("asked_by"), _after("since")))
