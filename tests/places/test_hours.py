"""Opening hours: read, written in one form, judged at an instant."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.places.hours import InvalidHours, Opening, Span, opening, read_hours, written_hours

WEEK = "lu-ve 09:00-12:00 14:00-19:00; sa 09:30-13:00"
SPANS = st.lists(st.integers(0, 1440), max_size=6, unique=True).map(
    lambda minutes: tuple(Span(*pair) for pair in zip(*[iter(sorted(minutes))] * 2, strict=False))
)
WEEKS = st.tuples(*[SPANS] * 7)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001  (the place's own clock)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of the week of 23 November 2026, a Monday."""
    return datetime(2026, 11, 23 + day, hour, minute)  # noqa: DTZ001  (the place's own clock)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(0, 9), Opening(True, at(0, 12))),
        (at(0, 11, 59), Opening(True, at(0, 12))),
        (at(0, 12), Opening(False, at(0, 14))),
        (at(4, 19), Opening(False, at(5, 9, 30))),
        (at(5, 13), Opening(False, at(7, 9))),
        (at(6, 10), Opening(False, at(7, 9))),
    ],
)
def test_open_or_not_and_until_when(now, expected) -> None:
    assert opening(read_hours(WEEK), now) == expected


def test_place_that_never_opens_says_nothing() -> None:
    assert opening(read_hours(""), at(0, 9)) == Opening(False, None)


@pytest.mark.parametrize(
    "text", ["lundi 9h-12h", "lu", "lu 9-12-13", "ve-lu 9h-12h", "lu 24:30-25:00", "lu 9:60-12:00", "lu-"]
)
def test_what_says_no_hours_is_refused(text) -> None:
    with pytest.raises(InvalidHours):
        read_hours(text)


@given(WEEKS)
def test_written_hours_are_read_as_they_were(week) -> None:
    assert read_hours(written_hours(week)) == week


@given(WEEKS, INSTANTS)
def test_what_is_said_of_an_instant_is_true_until_then(week, now) -> None:
    said = opening(week, now)
    if said.at is None:
        assert not any(week)
        return
    assert said.at > now
    just_before = said.at - timedelta(minutes=1)
    if just_before > now:
        assert opening(week, just_before).is_open == said.is_open
