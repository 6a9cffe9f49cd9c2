"""How a rule of the retention schedule finds what is past its time, and forgets it (R-71), table by table.

No viewer: the worker's job, about everybody. A plan decides on every foreign key that leads to its table: rows that go
along, rows that keep it, keys that are emptied. So nothing is left that points at nothing, and what is still needed
elsewhere stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    FromClause,
    Table,
    and_,
    delete,
    exists,
    func,
    not_,
    select,
    true,
    tuple_,
    update,
)
from sqlmodel import Session, SQLModel

from portal.data.retention_holds import may_go
from portal.data.retention_schedule import Period

BATCH = 500
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which rows of a table are due, and what goes with them.

    `start`: the day or the instant from which the period counts. `when`: what else must be so. `along`: tables whose
    rows go with the row that they name. `blocks`: tables, or single keys as `table.column`, whose rows keep the row
    that they name. `loosens`: keys that are emptied. `blank`: the columns to empty, of a row that stays. `account`,
    `person`: whose the row is, for holds. `sweeps`: plans of rows that go once the last row that named them has gone.
    """

    table: Table
    start: ColumnElement[Any]
    when: tuple[ColumnElement[bool], ...] = ()
    along: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()
    loosens: frozenset[str] = frozenset()
    blank: Mapping[str, Any] = field(default_factory=dict)
    account: ColumnElement[Any] | None = None
    person: ColumnElement[Any] | None = None
    sweeps: tuple["Sweep", ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rows of `table` that nothing names any more go with the last row that did: files, persons. `content`: the column
    that names a content in the storage. `along`: as a plan's; all other keys that lead there keep it."""

    table: Table
    along: frozenset[str] = frozenset()
    content: str = ""
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """How many rows are past their time, and when the oldest one's period began."""

    rows: int = 0
    oldest: date | datetime | None = None

    def __add__(self, other: "Due") -> "Due":
        known = [each for each in (self.oldest, other.oldest) if each is not None]
        return Due(self.rows + other.rows, min(known, key=_as_day, default=None))


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows went, and the names of the contents to remove from the storage once this is committed."""

    rows: int
    contents: tuple[str, ...] = ()


def count_due(db: Session, plan: Plan, period: Period, now: datetime) -> Due:
    """What of a plan is past its time."""
    query = select(func.count(), func.min(plan.start)).select_from(plan.table).where(*_due(plan, period, now))
    rows, oldest = db.connection().execute(query).one()
    return Due(rows, oldest)


def keys_due(db: Session, plan: Plan, period: Period, now: datetime, most: int = BATCH) -> list[Key]:
    """The keys of up to `most` rows that are past their time. It may read the whole table: in a session that holds
    nobody up."""
    keys = list(plan.table.primary_key)
    query = select(*keys).select_from(plan.table).where(*_due(plan, period, now)).order_by(*keys).limit(most)
    return [tuple(row) for row in db.connection().execute(query)]


def still_due(db: Session, plan: Plan, period: Period, now: datetime, found: list[Key]) -> list[Key]:
    """Those of the keys found whose rows are past their time still, held until the transaction ends. Rows that another
    process is at are left to it."""
    keys = list(plan.table.primary_key)
    query = select(*keys).select_from(plan.table).where(_in(keys, found), *_due(plan, period, now)).order_by(*keys)
    held = query.with_for_update(of=plan.table, skip_locked=True)
    return [tuple(row) for row in db.connection().execute(held)]


def forget_due(db: Session, plan: Plan, period: Period, now: datetime, keys: list[Key]) -> Forgotten:
    """Forgets those rows of `keys_due` that are past their time still, in the caller's transaction."""
    found = still_due(db, plan, period, now, keys) if keys else []
    if not found:
        return Forgotten(0)
    chosen = _in(list(plan.table.primary_key), found)
    if plan.blank:
        db.connection().execute(update(plan.table).where(chosen).values(**plan.blank))
        return Forgotten(len(found))
    return Forgotten(len(found), tuple(_delete(db, plan, chosen)))


def references(table: Table) -> list[tuple[Column[Any], Column[Any]]]:
    """Every column of any table that names a row of this one, and the column that it names."""
    return [
        (column, key.column)
        for other in SQLModel.metadata.sorted_tables
        for column in other.columns
        for key in column.foreign_keys
        if key.column.table is table
    ]


def undecided(plan: Plan) -> set[str]:
    """The foreign keys that lead to what a plan deletes, and that it decides nothing about: there must be none."""
    if plan.blank:
        return set()
    names = {plan.table.name, *plan.along}
    tables = SQLModel.metadata.tables
    return {
        _name(key)
        for name in names
        for key, _ in references(tables[name])
        if not ({key.table.name, _name(key)} & (plan.along | plan.blocks | plan.loosens))
    }


def _due(plan: Plan, period: Period, now: datetime) -> Iterator[ColumnElement[bool]]:
    if isinstance(plan.start.type, Date):
        yield plan.start < period.day_before(now)
    else:
        yield plan.start <= period.before(now)
    yield from plan.when
    yield may_go(plan.account, plan.person)
    if not plan.blank:
        yield from _free(plan.table, plan.table, plan.along, plan.blocks)


def _free(
    row: FromClause, table: Table, along: frozenset[str], blocks: frozenset[str]
) -> Iterator[ColumnElement[bool]]:
    """That nothing which must stay names the row, nor any row that would go along with it."""
    for key, target in references(table):
        other = key.table.alias()
        names_it = other.c[key.name] == row.c[target.name]
        if {key.table.name, _name(key)} & blocks:
            yield not_(exists().where(names_it))
        elif key.table.name in along and key.table is not table:
            inner = list(_free(other, key.table, along, blocks))
            if inner:
                yield not_(exists().where(names_it, not_(and_(*inner))))


def _delete(db: Session, plan: Plan, chosen: ColumnElement[bool]) -> list[str]:
    """Deletes the chosen rows, what goes along with them, then what nothing names any more."""
    named = [(sweep, _named_by(db, plan, sweep, chosen)) for sweep in plan.sweeps]
    _delete_rows(db, plan.table, chosen, plan)
    return [name for sweep, keys in named for name in _sweep(db, sweep, keys)]


def _delete_rows(db: Session, table: Table, chosen: ColumnElement[bool], plan: Plan) -> None:
    for key, target in references(table):
        of_chosen = key.in_(select(target).where(chosen))
        if _name(key) in plan.loosens:
            db.connection().execute(update(key.table).where(of_chosen).values({key.name: None}))
        elif key.table.name in plan.along and key.table is not table:
            _delete_rows(db, key.table, of_chosen, plan)
    db.connection().execute(delete(table).where(chosen))


def _named_by(db: Session, plan: Plan, sweep: Sweep, chosen: ColumnElement[bool]) -> set[Any]:
    """The keys of the sweep's table that the chosen rows name, and those that go along with them."""
    found: set[Any] = set()
    for table, condition in _walk(plan.table, chosen, plan):
        for column in table.columns:
            if any(key.column.table is sweep.table for key in column.foreign_keys):
                query = select(column).where(condition, column.is_not(None)).distinct()
                found.update(db.connection().execute(query).scalars())
    return found


def _walk(table: Table, chosen: ColumnElement[bool], plan: Plan) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    yield table, chosen
    for key, target in references(table):
        if key.table.name in plan.along and key.table is not table and _name(key) not in plan.loosens:
            yield from _walk(key.table, key.in_(select(target).where(chosen)), plan)


def _sweep(db: Session, sweep: Sweep, keys: Iterable[Any]) -> list[str]:
    (key,) = sweep.table.primary_key
    others = frozenset(ref.table.name for ref, _ in references(sweep.table)) - sweep.along
    held = may_go(None, key) if sweep.is_person else true()
    free = (key.in_(list(keys)), held, *_free(sweep.table, sweep.table, sweep.along, others))
    content = [sweep.table.c[sweep.content]] if sweep.content else []
    rows = db.connection().execute(select(key, *content).where(*free)).all()
    plan = Plan(sweep.table, key, along=sweep.along)
    _delete_rows(db, sweep.table, key.in_([row[0] for row in rows]), plan)
    return [row[1] for row in rows] if content else []


def _in(keys: list[Column[Any]], found: list[Key]) -> ColumnElement[bool]:
    if len(keys) == 1:
        return keys[0].in_([row[0] for row in found])
    return tuple_(*keys).in_(found)


def _name(column: Column[Any]) -> str:
    return f"{column.table.name}.{column.name}"


def _as_day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
