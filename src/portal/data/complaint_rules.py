"""The legal clock of a complaint: pure arithmetic (ACPR recommendation 2022-R-01; R-26; domain 3.7).

From the day it was sent: acknowledged within ten working days (Monday to Saturday, save public holidays), answered
within two months. The mediator opens after an answer that does not satisfy, or once two months went by without one, and
until one year after the complaint.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.data.rules import add_months
from portal.public_holidays import is_public_holiday

ACKNOWLEDGED_WITHIN = 10
ANSWERED_WITHIN_MONTHS = 2
MEDIATOR_WITHIN_MONTHS = 12
SUNDAY = 6


class Outcome(StrEnum):
    FOUNDED = "fondee"
    PARTLY = "partielle"
    UNFOUNDED = "non_fondee"


@dataclass(frozen=True, slots=True)
class Clock:
    """The days that count. `mediator_on`: when the mediator opens; None when the complaint was found justified."""

    sent_on: date
    acknowledge_by: date
    answer_by: date
    mediator_on: date | None
    mediator_until: date

    def is_mediator_open(self, day: date) -> bool:
        """Whether the mediator may be asked on `day`."""
        return self.mediator_on is not None and self.mediator_on <= day <= self.mediator_until


def clock_of(sent_on: date, *, answered_on: date | None = None, outcome: Outcome | None = None) -> Clock:
    """The clock of a complaint sent on a day (in France), and answered or not."""
    answer_by = add_months(sent_on, ANSWERED_WITHIN_MONTHS)
    unanswered = answer_by + timedelta(days=1)
    mediator_on: date | None = unanswered if answered_on is None else min(answered_on, unanswered)
    if outcome is Outcome.FOUNDED:
        mediator_on = None
    return Clock(
        sent_on,
        working_day_after(sent_on, ACKNOWLEDGED_WITHIN),
        answer_by,
        mediator_on,
        add_months(sent_on, MEDIATOR_WITHIN_MONTHS),
    )


def is_working_day(day: date) -> bool:
    """Whether the day is ouvrable: neither a Sunday nor a public holiday in France."""
    return day.weekday() != SUNDAY and not is_public_holiday(day)


def working_day_after(day: date, count: int) -> date:
    """The `count`-th working day after `day`, which does not count itself."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
