"""What a company owes for its staff: the rules of a call for contributions, pure arithmetic, no database (R-32).

A civil month in which an employee is affiliated, be it for one day, is due in full, at the price of the category and
structure of the first such day. A day of unpaid leave without cover is no such day, so a month that lies wholly within
one is not due. Portability is free: it begins when the employment has ended. Amounts are integer cents, taxes included.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from portal.data.contributions import Structure, structure_of
from portal.data.employees import EventKind
from portal.data.rules import add_months, half_up
from portal.data.staff_categories import WHOLE, Price

_DAY = timedelta(days=1)


class Rhythm(StrEnum):
    """How long the period of a call is; it is called once it has ended (à terme échu)."""

    MONTH = "mois"
    QUARTER = "trimestre"


class Period(NamedTuple):
    """Whole civil months, from the first day to the last."""

    start: date
    end: date

    @property
    def months(self) -> list[date]:
        """The first day of each."""
        return months_between(self.start, self.end)


class Stay(NamedTuple):
    """Days of affiliation in a category, both included; `product_id`: its guarantees."""

    category_id: int
    product_id: int
    starts_on: date
    ends_on: date | None


class Span(NamedTuple):
    """Days, both included."""

    starts_on: date
    ends_on: date | None

    def holds(self, day: date) -> bool:
        """Whether `day` lies within."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class Cover(NamedTuple):
    """A person covered under a contract."""

    contract_id: int
    product_id: int
    person_id: int
    span: Span


class Life(NamedTuple):
    """What contributions depend on: `stays` and `absences` (those without cover) from the first one, who is covered.
    `contract_id`: the contract that covers the employee now."""

    employee_id: int
    contract_id: int | None
    stays: Sequence[Stay]
    absences: Sequence[Span]
    covers: Sequence[Cover]


class Due(NamedTuple):
    """What a month of an employee comes to; the parts of employer and employee add up to `month_cents`."""

    category_id: int
    structure: Structure
    month_cents: int
    employer_cents: int


Prices = Callable[[int, Structure, date], tuple[Structure, Price]]
"""The price of a category and structure on a day, and the structure that it is the price of: where a contract has no
price for two persons, they pay that of a family. Raises `RateUnknown`."""


class RateUnknown(Exception):
    """A category has no rate on a day when somebody is affiliated in it."""


class Cause(StrEnum):
    """Why a month is called again. ACT: the employer declared it; UNDONE: an act taken back; FAMILY: how many
    persons are covered; RATE: the price; OTHER: the insurer corrected what it knew. Values are stored."""

    ACT = "acte"
    UNDONE = "annulation"
    FAMILY = "famille"
    RATE = "tarif"
    OTHER = "autre"


class Act(NamedTuple):
    """An act on an employee, as an explanation of what changed."""

    event_id: int
    kind: str
    effective_on: date
    recorded_at: datetime
    undone_at: datetime | None

    @property
    def changed_at(self) -> datetime:
        return self.undone_at or self.recorded_at


class Gap(NamedTuple):
    """A month that does not come to what was called. `before`, `after`: None when nothing was, or is, due."""

    employee_id: int
    month: date
    before: Due | None
    after: Due | None

    @property
    def cents(self) -> int:
        return _cents(self.after) - _cents(self.before)

    @property
    def employer_cents(self) -> int:
        return _employer_cents(self.after) - _employer_cents(self.before)


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def last_day_of(month: date) -> date:
    """The last day of the month that begins on `month`."""
    return add_months(month, 1) - _DAY


def months_between(first: date, last: date) -> list[date]:
    """The first day of each month from that of `first` to that of `last`."""
    months, month = [], month_of(first)
    while month <= last:
        months.append(month)
        month = add_months(month, 1)
    return months


def period_from(start: date, rhythm: Rhythm) -> Period:
    """The period that begins with a month: that month, or until the end of its civil quarter."""
    first = month_of(start)
    months = 1 if rhythm is Rhythm.MONTH else 3 - (first.month - 1) % 3
    return Period(first, add_months(first, months) - _DAY)


