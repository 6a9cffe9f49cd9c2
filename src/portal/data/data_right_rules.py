"""Rights over one's data: which there are, and by when the insurer owes an answer: pure arithmetic (R-70).

GDPR article 12(3): one month from receipt, which two further months may extend, told with the reason within the first
one. Regulation 1182/71, article 3: a period in months ends at the last hour of the day of the same date, or of the
month's last day when there is none; one that would end on a Saturday, a Sunday or a public holiday runs to the next
working day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from portal.data.rules import add_months
from portal.formatting import PARIS, day_in_france
from portal.public_holidays import is_public_holiday

ANSWERED_WITHIN_MONTHS = 1
EXTENDED_TO_MONTHS = 3
SATURDAY = 5


class DataRight(StrEnum):
    """Articles 15 to 22 of the GDPR; article 85 of the law of 6 January 1978 for what follows death. Stored."""

    ACCESS = "acces"
    RECTIFICATION = "rectification"
    ERASURE = "effacement"
    RESTRICTION = "limitation"
    OBJECTION = "opposition"
    PORTABILITY = "portabilite"
    AFTER_DEATH = "directives"
    CONSENT = "consentements"


# What the portal does not serve by itself, at once, and the desk decides. For whatever else is wanted of a right that
# the portal serves, its page leads here too.
BY_DESK = (
    DataRight.RECTIFICATION,
    DataRight.ERASURE,
    DataRight.OBJECTION,
    DataRight.ACCESS,
    DataRight.PORTABILITY,
    DataRight.RESTRICTION,
)


@dataclass(frozen=True, slots=True)
class Clock:
    """Days in France. `answer_by`: the last one for an answer, extended or not; `extend_by`: the last one on which the
    person may be told of an extension."""

    received_on: date
    extend_by: date
    answer_by: date

    @property
    def due_at(self) -> datetime:
        """The last second (UTC) of the day by which the answer is owed."""
        return datetime.combine(self.answer_by, time(23, 59, 59), PARIS).astimezone(UTC)


def clock_of(received_at: datetime, *, is_extended: bool = False) -> Clock:
    """The clock of a request received at an instant."""
    received_on = day_in_france(received_at)
    first = _last_day(received_on, ANSWERED_WITHIN_MONTHS)
    return Clock(received_on, first, _last_day(received_on, EXTENDED_TO_MONTHS) if is_extended else first)


def _last_day(received_on: date, months: int) -> date:
    day = add_months(received_on, months)
    while day.weekday() >= SATURDAY or is_public_holiday(day):
        day += timedelta(days=1)
    return day
