"""What is late at the desk, or will be: by kind of request, and for supervisors by whose hands it is in (R-72).

Counts and dates alone: nobody's data, nothing of any request. A viewer is told the kinds that they are charged with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.answer_delays import EVERY_SPACE, FEWEST_ANSWERS, MeasuredDelay, Period
from portal.data.case_states import CaseKind
from portal.data.sessions import Viewer
from portal.data.work_items import DUTY_OF, USUAL_TARGET, Turn, WorkItem, targets_on
from portal.data.work_reach import items_for
from portal.formatting import day_in_france
from portal.security import Keyring

SOON = timedelta(days=7)
# Their date runs from the sending, also while their author is to answer.
RUNNING_ON = frozenset({CaseKind.COMPLAINT, CaseKind.DATA_RIGHT})


@dataclass(frozen=True, slots=True)
class Load:
    """Requests at the desk. `late`: after the day on which an answer is owed, or else meant; `owed_late`: those whose
    day a rule or a promise set. `soon`: due within seven days. `since`: when the longest waiting one came."""

    waiting: int = 0
    late: int = 0
    owed_late: int = 0
    soon: int = 0
    since: datetime | None = None

    @property
    def later(self) -> int:
        return max(self.waiting - self.late - self.soon, 0)


@dataclass(frozen=True, slots=True)
class Pace:
    """In how many working days answers of the last 30 days came: half of them, nine in ten; `change`: how many days
    more half of them took than in the 30 days before, None when too few were answered then."""

    half_days: int
    nearly_all_days: int
    count: int
    change: int | None


@dataclass(frozen=True, slots=True)
class KindRow:
    """The board's row of a kind. `pace`: None when too few were answered to measure; `target_days`: within how many
    working days the insurer means to answer what comes today."""

    kind: str
    load: Load
    pace: Pace | None
    target_days: int = USUAL_TARGET


@dataclass(frozen=True, slots=True)
class HandsRow:
    """What one agent has taken; `name`: empty for what nobody has."""

    name: str
    load: Load


@dataclass(frozen=True, slots=True)
class Board:
    """`hands`: for supervisors alone, by name; None for others."""

    kinds: Sequence[KindRow]
    total: Load
    hands: Sequence[HandsRow] | None
    measured_at: datetime | None


def board_of(db: Session, viewer: Viewer, keyring: Keyring, now: datetime) -> Board:
    """The board as the viewer may read it: no kind at all for whoever is charged with none."""
    mine = items_for(db, viewer, keyring)
    loads = {kind: _load(row) for kind, *row in _rows(db, col(WorkItem.kind), mine, now)}
    measures = _measures(db)
    targets = targets_on(db, day_in_france(now), loads)
    kinds = [KindRow(kind, loads[kind], _pace(measures, kind), targets[kind]) for kind in DUTY_OF if kind in loads]
    hands = _hands(db, mine, now) if viewer.role == Role.SUPERVISOR else None
    measured_at = max((row.measured_at for row in measures.values()), default=None)
    return Board(kinds, _total(row.load for row in kinds), hands, measured_at)


def _rows(db: Session, group: Any, mine: ColumnElement[bool], now: datetime) -> Sequence[Any]:
    item, is_at_desk = WorkItem, col(WorkItem.turn) == Turn.DESK
    runs = or_(is_at_desk, and_(col(item.turn) == Turn.PERSON, col(item.kind).in_(RUNNING_ON)))
    figures = (
        _count(is_at_desk),
        _count(and_(runs, col(item.order_at) < now)),
        _count(and_(runs, col(item.due_at) < now)),
        _count(and_(runs, col(item.order_at) >= now, col(item.order_at) < now + SOON)),
        func.min(case((is_at_desk, col(item.since))), type_=col(item.since).type),
    )
    query = select(group, *figures).where(mine, col(item.turn) != Turn.NOBODY).group_by(group)
    return db.connection().execute(query).all()


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((which, 1), else_=0)), 0)


def _load(row: Sequence[Any]) -> Load:
    waiting, late, owed_late, soon, since = row
    return Load(int(waiting), int(late), int(owed_late), int(soon), since)


def _total(loads: Any) -> Load:
    each = list(loads)
    since = min((load.since for load in each if load.since), default=None)
    waiting, late, owed_late, soon = (
        sum(getattr(load, name) for load in each) for name in ("waiting", "late", "owed_late", "soon")
    )
    return Load(waiting, late, owed_late, soon, since)


def _hands(db: Session, mine: ColumnElement[bool], now: datetime) -> list[HandsRow]:
    found = {owner: _load(row) for owner, *row in _rows(db, col(WorkItem.assignee_id), mine, now)}
    named = select(Account.id, Account.display_name).where(col(Account.id).in_([owner for owner in found if owner]))
    names = dict(db.exec(named).all())
    return sorted((HandsRow(names.get(owner, ""), load) for owner, load in found.items()), key=lambda row: row.name)


def _measures(db: Session) -> dict[tuple[str, str], MeasuredDelay]:
    query = select(MeasuredDelay).where(MeasuredDelay.space == EVERY_SPACE, MeasuredDelay.count >= FEWEST_ANSWERS)
    return {(row.kind, row.period): row for row in db.exec(query)}


def _pace(measures: Mapping[tuple[str, str], MeasuredDelay], kind: str) -> Pace | None:
    now, before = measures.get((kind, Period.MONTH)), measures.get((kind, Period.MONTH_BEFORE))
    if now is None:
        return None
    return Pace(now.half_days, now.nearly_all_days, now.count, now.half_days - before.half_days if before else None)
