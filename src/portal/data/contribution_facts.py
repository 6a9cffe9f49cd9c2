"""What calls for contributions are computed from: lives of employees, a batch at a time, and dated prices.

For the insurer's own computation: it acts for no account, so there is no viewer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache

from sqlmodel import Session, col, select

from portal.data.contribution_calls import ContributionMonth
from portal.data.contribution_rules import Act, Cover, Due, Life, Prices, RateUnknown, Span, Stay
from portal.data.contributions import Structure
from portal.data.coverage import Beneficiary, Contract
from portal.data.employees import Employee, EmployeeAbsence, EmployeeEvent, EmploymentPeriod, PeriodKind
from portal.data.group_figures import CODES
from portal.data.organisations import GroupContract
from portal.data.parameters import Parameter
from portal.data.staff_categories import CategoryRate, Price, StaffCategory, price_of

BATCH = 1000


def lives_of(db: Session, contract: GroupContract) -> Iterator[list[Life]]:
    """The lives of a contract's employees, a batch at a time."""
    last = 0
    while batch := _employees_after(db, contract, last):
        last = batch[-1][0]
        yield _lives(db, contract, batch)


def called_months(
    db: Session, employee_ids: Sequence[int], since: date, until: date
) -> dict[tuple[int, date], Due | None]:
    """What the months of employees were last called for, between two months, both included."""
    query = select(
        ContributionMonth.employee_id,
        ContributionMonth.month,
        ContributionMonth.category_id,
        ContributionMonth.structure,
        ContributionMonth.month_cents,
        ContributionMonth.employer_cents,
    ).where(
        col(ContributionMonth.employee_id).in_(employee_ids),
        ContributionMonth.month >= since,
        ContributionMonth.month <= until,
    )
    return {
        (employee_id, month): Due(category, Structure(structure or ""), *cents) if category is not None else None
        for employee_id, month, category, structure, *cents in db.exec(query.order_by(col(ContributionMonth.call_id)))
    }


def acts_on(db: Session, employee_ids: Iterable[int]) -> dict[int, list[Act]]:
    """The acts on employees, by employee."""
    query = select(
        EmployeeEvent.employee_id,
        EmployeeEvent.id,
        EmployeeEvent.kind,
        EmployeeEvent.effective_on,
        EmployeeEvent.recorded_at,
        EmployeeEvent.undone_at,
    ).where(col(EmployeeEvent.employee_id).in_(sorted(set(employee_ids))))
    acts: dict[int, list[Act]] = defaultdict(list)
    for employee_id, *act in db.exec(query):
        acts[employee_id].append(Act(*act))
    return acts


def prices_of(db: Session, contract: GroupContract) -> Prices:
    """The dated prices of a contract's categories."""
    rates = _rates(db, contract)
    ceilings = _ceilings(db)

    @cache
    def price(category_id: int, structure: Structure, day: date) -> tuple[Structure, Price]:
        for candidate in (structure, Structure.FAMILY) if structure is Structure.PAIR else (structure,):
            found = next((rate for rate in rates[category_id, candidate] if _holds(rate, day)), None)
            ceiling = next((value for since, until, value in ceilings if Span(since, until).holds(day)), None)
            priced = price_of(found, ceiling) if found else None
            if priced is not None:
                return candidate, priced
        raise RateUnknown(category_id, structure, day)

    return price


def _rates(db: Session, contract: GroupContract) -> dict[tuple[int, str], list[CategoryRate]]:
    query = select(CategoryRate).join(StaffCategory, col(StaffCategory.id) == CategoryRate.category_id)
    rates: dict[tuple[int, str], list[CategoryRate]] = defaultdict(list)
    for rate in db.exec(query.where(StaffCategory.group_contract_id == contract.id)):
        rates[rate.category_id, rate.structure].append(rate)
    return rates


def _ceilings(db: Session) -> list[tuple[date, date | None, int]]:
    query = select(Parameter.valid_from, Parameter.valid_to, Parameter.value)
    return list(db.exec(query.where(Parameter.code == CODES["ceiling_cents"])))


def _holds(rate: CategoryRate, day: date) -> bool:
    return Span(rate.valid_from, rate.valid_to).holds(day)


def _employees_after(db: Session, contract: GroupContract, last: int) -> Sequence[tuple[int, int | None, int | None]]:
    query = select(Employee.id, Employee.contract_id, Employee.person_id)
    query = query.where(Employee.group_contract_id == contract.id, col(Employee.id) > last)
    return list(db.exec(query.order_by(col(Employee.id)).limit(BATCH)))


def _lives(db: Session, contract: GroupContract, batch: Sequence[tuple[int, int | None, int | None]]) -> list[Life]:
    ids = [employee_id for employee_id, _, _ in batch]
    stays, absences = _stays(db, contract, ids), _absences(db, ids)
    covers = _covers(db, {person_id for _, _, person_id in batch if person_id is not None})
    return [
        Life(employee_id, contract_id, stays[employee_id], absences[employee_id], covers[person_id or 0])
        for employee_id, contract_id, person_id in batch
    ]


def _stays(db: Session, contract: GroupContract, ids: list[int]) -> dict[int, list[Stay]]:
    query = (
        select(EmploymentPeriod, StaffCategory.product_id)
        .join(StaffCategory, col(StaffCategory.id) == EmploymentPeriod.category_id)
        .where(col(EmploymentPeriod.employee_id).in_(ids), EmploymentPeriod.kind == PeriodKind.AFFILIATED)
    )
    stays: dict[int, list[Stay]] = defaultdict(list)
    for period, product_id in db.exec(query.order_by(col(EmploymentPeriod.starts_on))):
        ends = [day for day in (period.ends_on, contract.ends_on) if day is not None]
        starts_on = max(period.starts_on, contract.starts_on)
        stays[period.employee_id].append(Stay(period.category_id, product_id, starts_on, min(ends, default=None)))
    return stays


def _absences(db: Session, ids: list[int]) -> dict[int, list[Span]]:
    query = select(EmployeeAbsence.employee_id, EmployeeAbsence.starts_on, EmployeeAbsence.ends_on).where(
        col(EmployeeAbsence.employee_id).in_(ids), col(EmployeeAbsence.keeps_cover).is_(False)
    )
    absences: dict[int, list[Span]] = defaultdict(list)
    for employee_id, *days in db.exec(query.order_by(col(EmployeeAbsence.starts_on))):
        absences[employee_id].append(Span(*days))
    return absences


def _covers(db: Session, person_ids: set[int]) -> dict[int, list[Cover]]:
    query = (
        select(
            Contract.member_id,
            Contract.id,
            Contract.product_id,
            Beneficiary.person_id,
            Beneficiary.valid_from,
            Beneficiary.valid_to,
        )
        .join(Beneficiary, col(Beneficiary.contract_id) == Contract.id)
        .where(col(Contract.member_id).in_(sorted(person_ids)))
    )
    covers: dict[int, list[Cover]] = defaultdict(list)
    for member_id, contract_id, product_id, person_id, since, until in db.execute(query):
        covers[member_id].append(Cover(contract_id, product_id, person_id, Span(since, until)))
    return covers
