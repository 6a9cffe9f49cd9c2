"""How many employees a company's contracts covered, month by month, by category and structure (R-02, R-32).

Each month is told by the calls for contributions: its headcount, set right by what later calls regularised. So it is
what the company was asked to pay for, at any size for the price of reading lines; months not called yet are absent.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, bindparam, exists, func, or_
from sqlmodel import Session, col, select

from portal.data.contribution_calls import ContributionCall, ContributionLine
from portal.data.contribution_lines import LineKind
from portal.data.contribution_rules import month_of
from portal.data.contributions import structure_of
from portal.data.coverage import Beneficiary, Contract
from portal.data.employees import Employee, EmployeeAbsence, EmploymentPeriod, PeriodKind
from portal.data.prepared import Prepared
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.data.staff_categories import StaffCategory

MONTHS = 24


class Group(NamedTuple):
    """Employees of a category for whose structure there is one price."""

    category_id: int
    structure: str


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many employees are covered in each group; `month`: the first day of it, `is_today`: as they are now."""

    month: date
    people: Counter[Group] = field(default_factory=Counter)
    is_today: bool = False

    @property
    def total(self) -> int:
        return self.people.total()

    @property
    def by_category(self) -> Counter[int]:
        found: Counter[int] = Counter()
        for group, people in self.people.items():
            found[group.category_id] += people
        return found

    @property
    def by_structure(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for group, people in self.people.items():
            found[group.structure] += people
        return found


def headcounts(db: Session, viewer: Viewer, day: date) -> list[Headcount]:
    """The last months that were called, the oldest first, then `day` itself: `MONTHS` together at the most."""
    since = add_months(month_of(day), 1 - MONTHS)
    months = _called(_lines(db, viewer, since))
    told = [Headcount(month, +months[month]) for month in sorted(months) if since <= month < month_of(day)]
    return [*told, Headcount(month_of(day), _covered(db, viewer, day), is_today=True)]


def _covered(db: Session, viewer: Viewer, day: date) -> Counter[Group]:
    """Whom the company's contracts cover on a day; unpaid leave without cover is not."""
    counted: Counter[Group] = Counter()
    for category_id, persons, people in _today().rows(db, {"company": viewer.company_id, "day": day}):
        counted[Group(category_id, structure_of(persons))] += people
    return counted


@lru_cache(maxsize=1)
def _today() -> Prepared:
    day = bindparam("day", type_=Date())
    staff, period = Employee.__table__.c, EmploymentPeriod.__table__.c
    absence, category = EmployeeAbsence.__table__.c, StaffCategory.__table__.c
    away = exists().where(absence.employee_id == staff.id, ~absence.keeps_cover, *_holds(absence, day))
    rows = (
        select(period.category_id, _persons(day).label("persons"))
        .join_from(Employee.__table__, EmploymentPeriod.__table__, period.employee_id == staff.id)
        .join(StaffCategory.__table__, category.id == period.category_id)
        .where(staff.company_id == bindparam("company"), period.kind == PeriodKind.AFFILIATED.value)
        .where(*_holds(period, day), ~away)
        .subquery()
    )
    groups = (rows.c.category_id, rows.c.persons)
    return Prepared(select(*groups, func.count()).group_by(*groups))


def _persons(day: Any) -> ColumnElement[int]:
    """As calls count (`contribution_rules`): those whom the employee's own contract covers under the category's
    guarantees, else an earlier one does: a change to come has opened the next contract already."""
    staff, cover, contract = Employee.__table__.c, Beneficiary.__table__.c, Contract.__table__.c
    count = func.count(func.distinct(cover.person_id))
    covered = (
        select(count)
        .join_from(Beneficiary.__table__, Contract.__table__, cover.contract_id == contract.id)
        .where(
            contract.product_id == StaffCategory.__table__.c.product_id,
            cover.valid_from <= day,
            or_(cover.valid_to.is_(None), cover.valid_to >= day),
        )
        .correlate(Employee.__table__, StaffCategory.__table__)
    )
    own = covered.where(cover.contract_id == staff.contract_id).scalar_subquery()
    any_own = covered.where(contract.member_id == staff.person_id).group_by(cover.contract_id)
    most = any_own.order_by(count.desc()).limit(1).scalar_subquery()
    return func.coalesce(func.nullif(own, 0), most, 0)


def _holds(span: Any, day: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return span.starts_on <= day, or_(span.ends_on.is_(None), span.ends_on >= day)


def _lines(db: Session, viewer: Viewer, since: date) -> Sequence[tuple]:
    """The lines of every call that may tell of a month since then, added up."""
    line = ContributionLine
    told_by = (line.kind, line.month, line.months, line.category_id, line.structure)
    before = (line.before_category_id, line.before_structure)
    query = (
        select(*told_by, *before, func.sum(line.people))
        .join(ContributionCall, col(ContributionCall.id) == line.call_id)
        .where(ContributionCall.company_id == viewer.company_id, ContributionCall.period_end >= since)
        .group_by(*told_by, *before)
    )
    return db.connection().execute(query).all()


def _called(lines: Iterable[tuple]) -> dict[date, Counter[Group]]:
    """By month, how many people each group came to, what was regularised since taken into account."""
    found: dict[date, Counter[Group]] = {}
    for kind, first, months, category_id, structure, before_category, before_structure, people in lines:
        for month in (add_months(first, at) for at in range(months)):
            counted = found.setdefault(month, Counter())
            if category_id is not None:
                counted[Group(category_id, structure)] += people
            if kind == LineKind.REGULARISATION and before_category is not None:
                counted[Group(before_category, before_structure)] -= people
    return found
