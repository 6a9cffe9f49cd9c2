"""The legal clock of complaints, over years of French holidays (R-26; ACPR 2022-R-01)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.data.complaint_rules import Outcome, clock_of, is_working_day, working_day_after

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 25), True),
        (date(2026, 11, 28), True),  # a Saturday is ouvrable
        (date(2026, 11, 29), False),
        (date(2026, 11, 11), False),
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2027, 3, 29), False),
        (date(2026, 5, 14), False),  # Ascension
        (date(2026, 5, 25), False),  # Whit Monday
        (date(2026, 12, 25), False),
        (date(2026, 12, 26), True),  # Alsace and Moselle alone rest
    ],
)
def test_sundays_and_the_eleven_holidays_do_not_count(day, works) -> None:
    assert is_working_day(day) is works


@pytest.mark.parametrize(
    ("sent", "by"),
    [
        (date(2026, 11, 25), date(2026, 12, 7)),
        (date(2026, 12, 18), date(2026, 12, 31)),
        (date(2026, 12, 22), date(2027, 1, 5)),
        (date(2026, 4, 30), date(2026, 5, 15)),
        (date(2026, 11, 28), date(2026, 12, 10)),
        (date(2026, 11, 29), date(2026, 12, 10)),
    ],
)
def test_acknowledged_within_ten_working_days(sent, by) -> None:
    assert clock_of(sent).acknowledge_by == by


@given(DAYS, st.integers(1, 30))
def test_as_many_working_days_lie_between_as_were_counted(day, count) -> None:
    end = working_day_after(day, count)
    between = [day + timedelta(days=step) for step in range(1, (end - day).days + 1)]
    assert sum(map(is_working_day, between)) == count
    assert is_working_day(end)


@given(DAYS)
def test_months_end_on_their_last_day_when_they_are_shorter(sent) -> None:
    clock = clock_of(sent)
    assert clock.answer_by.day == sent.day or clock.answer_by.day in {28, 29, 30}
    assert 59 <= (clock.answer_by - sent).days <= 62
    assert clock.acknowledge_by < clock.answer_by < clock.mediator_until


@given(DAYS, st.integers(0, 400), st.sampled_from([*Outcome, None]))
def test_mediator_opens_with_an_answer_or_without_one_after_two_months(sent, days, outcome) -> None:
    answered = sent + timedelta(days=days) if outcome else None
    clock = clock_of(sent, answered_on=answered, outcome=outcome)
    if outcome is Outcome.FOUNDED:
        assert clock.mediator_on is None
        assert not clock.is_mediator_open(clock.mediator_until)
        return
    late = clock.answer_by + timedelta(days=1)
    assert clock.mediator_on == (min(answered, late) if answered else late)
    assert not clock.is_mediator_open(clock.mediator_on - timedelta(days=1))
    assert clock.is_mediator_open(clock.mediator_on)
    assert clock.is_mediator_open(clock.mediator_until)
    assert not clock.is_mediator_open(clock.mediator_until + timedelta(days=1))


def test_end_of_february_and_of_december() -> None:
    assert clock_of(date(2026, 12, 31)).answer_by == date(2027, 2, 28)
    assert clock_of(date(2027, 12, 31)).answer_by == date(2028, 2, 29)
    assert clock_of(date(2028, 2, 29)).mediator_until == date(2029, 2, 28)
