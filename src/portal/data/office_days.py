"""Working days of the insurer's offices (jours ouvrés): Monday to Friday, save public holidays in France."""

from datetime import date, timedelta

from portal.public_holidays import is_public_holiday

SATURDAY = 5


def is_office_day(day: date) -> bool:
    """Whether the offices work on the day."""
    return day.weekday() < SATURDAY and not is_public_holiday(day)


def office_day_after(day: date, count: int) -> date:
    """The `count`-th working day after `day`, which does not count itself; at least one."""
    for _ in range(max(count, 1)):
        day = _next(day)
    return day


def office_days_between(start: date, end: date) -> int:
    """How many working days follow `start` until `end`, included; 0 when the answer came on the day itself."""
    days = (start + timedelta(days=count) for count in range(1, (end - start).days + 1))
    return sum(is_office_day(day) for day in days)


def _next(day: date) -> date:
    day += timedelta(days=1)
    while not is_office_day(day):
        day += timedelta(days=1)
    return day
