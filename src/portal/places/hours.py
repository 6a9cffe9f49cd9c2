"""Opening hours of a week: read as professionals write them, kept in one form, judged at an instant.

Written and kept: « lu-ve 09:00-12:00 14:00-19:00; sa 09:30-13:00 ». Days: lu ma me je ve sa di. Hours are those of the
place's own clock; public holidays are not its business.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.formatting import PARIS

DAYS = ("lu", "ma", "me", "je", "ve", "sa", "di")
DAY_NAMES = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
SATURDAY = 5
MINUTES_A_DAY = 24 * 60
MOST_SPANS = 3
_OVERSEAS = {
    "971": ZoneInfo("America/Guadeloupe"),
    "972": ZoneInfo("America/Martinique"),
    "973": ZoneInfo("America/Cayenne"),
    "974": ZoneInfo("Indian/Reunion"),
    "976": ZoneInfo("Indian/Mayotte"),
}
_SPAN = re.compile(r"(\d{1,2})[:h](\d{2})?-(\d{1,2})[:h](\d{2})?")


class InvalidHours(ValueError):
    """The text says no hours."""


class Span(NamedTuple):
    """From one minute of the day to another; the last one is when it closes."""

    opens: int
    closes: int


Week = tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a place is open, and until or from when; `at` is none for a place that never opens."""

    is_open: bool
    at: datetime | None


@lru_cache(4096)
def read_hours(text: str) -> Week:
    """Seven days of spans, Monday first. Raises `InvalidHours`."""
    week: list[tuple[Span, ...]] = [()] * len(DAYS)
    for part in filter(None, (each.strip() for each in text.lower().split(";"))):
        days, *spans = part.split()
        hours = tuple(_span(each) for each in spans)
        if not 0 < len(hours) <= MOST_SPANS or any(one.closes > next_.opens for one, next_ in pairwise(hours)):
            raise InvalidHours(part)
        for day in _days(days):
            if week[day]:
                raise InvalidHours(part)
            week[day] = hours
    return tuple(week)


def written_hours(week: Week) -> str:
    """The one form in which a week is kept; days of the same hours that follow each other are written together."""
    parts: list[tuple[int, int]] = []
    for day, spans in enumerate(week):
        if parts and parts[-1][1] == day - 1 and week[parts[-1][0]] == spans:
            parts[-1] = (parts[-1][0], day)
        else:
            parts.append((day, day))
    return "; ".join(_part(first, last, week[first]) for first, last in parts if week[first])


def local_clock(postcode: str, now: datetime) -> datetime:
    """What the clock of a place shows at an instant."""
    return now.astimezone(_OVERSEAS.get(postcode[:3], PARIS))


def opening(week: Week, now: datetime) -> Opening:
    """Whether the place is open at an instant of its own clock, and when that ends; else when it opens next."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    minute = now.hour * 60 + now.minute
    for span in week[now.weekday()]:
        if span.opens <= minute < span.closes:
            return Opening(True, midnight + timedelta(minutes=span.closes))
    for later in range(len(DAYS) + 1):
        for span in week[(now.weekday() + later) % len(DAYS)]:
            if later or span.opens > minute:
                return Opening(False, midnight + timedelta(days=later, minutes=span.opens))
    return Opening(False, None)


def _days(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    if first not in DAYS or (last and last not in DAYS) or text.endswith("-"):
        raise InvalidHours(text)
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise InvalidHours(text)
    return iter(range(start, end + 1))


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise InvalidHours(text)
    opens, closes = _minute(found[1], found[2]), _minute(found[3], found[4])
    if opens >= closes:
        raise InvalidHours(text)
    return Span(opens, closes)


def _minute(hour: str, minute: str | None) -> int:
    total = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) >= 60 or total > MINUTES_A_DAY:
        raise InvalidHours(f"{hour}:{minute}")
    return total


def _part(first: int, last: int, spans: tuple[Span, ...]) -> str:
    days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
    return " ".join([days, *(f"{_clock(span.opens)}-{_clock(span.closes)}" for span in spans)])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
