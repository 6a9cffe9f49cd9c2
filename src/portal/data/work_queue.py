"""The desk's queue as lists show it: filters, pages by key, counts that stop at a bound (R-05).

Every statement begins with whose turn it is, and is answered from an index that holds what filters ask: it costs what
is open, never on what the table holds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, or_, select, tuple_
from sqlmodel import Session

from portal.data.accounts import Account, Space
from portal.data.cases import Case
from portal.data.deaths import Death
from portal.data.fraud import FraudReport
from portal.data.prepared import Prepared, Values
from portal.data.proposals import DecisionProposal, ProposalState
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, Urgency, WorkItem
from portal.data.work_reach import Reach, items_for, reach_of
from portal.formatting import PARIS, day_in_france, end_of_day_in_france
from portal.security import Keyring

PAGE_SIZE = 50
# Nobody plans a day by the difference between 600 and 700; counting on would cost what the queue holds.
MOST_COUNTED = 500
SOON = timedelta(days=2)

_ITEM = WorkItem.__table__.c
_CASE = Case.__table__.c
_REPORT = FraudReport.__table__.c
_DEATH = Death.__table__.c
_HOLDER = Account.__table__.alias("holder")
_ORDER = (_ITEM.urgency, _ITEM.order_at, _ITEM.id)
_PLACE = ("after_urgency", "after_order", "after_id")
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
    "death_id",
)


class When(StrEnum):
    """LATE: past the day when an answer is owed, or the desk's own aim. TODAY: came today."""

    LATE = "retard"
    SOON = "bientot"
    TODAY = "aujourdhui"


class Watch(StrEnum):
    """What is before the supervisors, or asleep; or has a decision that waits for the viewer, as a second agent."""

    ESCALATED = "escalade"
    SNOOZED = "veille"
    APPROVAL = "a-valider"


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What narrows the queue. `holder`: the account that has it; `is_free`: nobody has. A `reference`, or what waits to
    be approved, is looked for in everything, whatever its turn."""

    kind: str = ""
    turn: Turn = Turn.DESK
    holder: int | None = None
    is_free: bool = False
    when: When | None = None
    space: str = ""
    watch: Watch | None = None
    reference: str = ""

    @property
    def is_approving(self) -> bool:
        """Whether decisions that wait for the viewer are asked for."""
        return self.watch is Watch.APPROVAL and not self.reference


class QueueRow(NamedTuple):
    """A request as the queue shows it: nobody's name but the colleague's who has it. `reference`: empty for fraud
    reports and deaths; `state`: the case's; `came_at`: when it was sent."""

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
    death_id: int | None
    reference: str
    state: str | None
    came_at: datetime
    holder: str


class QueuePage(NamedTuple):
    rows: tuple[QueueRow, ...]
    more: bool


