"""Periods of statements: months and years that have ended, and any period on demand."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
YEAR = re.compile(r"\d{4}", re.ASCII)


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


def code_of(period: Period) -> str:
    """The code of a month or a year: « 2026-10 », « 2026 »."""
    return f"{period.start:%Y-%m}" if period.kind == PeriodKind.MONTH else f"{period.start:%Y}"


def period_of_code(code: str) -> Period | None:
    """The month or year of a code, or None."""
    try:
        if found := MONTH.fullmatch(code):
            return month_of(date(int(found[1]), int(found[2]), 1))
        return year_of(int(code)) if YEAR.fullmatch(code) else None
    except (ValueError, OverflowError):
        return None
