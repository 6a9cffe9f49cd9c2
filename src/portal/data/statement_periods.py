"""Periods of statements: months and years that have ended, and any period on demand."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class PeriodKind(StrEnum):
    MONTH = "mensuel"
    YEAR = "annuel"
    CUSTOM = "periode"


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both included."""

    kind: PeriodKind
    start: date
    end: date


def month_of(day: date) -> Period:
    """The calendar month that holds `day`."""
    start = day.replace(day=1)
    return Period(PeriodKind.MONTH, start, (start + timedelta(days=32)).replace(day=1) - timedelta(days=1))


def year_of(year: int) -> Period:
    """A calendar year."""
    return Period(PeriodKind.YEAR, date(year, 1, 1), date(year, 12, 31))


def between(start: date, end: date) -> Period:
    """The period of two days: the month or the year when it is exactly one, so that it gets the same statement."""
    for period in (month_of(start), year_of(start.year)):
        if (period.start, period.end) == (start, end):
            return period
    return Period(PeriodKind.CUSTOM, start, end)
