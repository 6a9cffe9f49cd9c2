"""By when a request on one's data is answered: months, their ends, week-ends and holidays (R-70, GDPR 12(3))."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.data.data_right_rules import clock_of
from portal.formatting import PARIS, day_in_france
from portal.public_holidays import is_public_holiday


def received(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), PARIS).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "answer"),
    [
        (date(2026, 3, 5), date(2026, 4, 7)),  # 5 April 2026 is Easter Sunday, 6 April a holiday
        (date(2025, 1, 31), date(2025, 2, 28)),  # no 31 February
        (date(2028, 1, 31), date(2028, 2, 29)),  # a leap year
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2028, 3, 29)),
        (date(2026, 8, 31), date(2026, 9, 30)),
        (date(2026, 1, 31), date(2026, 3, 2)),  # 28 February 2026 is a Saturday
        (date(2026, 4, 1), date(2026, 5, 4)),  # 1 May is a Friday, and a holiday
        (date(2026, 11, 25), date(2026, 12, 28)),  # Christmas is a Friday
        (date(2025, 12, 1), date(2026, 1, 2)),
        (date(2026, 12, 31), date(2027, 2, 1)),  # 31 January 2027 is a Sunday
    ],
)
def test_answer_is_owed_within_a_month_rightly_counted_r70(day: date, answer: date) -> None:
    assert clock_of(received(day)).answer_by == answer


@pytest.mark.parametrize(
    ("day", "answer"),
    [
        (date(2025, 11, 30), date(2026, 3, 2)),  # 28 February 2026 is a Saturday
        (date(2027, 11, 30), date(2028, 2, 29)),
        (date(2026, 1, 31), date(2026, 4, 30)),
        (date(2026, 8, 14), date(2026, 11, 16)),
    ],
)
def test_extension_counts_three_months_from_receipt_not_from_the_first_day_r70(day: date, answer: date) -> None:
    clock = clock_of(received(day), is_extended=True)
    assert clock.answer_by == answer
    assert clock.extend_by == clock_of(received(day)).answer_by


def test_late_evening_in_winter_counts_as_the_day_in_france_r70() -> None:
    clock = clock_of(datetime(2026, 11, 9, 23, 30, tzinfo=UTC))
    assert (clock.received_on, clock.answer_by) == (date(2026, 11, 10), date(2026, 12, 10))
    assert day_in_france(clock.due_at) == clock.answer_by
    assert day_in_france(clock.due_at + timedelta(seconds=1)) == clock.answer_by + timedelta(days=1)


@given(st.dates(date(2020, 1, 1), date(2060, 12, 31)), st.booleans())
def test_last_day_is_a_working_day_and_never_before_the_month_r70(day: date, is_extended) -> None:
    answer = clock_of(received(day), is_extended=is_extended).answer_by
    assert answer.weekday() < 5
    assert not is_public_holiday(answer)
    least = 89 if is_extended else 28
    assert least <= (answer - day).days <= least + 9
