"""Those who left: their timeline, from what was recorded that day and from what the contract costs (R-30).

A departure counts as long as it is the last thing known of the employment: whoever was reinstated or hired again has
none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from portal.data.contribution_facts import RateUnknown, prices_of
from portal.data.contributions import Structure, structure_of
from portal.data.departures import Departure, LetterKind, letters_of
from portal.data.employee_cover import persons_covered
from portal.data.employees import Employee, EmploymentPeriod, PeriodKind
from portal.data.group_figures import GroupFigures
from portal.data.leaver_letter_rules import Window, told_from, windows_of
from portal.data.leaver_timeline import (
    Leaving,
    Step,
    YearPrice,
    evin_prices,
    offer_anchor,
    request_until,
    steps_of,
)
from portal.data.leaving_rules import Evin, LeavingReason
from portal.data.organisations import Company, GroupContract
from portal.data.sessions import Viewer
from portal.formatting import day_in_france

_LATER = EmploymentPeriod.__table__.alias("later")


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who left, as the tables tell it. `period`: the one that ended that day."""

    employee: Employee
    departure: Departure
    period: EmploymentPeriod

    @property
    def leaving(self) -> Leaving:
        """What a timeline follows from."""
        departure = self.departure
        return Leaving(
            reason=LeavingReason(departure.reason),
            hired_on=self.employee.hired_on,
            left_on=departure.left_on,
            contract_months=departure.contract_months,
            months=departure.portability_months,
            ends_on=departure.portability_ends_on,
            evin=Evin(departure.evin),
            is_covered=self.period.kind == PeriodKind.AFFILIATED,
        )

    @property
    def recorded_on(self) -> date:
        """The day, in France, on which the departure was declared."""
        return day_in_france(self.departure.recorded_at)

    @property
    def told_from(self) -> date:
        """The first day on which the employee is told of it."""
        return told_from(self.departure.left_on, self.recorded_on)


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who left, and what follows. `structure`: for how many persons `prices` are; None without a price.
    `windows`: when each letter may be posted; `letters`: which were, and when (UTC)."""

    left: Left
    company: str
    leaving: Leaving
    steps: list[Step]
    request_until: date | None
    prices: list[YearPrice]
    structure: Structure | None
    windows: dict[LetterKind, Window]
    letters: dict[LetterKind, datetime]


def left_of(db: Session, employee: Employee) -> Left | None:
    """The departure that ended the employment of somebody whom the caller has reached; None for who is employed."""
    return _last(db, [Employee.id == employee.id])


def own_departure(db: Session, viewer: Viewer, today: date) -> Left | None:
    """The departure that ended the viewer's last employment, once the viewer may be told of it."""
    if viewer.person_id is None:
        return None
    left = _last(db, [Employee.person_id == viewer.person_id])
    return left if left is not None and left.told_from <= today else None


def leaver_of(db: Session, left: Left, figures: GroupFigures, today: date) -> Leaver:
    """What follows a departure that the caller has reached, as far as it is known today."""
    leaving = left.leaving
    structure, month_cents = _price(db, left, today)
    return Leaver(
        left=left,
        company=db.get_one(Company, left.employee.company_id).name,
        leaving=leaving,
        steps=steps_of(leaving, figures),
        request_until=request_until(leaving, figures),
        prices=evin_prices(leaving, figures, month_cents),
        structure=structure if month_cents is not None else None,
        windows=windows_of(leaving, left.recorded_on, figures),
        letters=letters_of(db, left.departure.id or 0),
    )


def recent_departures(db: Session, since: date, until: date) -> list[Left]:
    """The departures of the covered, of any company, whose cover ended or ends from `since` on, and whose employment
    ended by `until`: for the job that writes to them."""
    covered_to = col(Departure.portability_ends_on) >= since, col(Departure.left_on) >= since
    query = _ended().where(
        EmploymentPeriod.kind == PeriodKind.AFFILIATED, Departure.left_on <= until, covered_to[0] | covered_to[1]
    )
    return _lefts(db.exec(query.order_by(col(Departure.id))))


def departure_left(db: Session, departure_id: int) -> Left | None:
    """One departure, locked for this transaction, as it stands now; None when it no longer counts."""
    lock = select(Departure).where(Departure.id == departure_id).with_for_update()
    db.exec(lock.execution_options(populate_existing=True)).first()
    found = _lefts(db.exec(_ended().where(Departure.id == departure_id)))
    return found[0] if found else None


def _last(db: Session, whose: list[Any]) -> Left | None:
    newest = select(EmploymentPeriod, Employee).join(Employee, col(Employee.id) == EmploymentPeriod.employee_id)
    order = col(EmploymentPeriod.starts_on).desc(), col(EmploymentPeriod.id).desc()
    found = db.exec(newest.where(*whose).order_by(*order).limit(1)).first()
    if found is None or found[0].ends_on is None:
        return None
    lefts = _lefts(db.exec(_ended().where(EmploymentPeriod.id == found[0].id)))
    return lefts[-1] if lefts else None


def _ended() -> Any:
    """Departures that were not taken back, with the period that each ended, when none follows."""
    is_later = select(_LATER.c.id).where(
        _LATER.c.employee_id == EmploymentPeriod.employee_id, _LATER.c.starts_on > EmploymentPeriod.starts_on
    )
    return (
        select(Employee, Departure, EmploymentPeriod)
        .join(Departure, col(Departure.employee_id) == Employee.id)
        .join(EmploymentPeriod, col(EmploymentPeriod.employee_id) == Employee.id)
        .where(
            col(Departure.cancelled_at).is_(None),
            EmploymentPeriod.ends_on == Departure.left_on,
            ~is_later.correlate(EmploymentPeriod.__table__).exists(),
        )
    )


def _lefts(rows: Iterable[Any]) -> list[Left]:
    return [Left(*row) for row in rows]


def _price(db: Session, left: Left, today: date) -> tuple[Structure | None, int | None]:
    """The whole price of an active employee of the same category, for as many persons as are covered, on the day from
    which the offer counts, or today when that day is still to come; None when it is not known."""
    anchor, contract_id = offer_anchor(left.leaving), left.employee.contract_id
    if anchor is None or contract_id is None:
        return None, None
    day = min(anchor, today)
    persons = persons_covered(db, [contract_id], day).get(contract_id, 1)
    prices = prices_of(db, db.get_one(GroupContract, left.employee.group_contract_id))
    try:
        structure, price = prices(left.period.category_id, structure_of(persons), day.replace(day=1))
    except RateUnknown:
        return None, None
    return structure, price.month_cents
