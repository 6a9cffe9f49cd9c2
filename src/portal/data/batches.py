"""Many acts in one transaction: rows read for all of them at once, numbers given ahead, rows written table by table.

Acts ask `rows_of` and write by `added`. An act that stands alone reads and writes at once. Within `batched`, what was
read ahead is answered from memory, the very objects that acts change, until a row of the same key is written; any other
question goes to the database, after what waits was written.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import Table, event, func, insert
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session, SQLModel, select

_BATCH = "batch"
NUMBERS_AT_ONCE = 50

Row = TypeVar("Row", bound=SQLModel)


@contextmanager
def batched(db: Session) -> Iterator[None]:
    """Lets the acts of the block read and write together; what waits is written at its end."""
    batch = db.info[_BATCH] = _Batch(db)
    event.listen(db, "do_orm_execute", batch.before_question)
    event.listen(db, "before_flush", batch.before_flush)
    try:
        yield
        batch.write()
    finally:
        del db.info[_BATCH]
        event.remove(db, "do_orm_execute", batch.before_question)
        event.remove(db, "before_flush", batch.before_flush)


def read_ahead(
    db: Session, model: type[Row], name: str, values: Iterable[Any], *, lock: bool, **others: Any
) -> list[Row]:
    """The rows of a table by a column's values, and by `others`; kept for `rows_of` within a batch."""
    wanted = set(values)
    rows = _asked(db, model, lock, others, getattr(model, name).in_(wanted)) if wanted else []
    batch: _Batch | None = db.info.get(_BATCH)
    if batch is not None:
        batch.keep(model, name, wanted, rows, lock=lock, others=others)
    return rows


def rows_of(db: Session, model: type[Row], *, lock: bool = False, **key: Any) -> list[Row]:
    """The rows of a table whose columns have these values, by number. `lock`: as they are now, for changing them."""
    batch: _Batch | None = db.info.get(_BATCH)
    known = batch.known(model, key, lock=lock) if batch is not None else None
    return _asked(db, model, lock, key) if known is None else known


def added(db: Session, row: Row) -> Row:
    """Adds a row, and gives it back with its number."""
    batch: _Batch | None = db.info.get(_BATCH)
    if batch is None:
        db.add(row)
        db.flush()
    else:
        batch.add(row)
    return row


def forget(db: Session, row: SQLModel) -> None:
    """After the values of a row changed: what was read ahead under its key is asked anew."""
    batch: _Batch | None = db.info.get(_BATCH)
    if batch is not None:
        batch.forget(row)


def is_first(db: Session, row_key: tuple[str, int]) -> bool:
    """Whether a batch meets this for the first time; always, outside of one."""
    batch: _Batch | None = db.info.get(_BATCH)
    return batch is None or batch.is_first(row_key)


class _Batch:
    def __init__(self, db: Session) -> None:
        self._db = db
        self._answers: dict[tuple[type[SQLModel], tuple[str, ...]], dict[tuple[Any, ...], list[Any]]] = {}
        self._locked: dict[tuple[type[SQLModel], tuple[str, ...]], bool] = {}
        self._waiting: dict[Table, list[SQLModel]] = {}
        self._numbers: dict[Table, Iterator[int]] = {}
        self._met: set[tuple[str, int]] = set()

    def keep(
        self, model: type[SQLModel], name: str, values: set[Any], rows: list[Any], *, lock: bool, others: dict[str, Any]
    ) -> None:
        names = (*sorted(others), name)
        scope = tuple(others[each] for each in names[:-1])
        answers = self._answers.setdefault((model, names), {})
        self._locked[model, names] = lock
        answers.update({(*scope, value): [] for value in values})
        for row in rows:
            answers[(*scope, getattr(row, name))].append(row)

    def known(self, model: type[SQLModel], key: dict[str, Any], *, lock: bool) -> list[Any] | None:
        for names in (each for kept, each in self._answers if kept is model and set(each) == key.keys()):
            if self._locked[model, names] or not lock:
                rows = self._answers[model, names].get(tuple(key[name] for name in names))
                return None if rows is None else list(rows)
        return None

    def forget(self, row: SQLModel) -> None:
        for (model, names), answers in self._answers.items():
            if type(row) is model:
                answers.pop(tuple(getattr(row, name) for name in names), None)

    def add(self, row: Any) -> None:
        table = row.__table__
        if table not in self._numbers:
            self._numbers[table] = _numbers(self._db, table)
        row.id = next(self._numbers[table])
        self._waiting.setdefault(table, []).append(row)
        self.forget(row)

    def is_first(self, row_key: tuple[str, int]) -> bool:
        is_new = row_key not in self._met
        self._met.add(row_key)
        return is_new

    def write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for table in sorted(waiting, key=_ranks().__getitem__):
            names = [column.key for column in table.columns]
            rows = [{name: getattr(row, name) for name in names} for row in waiting[table]]
            self._db.connection().execute(insert(table), rows)

    def before_question(self, _: ORMExecuteState) -> None:
        self.write()

    def before_flush(self, *_: Any) -> None:
        self.write()


def _asked(db: Session, model: type[Row], lock: bool, key: dict[str, Any], *more: Any) -> list[Row]:  # noqa: FBT001
    query = select(model).filter_by(**key).where(*more).order_by(model.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return list(db.exec(query))


def _numbers(db: Session, table: Table) -> Iterator[int]:
    """Numbers that nobody else will take: SQLite has one writer at a time, PostgreSQL a sequence."""
    if db.get_bind().dialect.name == "sqlite":
        return count((db.connection().execute(select(func.max(table.c.id))).scalar() or 0) + 1)
    return _sequence(db, table)


def _sequence(db: Session, table: Table) -> Iterator[int]:
    each = func.generate_series(1, NUMBERS_AT_ONCE).alias("each")
    query = select(func.nextval(func.pg_get_serial_sequence(table.name, "id"))).select_from(each)
    while True:
        yield from db.connection().execute(query).scalars().all()


@cache
def _ranks() -> dict[Table, int]:
    """Where each table stands, those that others refer to first."""
    return {table: rank for rank, table in enumerate(SQLModel.metadata.sorted_tables)}
