"""The member's benefit lines: filters, pages by key, totals (R-21). Statements are built once per shape of filter.

Rows are reached through `Scope.detailed` alone: the persons whose lines the viewer may read, by member.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, or_, select, tuple_
from sqlmodel import Session

from portal.data.benefits import BenefitLine, Payment
from portal.data.listing_rows import ExportLine, Filters, Line, LinePage, PersonTotals, Sort, Totals
from portal.data.persons import Person
from portal.data.prepared import Prepared
from portal.data.sessions import Viewer
from portal.data.visibility import Scope
from portal.folding import fold

PAGE_SIZE = 20
EXPORT_BATCH = 2000

_LINE = BenefitLine.__table__.c
_PAYMENT = Payment.__table__.c
_COLUMNS = [_LINE[name] for name in Line._fields[:15]] + [_PAYMENT[name] for name in Line._fields[15:]]
_EXPORTED = [
    *(_LINE[name] for name in ExportLine._fields[:22]),
    Person.first_name,
    _PAYMENT.paid_on,
    _PAYMENT.method,
    _PAYMENT.reference.label("payment_reference"),
]
_SORT_COLUMNS = {Sort.RECENT: _LINE.posted_on, Sort.CARE: _LINE.care_date, Sort.REMAINING: _LINE.remaining_cents}
_SUMS = [func.coalesce(func.sum(_LINE[name]), 0) for name in Totals._fields[1:]]
_MATCHES: dict[str, ColumnElement[bool]] = {
    "person": _LINE.person_id == bindparam("person"),
    "start": _LINE.posted_on >= bindparam("start"),
    "end": _LINE.posted_on <= bindparam("end"),
    "family": _LINE.family == bindparam("family"),
    "status": _LINE.status == bindparam("status"),
    "text": _LINE.search.like(bindparam("text"), escape="\\"),
}


def line_page(db: Session, viewer: Viewer, scope: Scope, filters: Filters, after: int | None = None) -> LinePage | None:
    """The lines that follow line `after` (from the first when None); None when that line is not the viewer's to see."""
    values = _values(scope, filters)
    if after is not None and not _place_after(db, scope, filters.sort, after, values):
        return None
    statement = _page_statement(_shape(scope, filters), filters.sort, is_continued=after is not None)
    rows = [Line._make(row) for row in statement.rows(db, values | {"limit": PAGE_SIZE + 1})]
    return LinePage(tuple(rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE)


def payment_shares(db: Session, viewer: Viewer, scope: Scope, payment_ids: Iterable[int]) -> dict[int, int]:
    """What the insurer paid by each payment for the lines that the viewer may read, in cents, by payment."""
    values = _values(scope, Filters()) | {"payments": tuple(payment_ids)}
    if not values["payments"]:
        return {}
    rows = _shares_statement(_shape(scope, Filters())).rows(db, values)
    return {payment_id: cents for payment_id, cents in rows}  # noqa: C416  (dict() of rows is untyped)


def totals(db: Session, viewer: Viewer, scope: Scope, filters: Filters) -> Totals:
    """Sums over all lines of the filter."""
    statement = _totals_statement(_shape(scope, filters))
    return Totals._make(statement.rows(db, _values(scope, filters))[0])


def private_totals(db: Session, viewer: Viewer, scope: Scope, filters: Filters) -> list[PersonTotals]:
    """For each adult dependant whose lines are private, totals over the civil years that the filter's dates touch.

    Never over less: totals of one day would tell a single line (R-72).
    """
    if not scope.private:
        return []
    start, end = filters.start, filters.end
    dates = Filters(start=start and date(start.year, 1, 1), end=end and date(end.year, 12, 31))
    statement = _private_statement(_shape(scope, dates, private=True))
    rows = statement.rows(db, _values(scope, dates, private=True))
    return [PersonTotals._make(row) for row in rows]


def export_lines(db: Session, viewer: Viewer, scope: Scope, filters: Filters) -> Iterator[ExportLine]:
    """Every line of the filter in its order, read in batches by key: memory stays flat."""
    values = _values(scope, filters) | {"limit": EXPORT_BATCH}
    sort_name = _SORT_COLUMNS[filters.sort].name
    is_continued = False
    while True:
        statement = _page_statement(_shape(scope, filters), filters.sort, is_continued=is_continued, for_export=True)
        rows = [ExportLine._make(row) for row in statement.rows(db, values)]
        yield from rows
        if len(rows) < EXPORT_BATCH:
            return
        values |= {"after_value": getattr(rows[-1], sort_name), "after_id": rows[-1].id}
        is_continued = True


def _shape(scope: Scope, filters: Filters, *, private: bool = False) -> tuple[int, tuple[str, ...]]:
    """What a statement depends on: how many members, which filters."""
    persons = scope.private if private else scope.detailed
    return len(persons), tuple(name for name in _MATCHES if _value(filters, name))


def _values(scope: Scope, filters: Filters, *, private: bool = False) -> dict[str, Any]:
    persons = scope.private if private else scope.detailed
    values: dict[str, Any] = {name: _value(filters, name) for name in _MATCHES if _value(filters, name)}
    for at, (member_id, person_ids) in enumerate(persons.items()):
        values |= {f"member{at}": member_id, f"persons{at}": person_ids}
    return values


def _value(filters: Filters, name: str) -> Any:
    if name == "person":
        return filters.person_id
    return _pattern(filters.text) if name == "text" else getattr(filters, name)


def _pattern(text: str) -> str:
    escaped = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if escaped else ""


def _conditions(shape: tuple[int, tuple[str, ...]]) -> list[ColumnElement[bool]]:
    members, matches = shape
    owned = [
        and_(
            _LINE.member_id == bindparam(f"member{at}"),
            # The sum keeps planners off the index by person: the listing's holds every column that totals need.
            (_LINE.person_id + 0).in_(bindparam(f"persons{at}", expanding=True)),
        )
        for at in range(members)
    ]
    return [or_(*owned) if owned else false(), *(_MATCHES[name] for name in matches)]


@lru_cache(maxsize=512)
def _page_statement(
    shape: tuple[int, tuple[str, ...]], sort: Sort, *, is_continued: bool, for_export: bool = False
) -> Prepared:
    order = _SORT_COLUMNS[sort]
    statement = (
        (_exported_columns() if for_export else select(*_COLUMNS).select_from(BenefitLine))
        .outerjoin(Payment, _PAYMENT.id == _LINE.payment_id)
        .where(*_conditions(shape))
        .order_by(order.desc(), _LINE.id.desc())
        .limit(bindparam("limit"))
    )
    if is_continued:
        place = tuple_(bindparam("after_value", type_=order.type), bindparam("after_id", type_=_LINE.id.type))
        statement = statement.where(tuple_(order, _LINE.id) < place)
    return Prepared(statement)


def _exported_columns() -> Select:
    return select(*_EXPORTED).select_from(BenefitLine).join(Person, Person.id == _LINE.person_id)


@lru_cache(maxsize=256)
def _totals_statement(shape: tuple[int, tuple[str, ...]]) -> Prepared:
    return Prepared(select(func.count(), *_SUMS).where(*_conditions(shape)))


@lru_cache(maxsize=8)
def _shares_statement(shape: tuple[int, tuple[str, ...]]) -> Prepared:
    chosen = _LINE.payment_id.in_(bindparam("payments", expanding=True))
    return Prepared(
        select(_LINE.payment_id, func.sum(_LINE.supplementary_cents))
        .where(chosen, *_conditions(shape))
        .group_by(_LINE.payment_id)
    )


@lru_cache(maxsize=64)
def _private_statement(shape: tuple[int, tuple[str, ...]]) -> Prepared:
    reimbursed = func.sum(_LINE.base_net_cents + _LINE.supplementary_cents + _LINE.other_cover_cents)
    return Prepared(
        select(_LINE.person_id, func.count(), func.sum(_LINE.spent_cents), reimbursed)
        .where(*_conditions(shape))
        .group_by(_LINE.person_id)
    )


def _place_after(db: Session, scope: Scope, sort: Sort, line_id: int, values: dict[str, Any]) -> bool:
    owned = _conditions((len(scope.detailed), ()))
    statement = select(_SORT_COLUMNS[sort]).where(_LINE.id == bindparam("after_id"), *owned)
    row = db.connection().execute(statement, values | {"after_id": line_id}).first()
    if row is None:
        return False
    values |= {"after_value": row[0], "after_id": line_id}
    return True
