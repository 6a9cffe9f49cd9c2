"""The desk's queue as lists show it: filters, pages by key, counts that stop at a bound (R-05).

Every statement begins with whose turn it is, and is answered from an index that holds what filters ask: its cost depends
on what is open, never on what the table holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, tuple_
from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.fraud import FraudReport
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, Urgency, WorkItem, items_for
from portal.formatting import PARIS, day_in_france, end_of_day_in_france

PAGE_SIZE = 50
# Nobody plans a day by the difference between 600 and 700; counting on would cost what the queue holds.
MOST_COUNTED = 500
SOON = timedelta(days=2)

_ITEM = WorkItem.__table__.c
_CASE = Case.__table__.c
_REPORT = FraudReport.__table__.c
_HOLDER = Account.__table__.alias("holder")
_ORDER = (_ITEM.urgency, _ITEM.order_at, _ITEM.id)
_STORED = (
    "id",
    "kind",
    "space",
    "turn",
    "urgency",
    "since",
    "due_at",
    "order_at",
    "assignee_id",
    "snoozed_until",
    "escalated_at",
    "report_id",
)


class When(StrEnum):
    """LATE: past the day when an answer is owed, or the desk's own aim. TODAY: came today."""

    LATE = "retard"
    SOON = "bientot"
    TODAY = "aujourdhui"


class Watch(StrEnum):
    """What is before the supervisors, or asleep."""

    ESCALATED = "escalade"
    SNOOZED = "veille"


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What narrows the queue. `holder`: the account that has it; `is_free`: nobody has. A `reference` is looked for in
    everything, whatever its turn."""

    kind: str = ""
    turn: Turn = Turn.DESK
    holder: int | None = None
    is_free: bool = False
    when: When | None = None
    space: str = ""
    watch: Watch | None = None
    reference: str = ""


class QueueRow(NamedTuple):
    """A request as the queue shows it: nobody's name but the colleague's who has it. `reference`: empty for fraud
    reports; `state`: the case's; `came_at`: when it was sent."""

    id: int
    kind: str
    space: str
    turn: str
    urgency: int
    since: datetime
    due_at: datetime | None
    order_at: datetime
    assignee_id: int | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    report_id: int | None
    reference: str
    state: str | None
    came_at: datetime
    holder: str


class QueuePage(NamedTuple):
    rows: tuple[QueueRow, ...]
    more: bool


def queue_page(
    db: Session, viewer: Viewer, filters: QueueFilters, now: datetime, after: int | None = None
) -> QueuePage | None:
    """The requests that follow item `after` (from the most urgent when None); None when that one is not the viewer's."""
    shown = _narrowed(db, select(_ITEM.id), viewer, filters, now).order_by(*_ORDER).limit(PAGE_SIZE + 1)
    if after is not None:
        place = db.execute(select(*_ORDER).where(_ITEM.id == after, items_for(db, viewer))).first()
        if place is None:
            return None
        shown = shown.where(tuple_(*_ORDER) > tuple(place))
    rows = _rows(db, list(db.execute(shown).scalars()))
    return QueuePage(tuple(rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE)


def queue_count(db: Session, viewer: Viewer, filters: QueueFilters, now: datetime) -> int:
    """How many the filters leave; `MOST_COUNTED` + 1 for any more."""
    found = _narrowed(db, select(literal(1)), viewer, filters, now).limit(MOST_COUNTED + 1)
    return int(db.execute(select(func.count()).select_from(found.subquery())).scalar_one())


def queue_rows(db: Session, viewer: Viewer, ids: list[int]) -> list[QueueRow]:
    """These requests, as far as the viewer may read them, in the queue's order."""
    return _rows(db, list(db.execute(select(_ITEM.id).where(_ITEM.id.in_(ids), items_for(db, viewer))).scalars()))


def _rows(db: Session, ids: list[int]) -> list[QueueRow]:
    """The index alone says which rows are shown; then they are fetched."""
    came = func.coalesce(_CASE.sent_at, _REPORT.reported_at, _ITEM.since, type_=_ITEM.since.type)
    told = (func.coalesce(_CASE.reference, ""), _CASE.state, came, func.coalesce(_HOLDER.c.display_name, ""))
    query = (
        select(*(_ITEM[name] for name in _STORED), *told)
        .select_from(WorkItem.__table__)
        .outerjoin(Case.__table__, _CASE.id == _ITEM.case_id)
        .outerjoin(FraudReport.__table__, _REPORT.id == _ITEM.report_id)
        .outerjoin(_HOLDER, _HOLDER.c.id == _ITEM.assignee_id)
        .where(_ITEM.id.in_(ids))
        .order_by(*_ORDER)
    )
    return [QueueRow._make(row) for row in db.execute(query)]


def _narrowed(db: Session, query: Select[Any], viewer: Viewer, filters: QueueFilters, now: datetime) -> Select[Any]:
    own = query.select_from(WorkItem.__table__).where(items_for(db, viewer))
    if filters.reference:
        cases = select(_CASE.id).where(_CASE.reference == filters.reference)
        return own.where(_ITEM.case_id == cases.scalar_subquery())
    return own.where(_ITEM.turn == filters.turn.value, *_conditions(filters, now))


def _conditions(filters: QueueFilters, now: datetime) -> Iterator[ColumnElement[bool]]:
    if filters.kind:
        yield _ITEM.kind == filters.kind
    if filters.space:
        yield _ITEM.space == filters.space
    if filters.is_free:
        yield _ITEM.assignee_id.is_(None)
    elif filters.holder is not None:
        yield _ITEM.assignee_id == filters.holder
    if filters.when is not None:
        yield from _dated(filters.when, now)
    yield from _watched(filters, now)


def _watched(filters: QueueFilters, now: datetime) -> Iterator[ColumnElement[bool]]:
    """What sleeps is shown where it is asked for, or whoever has it looks for it elsewhere than among what is to do."""
    if filters.watch is Watch.SNOOZED:
        yield _ITEM.snoozed_until > now
        return
    if filters.watch is Watch.ESCALATED:
        yield _ITEM.escalated_at.is_not(None)
    yield or_(_ITEM.snoozed_until.is_(None), _ITEM.snoozed_until <= now)


def _dated(when: When, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Every urgency is named, so that a range of days within each is all that is read."""
    if when is When.TODAY:
        yield _ITEM.since >= datetime.combine(day_in_france(now), time.min, PARIS)
        return
    yield _ITEM.urgency.in_([urgency.value for urgency in Urgency])
    if when is When.LATE:
        yield _ITEM.order_at < now
    else:
        yield _ITEM.order_at.between(now, end_of_day_in_france(day_in_france(now + SOON)))