def period_holding(day: date, rhythm: Rhythm) -> Period:
    """The whole period in which a day lies."""
    first = month_of(day)
    return period_from(first if rhythm is Rhythm.MONTH else add_months(first, -((first.month - 1) % 3)), rhythm)


def due_day(period: Period, due_day_of_month: int) -> date:
    """By when a period is paid: a day of the month that follows it."""
    return (period.end + _DAY).replace(day=due_day_of_month)


def tax_within(cents: int, tax_rate: int) -> int:
    """The tax that an amount includes, in cents. `tax_rate`: ten-thousandths of the amount without it (code de la
    sécurité sociale, L862-4: 1 327 for responsible contracts)."""
    tax = half_up(abs(cents) * tax_rate, WHOLE + tax_rate)
    return tax if cents >= 0 else -tax


def first_day(life: Life, month: date) -> tuple[Stay, date] | None:
    """The first day of a month on which somebody is affiliated, and the stay that it is of; None without one."""
    last = last_day_of(month)
    for stay in life.stays:
        day = _back(life.absences, max(stay.starts_on, month))
        if day <= min(stay.ends_on or last, last):
            return stay, day
    return None


def due_of(life: Life, month: date, prices: Prices) -> Due | None:
    """What a month of an employee comes to; None when it is not due. Raises `RateUnknown`."""
    found = first_day(life, month)
    if found is None:
        return None
    stay, day = found
    structure, price = prices(stay.category_id, structure_of(_persons(life, stay.product_id, day)), day)
    return Due(stay.category_id, structure, price.month_cents, price.employer_cents)


def gaps_of(
    life: Life, months: Iterable[date], called: dict[tuple[int, date], Due | None], prices: Prices
) -> Iterator[Gap]:
    """The months whose call was other than what they come to now. `called`: by employee and month."""
    for month in months:
        before, after = called.get((life.employee_id, month)), due_of(life, month, prices)
        if before != after:
            yield Gap(life.employee_id, month, before, after)


def cause_of(gap: Gap, called_at: datetime, acts: Iterable[Act]) -> tuple[Cause, Act | None]:
    """Why a month changed since it was called: the last act declared, or taken back, after that, which bears on it.
    A change of price or structure alone is no act of the employer's."""
    before, after = gap.before, gap.after
    if before and after and before.category_id == after.category_id:
        return (Cause.FAMILY if before.structure != after.structure else Cause.RATE), None
    last = last_day_of(gap.month)
    since = [
        act
        for act in acts
        if act.changed_at > called_at and act.effective_on <= last and act.kind != EventKind.CORRECTED
    ]
    act = max(since, key=lambda act: (act.changed_at, act.event_id), default=None)
    if act is None:
        return Cause.OTHER, None
    return (Cause.UNDONE if act.undone_at else Cause.ACT), act


def _back(absences: Iterable[Span], day: date) -> date:
    """The first day from `day` on that is not within an absence."""
    for absence in absences:
        if absence.holds(day):
            if absence.ends_on is None:
                return date.max
            day = absence.ends_on + _DAY
    return day


def _persons(life: Life, product_id: int, day: date) -> int:
    """How many persons are covered on a day under the guarantees of the category: by the employee's own contract if it
    covers somebody that day, by an earlier one else."""
    by_contract: dict[int, set[int]] = {}
    for cover in life.covers:
        if cover.product_id == product_id and cover.span.holds(day):
            by_contract.setdefault(cover.contract_id, set()).add(cover.person_id)
    if life.contract_id in by_contract:
        return len(by_contract[life.contract_id])
    return max(map(len, by_contract.values()), default=0)


def _cents(due: Due | None) -> int:
    return due.month_cents if due else 0


def _employer_cents(due: Due | None) -> int:
    return due.employer_cents if due else 0
