"""In how many working days (jours ouvrés) the insurer answers, by kind of request and space. About nobody.

What was measured of late, kept in one small table that a job renews (`delay_measuring.py`), so that a page pays one
look-up; else what the insurer means to do, a dated figure; else nothing (R-41).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Space
from portal.data.case_states import CaseKind
from portal.data.columns import instant
from portal.data.figures import parameters_on
from portal.data.office_days import office_day_after
from portal.data.work_items import TARGET
from portal.formatting import day_in_france, end_of_day_in_france

# Below this many answers a share says more about one request than about the desk.
FEWEST_ANSWERS = 5
# A measure that nobody renewed tells of another time.
STALE_AFTER = timedelta(days=7)
EVERY_SPACE = ""
STATED: dict[tuple[str, str], str] = {(CaseKind.MESSAGE, Space.PROVIDER): "delai_reponse_professionnel_jours"}


class Period(StrEnum):
    """What was measured: answers of the last 30 days, of the 30 before, of the last 90. Values are stored."""

    MONTH = "30"
    MONTH_BEFORE = "30-60"
    QUARTER = "90"


DAYS = {Period.MONTH: 30, Period.QUARTER: 90}


class MeasuredDelay(SQLModel, table=True):
    """Working days from the sending to the answer, over `count` answers: half of them, eight in ten, nine in ten took
    no longer than these. `space`: empty for all together."""

    __tablename__ = "measured_delay"

    kind: str = Field(primary_key=True)
    space: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    count: int
    half_days: int
    most_days: int
    nearly_all_days: int
    measured_at: datetime = instant()


@dataclass(frozen=True, slots=True)
class Delay:
    """In how many working days eight requests in ten are answered, half of them in `half_days`, over `count` answers
    of the last `over` days; or what the insurer means to do, when `count` is 0."""

    days: int
    half_days: int
    count: int = 0
    over: int = 0

    @property
    def is_measured(self) -> bool:
        return self.count > 0


def usual_delay(db: Session, kind: str, space: str, now: datetime) -> Delay | None:
    """What to expect of a request sent now; None when nothing was measured, nor stated."""
    return usual_delays(db, [(kind, space)], now)[kind, space]


def usual_delays(db: Session, asked: Collection[tuple[str, str]], now: datetime) -> dict[tuple[str, str], Delay | None]:
    """The same for many kinds of requests, each in a space."""
    kept = select(MeasuredDelay).where(
        col(MeasuredDelay.kind).in_({kind for kind, _ in asked}),
        MeasuredDelay.measured_at >= now - STALE_AFTER,
        MeasuredDelay.count >= FEWEST_ANSWERS,
    )
    rows = {(row.kind, row.space, row.period): row for row in db.exec(kept)}
    stated = parameters_on(db, day_in_france(now))
    return {each: _measured(rows, *each) or _stated(stated, *each) for each in asked}


def answer_due(db: Session, kind: str, space: str, now: datetime) -> datetime | None:
    """By when a request sent now should be answered: the end of that day in France."""
    delay = usual_delay(db, kind, space, now)
    return end_of_day_in_france(office_day_after(day_in_france(now), delay.days)) if delay else None


def _measured(rows: Mapping[tuple[str, str, str], MeasuredDelay], kind: str, space: str) -> Delay | None:
    found = ((rows.get((kind, space, period)), over) for period, over in DAYS.items())
    return next(
        (Delay(max(row.most_days, 1), max(row.half_days, 1), row.count, over) for row, over in found if row), None
    )


def _stated(parameters: Mapping[str, tuple[str, int]], kind: str, space: str) -> Delay | None:
    code = STATED.get((kind, space), TARGET.format(kind.replace("-", "_")))
    found = parameters.get(code)
    return Delay(found[1], found[1]) if found else None