def queue_page(
    db: Session, viewer: Viewer, keyring: Keyring, filters: QueueFilters, now: datetime, after: int | None = None
) -> QueuePage | None:
    """The requests that follow item `after` (from the most urgent when None); None when that one is foreign."""
    reach, values = reach_of(db, viewer, keyring), {"limit": PAGE_SIZE + 1}
    if after is not None:
        place = db.execute(select(*_ORDER).where(_ITEM.id == after, items_for(db, viewer, keyring))).first()
        if place is None:
            return None
        values |= dict(zip(_PLACE, place, strict=True))
    rows = _rows(db, [row[0] for row in _found(db, viewer, reach, filters, now, values)])
    return QueuePage(tuple(rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE)


def queue_counts(
    db: Session, viewer: Viewer, keyring: Keyring, wanted: Iterable[QueueFilters], now: datetime
) -> list[int]:
    """How many each of the filters leaves; `MOST_COUNTED` + 1 for any more."""
    reach, values, asked = reach_of(db, viewer, keyring), {"limit": MOST_COUNTED + 1}, list(wanted)
    found = {each: _found(db, viewer, reach, each, now, values, is_counted=True) for each in dict.fromkeys(asked)}
    return [int(found[each][0][0]) if found[each] else 0 for each in asked]


def queue_rows(db: Session, viewer: Viewer, keyring: Keyring, ids: list[int]) -> list[QueueRow]:
    """These requests, as far as the viewer may read them, in the queue's order."""
    readable = select(_ITEM.id).where(_ITEM.id.in_(ids), items_for(db, viewer, keyring))
    return _rows(db, list(db.execute(readable).scalars()))


class _Shape(NamedTuple):
    """What a statement depends on, besides its values."""

    given: frozenset[str]
    is_free: bool
    when: When | None
    watch: Watch | None
    is_far_reaching: bool
    is_counted: bool


def _rows(db: Session, ids: list[int]) -> list[QueueRow]:
    """The index alone says which rows are shown; then they are fetched."""
    return [QueueRow._make(row) for row in _TOLD_ROWS.rows(db, {"ids": tuple(ids)})] if ids else []


def _found(
    db: Session,
    viewer: Viewer,
    reach: Reach,
    filters: QueueFilters,
    now: datetime,
    values: Values,
    *,
    is_counted: bool = False,
) -> list[Any]:
    """The ids of what the filters leave, in order, or how many they are."""
    if not reach.kinds:
        return []
    asked = {"kind": filters.kind, "space": filters.space, "reference": filters.reference, "holder": filters.holder}
    given = values | {name: value for name, value in asked.items() if value} | {"kinds": reach.kinds}
    given |= {"near": reach.near} if reach.near else {}
    if filters.is_approving:
        given |= {"viewer": viewer.account_id} | _days(filters.when, now) | ({"now": now} if filters.when else {})
    elif not filters.reference:
        given |= {"turn": filters.turn.value, "now": now} | _days(filters.when, now)
    shape = _Shape(frozenset(given), filters.is_free, filters.when, filters.watch, reach.is_far_reaching, is_counted)
    return _statement(shape).rows(db, given)


def _days(when: When | None, now: datetime) -> Values:
    if when is When.TODAY:
        return {"start": datetime.combine(day_in_france(now), time.min, PARIS)}
    return {"end": end_of_day_in_france(day_in_france(now + SOON))} if when is When.SOON else {}


@lru_cache(maxsize=512)
def _statement(shape: _Shape) -> Prepared:
    conditions = [_ITEM.kind.in_(bindparam("kinds", expanding=True)), *_conditions(shape)]
    query: Select[Any] = select(literal(1) if shape.is_counted else _ITEM.id).select_from(WorkItem.__table__)
    # Also to count: what is in order is read from an index, and no further than the bound.
    found = query.where(*conditions).order_by(*_order(shape)).limit(bindparam("limit"))
    return Prepared(select(func.count()).select_from(found.subquery()) if shape.is_counted else found)


def _conditions(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    if not shape.is_far_reaching:
        yield _ITEM.space != Space.DESK.value
    if "near" in shape.given:
        yield _ITEM.id.not_in(bindparam("near", expanding=True))
    if "reference" in shape.given:
        yield _ITEM.case_id == select(_CASE.id).where(_CASE.reference == bindparam("reference")).scalar_subquery()
        return
    if "turn" in shape.given:
        yield _ITEM.turn == bindparam("turn")
    columns = {"kind": _ITEM.kind, "space": _ITEM.space, "holder": _ITEM.assignee_id}
    yield from (column == bindparam(name) for name, column in columns.items() if name in shape.given)
    if shape.is_free:
        yield _ITEM.assignee_id.is_(None)
    if shape.when is not None:
        yield from _dated(shape.when)
    yield from _watched(shape.watch)
    if "after_id" in shape.given:
        yield tuple_(*_ORDER) > tuple_(
            *(bindparam(name, type_=column.type) for name, column in zip(_PLACE, _ORDER, strict=True))
        )


def _order(shape: _Shape) -> tuple[ColumnElement[Any], ...]:
    """What few requests are is found by an index of its own, then sorted: the sum keeps planners off the index that is
    in order, which they would read to its end for a page that these do not fill."""
    is_rare = shape.watch is not None or shape.when is When.TODAY
    return (_ITEM.urgency + 0, _ITEM.order_at, _ITEM.id) if is_rare else _ORDER


def _watched(watch: Watch | None) -> Iterator[ColumnElement[bool]]:
    """What sleeps is shown where it is asked for, or whoever has it looks for it elsewhere than among what is to do."""
    if watch is Watch.APPROVAL:
        yield _ITEM.case_id.in_(_to_approve())
        return
    now = bindparam("now", type_=_ITEM.since.type)
    if watch is Watch.SNOOZED:
        yield _ITEM.snoozed_until > now
        return
    if watch is Watch.ESCALATED:
        yield _ITEM.escalated_at.is_not(None)
    yield or_(_ITEM.snoozed_until.is_(None), _ITEM.snoozed_until <= now)


def _to_approve() -> Select[Any]:
    """The cases on which somebody else's decision waits for a second agent: few, and found by an index of their own."""
    row = DecisionProposal.__table__.c
    is_waiting = (row.state == ProposalState.WAITING.value, row.version == _CASE.version)
    query: Select[Any] = select(row.case_id).join(Case.__table__, _CASE.id == row.case_id)
    return query.where(*is_waiting, row.written_by != bindparam("viewer"))


def _dated(when: When) -> Iterator[ColumnElement[bool]]:
    """Every urgency is named, so that a range of days within each is all that is read."""
    kind = _ITEM.since.type
    if when is When.TODAY:
        yield _ITEM.since >= bindparam("start", type_=kind)
        return
    yield _ITEM.urgency.in_([urgency.value for urgency in Urgency])
    now = bindparam("now", type_=kind)
    if when is When.LATE:
        yield _ITEM.order_at < now
    else:
        yield _ITEM.order_at.between(now, bindparam("end", type_=kind))


def _told_rows() -> Prepared:
    came = func.coalesce(_CASE.sent_at, _REPORT.reported_at, _DEATH.recorded_at, _ITEM.since, type_=_ITEM.since.type)
    told = (func.coalesce(_CASE.reference, ""), _CASE.state, came, func.coalesce(_HOLDER.c.display_name, ""))
    return Prepared(
        select(*(_ITEM[name] for name in _STORED), *told)
        .select_from(WorkItem.__table__)
        .outerjoin(Case.__table__, _CASE.id == _ITEM.case_id)
        .outerjoin(FraudReport.__table__, _REPORT.id == _ITEM.report_id)
        .outerjoin(Death.__table__, _DEATH.id == _ITEM.death_id)
        .outerjoin(_HOLDER, _HOLDER.c.id == _ITEM.assignee_id)
        .where(_ITEM.id.in_(bindparam("ids", expanding=True)))
        .order_by(*_ORDER)
    )


_TOLD_ROWS = _told_rows()
