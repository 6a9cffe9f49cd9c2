"""The list of a company's employees: filters, search, pages by key (R-30).

Statements are built once per shape of filter.

An employee's state on a day comes from the last period that began by then (the first one, when none has), the absence
that holds the day, and the portability that followed. Whoever has no period left, since the declaration was taken back,
is not in the list.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, String, and_, bindparam, case, func, literal, or_, select, tuple_
from sqlmodel import Session

from portal.data.contributions import Structure
from portal.data.coverage import Beneficiary, Contract, ContractKind
from portal.data.departures import Departure
from portal.data.employee_rows import MOST_WORDS, Filters, Row, RowPage, Sort, State
from portal.data.employees import Employee, EmployeeAbsence, EmploymentPeriod, PeriodKind
from portal.data.prepared import Prepared
from portal.data.sessions import Viewer
from portal.data.staff_categories import StaffCategory
from portal.folding import fold

PAGE_SIZE = 50
EXPORT_BATCH = 2000

_STAFF = Employee.__table__.c
_PERIOD = EmploymentPeriod.__table__.alias("period")
_ANY = EmploymentPeriod.__table__.alias("any_period")
_ABSENCE = EmployeeAbsence.__table__.c
_DEPARTURE = Departure.__table__.c
_CATEGORY = StaffCategory.__table__.c
_COVER = Beneficiary.__table__.c
_CONTRACT = Contract.__table__.c
_GUARANTEES = StaffCategory.__table__.alias("guarantees")
_DAY = bindparam("day", type_=Date())

_STATE = case(
    (
        _PERIOD.c.ends_on < _DAY,
        case(
            (_DEPARTURE.portability_ends_on >= _DAY, literal(State.PORTABLE.value, String())),
            else_=literal(State.GONE.value, String()),
        ),
    ),
    (_PERIOD.c.kind != PeriodKind.AFFILIATED.value, _PERIOD.c.kind),
    (_PERIOD.c.starts_on > _DAY, literal(State.COMING.value, String())),
    (_ABSENCE.id.is_not(None), literal(State.ABSENT.value, String())),
    else_=literal(State.AFFILIATED.value, String()),
)
_SINCE = case(
    (and_(_PERIOD.c.ends_on < _DAY, _DEPARTURE.portability_ends_on >= _DAY), _DEPARTURE.portability_ends_on),
    (_PERIOD.c.ends_on < _DAY, _PERIOD.c.ends_on),
    (and_(_PERIOD.c.kind == PeriodKind.AFFILIATED.value, _ABSENCE.id.is_not(None)), _ABSENCE.starts_on),
    else_=_PERIOD.c.starts_on,
)
_ON_THE_DAY = and_(_COVER.valid_from <= _DAY, or_(_COVER.valid_to.is_(None), _COVER.valid_to >= _DAY))
_BY_NEWEST = (
    select(func.count(func.distinct(_COVER.person_id)))
    .where(_COVER.contract_id == _STAFF.contract_id, _ON_THE_DAY)
    .correlate(Employee.__table__)
    .scalar_subquery()
)
# The contract that a coming change of category will end.
_BY_EARLIER = (
    select(func.count(func.distinct(_COVER.person_id)))
    .join(Contract.__table__, _CONTRACT.id == _COVER.contract_id)
    .join(_GUARANTEES, _GUARANTEES.c.product_id == _CONTRACT.product_id)
    .where(
        _CONTRACT.member_id == _STAFF.person_id,
        _CONTRACT.kind.in_((ContractKind.GROUP_MANDATORY.value, ContractKind.GROUP_OPTIONAL.value)),
        _GUARANTEES.c.id == _PERIOD.c.category_id,
        _ON_THE_DAY,
    )
    .correlate(Employee.__table__, _PERIOD)
    .scalar_subquery()
)
_COVERED = func.coalesce(func.nullif(_BY_NEWEST, 0), _BY_EARLIER)
_PERSONS = {
    Structure.SINGLE: _COVERED == 1,
    Structure.PAIR: _COVERED == 2,
    Structure.FAMILY: _COVERED > 2,
}
_ORDERS: dict[Sort, tuple[ColumnElement[Any], bool]] = {
    Sort.NAME: (_STAFF.search, True),
    Sort.MATRICULE: (func.coalesce(_STAFF.matricule, ""), True),
    Sort.HIRED: (_STAFF.hired_on, False),
    Sort.SINCE: (_SINCE, False),
}
_COLUMNS = [
    *(_STAFF[name] for name in Row._fields[:10]),
    _PERIOD.c.category_id,
    _CATEGORY.label,
    _CATEGORY.code,
    _STATE,
    _SINCE,
    _COVERED,
]
# What the search says of the shape of a statement: how many words. The rest: which filters, and the structure itself,
# whose condition is another for each.
Shape = tuple[int, bool, bool, Structure | None]


def employee_page(db: Session, viewer: Viewer, filters: Filters, day: date, after: int | None = None) -> RowPage | None:
    """The employees that follow employee `after` (from the first when None), as they stand on `day`; None when that one
    is not the viewer's to see."""
    values = _values(viewer, filters, day)
    if after is not None and not _place_after(db, viewer, filters.sort, after, day, values):
        return None
    statement = _page_statement(_shape(filters), filters.sort, is_continued=after is not None)
    rows = [Row._make(row) for row in statement.rows(db, values | {"limit": PAGE_SIZE + 1})]
    return RowPage(tuple(rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE)


def count_employees(db: Session, viewer: Viewer, filters: Filters, day: date) -> int:
    """How many employees the filters leave."""
    row = _count_statement(_shape(filters)).rows(db, _values(viewer, filters, day))[0]
    return int(row[0])


def employee_row(db: Session, viewer: Viewer, employee_id: int, day: date) -> Row | None:
    """One employee of the viewer's company as the list shows it; None for one who is in no list."""
    rows = employee_rows(db, viewer, [employee_id], day)
    return rows[0] if rows else None


def employee_rows(db: Session, viewer: Viewer, employee_ids: Iterable[int], day: date) -> list[Row]:
    """Those of these employees who are in the list of the viewer's company, by name."""
    chosen = tuple(employee_ids)
    if not chosen:
        return []
    values = {"company": viewer.company_id, "day": day, "chosen": chosen}
    return [Row._make(row) for row in _chosen_statement().rows(db, values)]


def export_employees(db: Session, viewer: Viewer, filters: Filters, day: date) -> Iterator[Row]:
    """Every employee of the filter in its order, read in batches by key: memory stays flat."""
    values = _values(viewer, filters, day) | {"limit": EXPORT_BATCH}
    is_continued = False
    while True:
        statement = _page_statement(_shape(filters), filters.sort, is_continued=is_continued)
        rows = [Row._make(row) for row in statement.rows(db, values)]
        yield from rows
        if len(rows) < EXPORT_BATCH:
            return
        _place_after(db, viewer, filters.sort, rows[-1].id, day, values)
        is_continued = True


def _shape(filters: Filters) -> Shape:
    return (len(_words(filters.text)), filters.category_id is not None, filters.state is not None, filters.structure)


def _words(text: str) -> list[str]:
    return fold(text).split()[:MOST_WORDS]


def _values(viewer: Viewer, filters: Filters, day: date) -> dict[str, Any]:
    values: dict[str, Any] = {"company": viewer.company_id, "day": day}
    values |= {f"word{at}": _pattern(word) for at, word in enumerate(_words(filters.text))}
    if filters.category_id is not None:
        values["category"] = filters.category_id
    if filters.state is not None:
        values["state"] = filters.state.value
    return values


def _pattern(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _from(statement: Any) -> Any:
    """The rows of the list: each employee of the company, with the one period that tells the state on the day."""
    mine = _ANY.c.employee_id == _STAFF.id
    latest = select(func.max(_ANY.c.starts_on)).where(mine, _ANY.c.starts_on <= _DAY)
    first = select(func.min(_ANY.c.starts_on)).where(mine)
    told_by, fallback = (each.correlate(Employee.__table__).scalar_subquery() for each in (latest, first))
    held = or_(_ABSENCE.ends_on.is_(None), _ABSENCE.ends_on >= _DAY)
    left = and_(_DEPARTURE.left_on == _PERIOD.c.ends_on, _DEPARTURE.cancelled_at.is_(None))
    return (
        statement.select_from(Employee.__table__)
        .join(
            _PERIOD,
            and_(_PERIOD.c.employee_id == _STAFF.id, _PERIOD.c.starts_on == func.coalesce(told_by, fallback)),
        )
        .outerjoin(EmployeeAbsence.__table__, and_(_ABSENCE.employee_id == _STAFF.id, _ABSENCE.starts_on <= _DAY, held))
        .outerjoin(Departure.__table__, and_(_DEPARTURE.employee_id == _STAFF.id, left))
        .where(_STAFF.company_id == bindparam("company"))
    )


def _conditions(shape: Shape) -> list[ColumnElement[bool]]:
    words, by_category, by_state, structure = shape
    found = [_STAFF.search.like(bindparam(f"word{at}"), escape="\\") for at in range(words)]
    if by_category:
        found.append(_PERIOD.c.category_id == bindparam("category"))
    if by_state:
        found.append(bindparam("state") == _STATE)
    if structure is not None:
        found.append(_PERSONS[structure])
    return found


def _listed() -> Any:
    categories = StaffCategory.__table__
    return _from(select(*_COLUMNS)).join(categories, _CATEGORY.id == _PERIOD.c.category_id)


@lru_cache(maxsize=512)
def _page_statement(shape: Shape, sort: Sort, *, is_continued: bool) -> Prepared:
    order, is_rising = _ORDERS[sort]
    by = (order, _STAFF.id) if is_rising else (order.desc(), _STAFF.id.desc())
    statement = _listed().where(*_conditions(shape)).order_by(*by).limit(bindparam("limit"))
    if is_continued:
        place = tuple_(bindparam("after_value", type_=order.type), bindparam("after_id", type_=_STAFF.id.type))
        here = tuple_(order, _STAFF.id)
        statement = statement.where(here > place if is_rising else here < place)
    return Prepared(statement)


@lru_cache(maxsize=256)
def _count_statement(shape: Shape) -> Prepared:
    return Prepared(_from(select(func.count())).where(*_conditions(shape)))


@lru_cache(maxsize=1)
def _chosen_statement() -> Prepared:
    chosen = _STAFF.id.in_(bindparam("chosen", expanding=True))
    return Prepared(_listed().where(chosen).order_by(_STAFF.search, _STAFF.id))


@lru_cache(maxsize=8)
def _place_statement(sort: Sort) -> Prepared:
    return Prepared(_from(select(_ORDERS[sort][0])).where(_STAFF.id == bindparam("after_id")))


def _place_after(db: Session, viewer: Viewer, sort: Sort, employee_id: int, day: date, values: dict[str, Any]) -> bool:
    asked = {"company": viewer.company_id, "day": day, "after_id": employee_id}
    row = _place_statement(sort).first(db, asked)
    if row is None:
        return False
    values |= {"after_value": row[0], "after_id": employee_id}
    return True
