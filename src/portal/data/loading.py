"""Bulk writes for imports: rows found by natural key, then inserted, updated or left alone, a batch at a time.

Only an operator's import calls this: it acts for no account, so there is no viewer. Rows are tuples in the order of
`Target.every_column`; dates are ISO text. Nothing is committed here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Select, Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, SQLModel

Row = tuple[Any, ...]

SQLITE_CACHE_KIB = 32 * 1024
ANALYSED_FROM = 1_000
ANALYSIS_LIMIT = 1_000


class Verdict(Enum):
    """What became of a row. REPEATED: its key came earlier in this load. PINNED: it would change what never changes.
    OLDER: what is held is of a later day."""

    CREATED = auto()
    UPDATED = auto()
    UNCHANGED = auto()
    REPEATED = auto()
    PINNED = auto()
    OLDER = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """A table to load. `unseen` columns follow the others' changes but never count as one (fresh ciphertext);
    `pinned` columns are set once: other rows copy them. `dated`: the column of the day that a row is about, when a row
    of an earlier day than the one held changes nothing. `is_read_by_index`: searches look at the table's indexes alone,
    which PostgreSQL does only once a table is vacuumed."""

    model: type[SQLModel]
    key: tuple[str, ...]
    columns: tuple[str, ...]
    unseen: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    is_read_by_index: bool = False
    dated: str = ""

    @property
    def every_column(self) -> tuple[str, ...]:
        return self.columns + self.unseen


class BulkLoader:
    """Loads one table in the session's transaction; keeps other writers of the table out until it ends."""

    def __init__(self, db: Session, target: Target) -> None:
        self._connection = db.connection()
        self._is_sqlite = self._connection.dialect.name == "sqlite"
        self._target = target
        self._table = SQLModel.metadata.tables[str(target.model.__tablename__)]
        self._identity = next(iter(self._table.primary_key.columns))
        self._width = len(target.columns)
        self._key_of = itemgetter(*map(target.columns.index, target.key))
        self._pinned = [target.columns.index(name) for name in target.pinned]
        self._dated = target.columns.index(target.dated) if target.dated else None
        if not self._is_sqlite:
            self._connection.execute(text(f"LOCK TABLE {self._table.name} IN SHARE ROW EXCLUSIVE MODE"))
        self._known = self._known_rows()
        self._seen = _RowsSeen(self._newest())

    def load(self, rows: Sequence[Row]) -> list[Verdict]:
        """Writes a batch and tells what became of each row. A key that came before in this load is left out."""
        existing = self._existing(rows)
        updates: list[Row] = []
        batch: set[Any] = set()
        verdicts = [self._judge(row, existing, batch, updates) for row in rows]
        self._insert([row for row, verdict in zip(rows, verdicts, strict=True) if verdict is Verdict.CREATED])
        self._update(updates)
        return verdicts

    def _judge(self, row: Row, existing: dict[Any, Row], batch: set[Any], updates: list[Row]) -> Verdict:
        key = self._key_of(row)
        if key in batch:
            return Verdict.REPEATED
        batch.add(key)
        found = existing.get(key)
        if found is None:
            self._seen.create(key)
            return Verdict.CREATED
        identity, stored = found[-1], found[:-1]
        if self._seen.has(identity):
            return Verdict.REPEATED
        return self._compare(row, stored, identity, updates)

    def _compare(self, row: Row, stored: Row, identity: Any, updates: list[Row]) -> Verdict:
        if any(row[at] != stored[at] for at in self._pinned):
            return Verdict.PINNED
        self._seen.add(identity)
        if self._dated is not None and row[self._dated] < stored[self._dated]:
            return Verdict.OLDER
        if row[: self._width] == stored:
            return Verdict.UNCHANGED
        updates.append((*row, identity))
        return Verdict.UPDATED

    def _existing(self, rows: Sequence[Row]) -> dict[Any, Row]:
        first = self._target.columns.index(self._target.key[0])
        keys = list({row[first] for row in rows})
        found = self._connection.execute(self._known, {"keys": json.dumps(keys) if self._is_sqlite else keys})
        return {self._key_of(row): row for row in map(tuple, found)}

    def _known_rows(self) -> Select:
        column = self._table.c[self._target.key[0]]
        wanted = [_as_text(self._table.c[name]) for name in self._target.columns]
        among = among_sqlite(column) if self._is_sqlite else among_postgresql(column)
        return select(*wanted, self._identity).where(among)

    def _newest(self) -> int | None:
        if self._identity.name != "id":
            return None
        return self._connection.execute(select(func.max(self._identity))).scalar() or 0

    def _insert(self, rows: list[Row]) -> None:
        if not rows:
            return
        columns = ", ".join(self._target.every_column)
        if self._is_sqlite:
            marks = ", ".join("?" * len(self._target.every_column))
            self._connection.exec_driver_sql(f"INSERT INTO {self._table.name} ({columns}) VALUES ({marks})", rows)  # noqa: S608  (our own names)
            return
        raw: Any = self._connection.connection.driver_connection
        with raw.cursor() as cursor, cursor.copy(f"COPY {self._table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def _update(self, rows: list[Row]) -> None:
        if not rows:
            return
        mark = "?" if self._is_sqlite else "%s"
        changes = ", ".join(f"{name} = {mark}" for name in self._target.every_column)
        statement = f"UPDATE {self._table.name} SET {changes} WHERE {self._identity.name} = {mark}"  # noqa: S608  (our own names)
        self._connection.exec_driver_sql(statement, rows)


class _RowsSeen:
    """Which rows this load already met: one bit per row that was there before; those created since have a newer id.

    Exact in flat memory, where a set of ten million keys would take a gigabyte. A small table without ids keeps keys.
    """

    PAGE = 15

    def __init__(self, newest: int | None) -> None:
        self._newest = newest
        self._pages: dict[int, bytearray] = {}
        self._keys: set[Any] = set()

    def create(self, key: Any) -> None:
        if self._newest is None:
            self._keys.add(key)

    def has(self, identity: Any) -> bool:
        if self._newest is None:
            return identity in self._keys
        if identity > self._newest:
            return True
        page = self._pages.get(identity >> self.PAGE)
        at = identity & (1 << self.PAGE) - 1
        return page is not None and bool(page[at >> 3] >> (at & 7) & 1)

    def add(self, identity: Any) -> None:
        if self._newest is None:
            self._keys.add(identity)
            return
        page = self._pages.setdefault(identity >> self.PAGE, bytearray(1 << self.PAGE - 3))
        at = identity & (1 << self.PAGE) - 1
        page[at >> 3] |= 1 << (at & 7)


def among_sqlite(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """`column` is one of the `keys` parameter: a JSON array, whatever its length."""
    values = func.json_each(bindparam("keys", type_=Text)).table_valued("value")
    return column.in_(select(values.c.value))


def among_postgresql(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """`column` is one of the `keys` parameter: a list."""
    return column == func.any(bindparam("keys", type_=ARRAY(column.type)))


@contextmanager
def tuned_for_loading(db: Session) -> Iterator[None]:
    """Gives SQLite a larger cache of its own during a load, instead of pages mapped from the file."""
    connection = db.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    loading = {"cache_size": -SQLITE_CACHE_KIB, "mmap_size": 0}
    usual = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in loading}
    _set_pragmas(connection, loading)
    try:
        yield
    finally:
        _set_pragmas(connection, usual)


def _set_pragmas(connection: Connection, pragmas: Mapping[str, int]) -> None:
    for name, value in pragmas.items():
        connection.exec_driver_sql(f"PRAGMA {name}={value}")


def refresh_statistics(db: Session, model: type[SQLModel], written: int) -> None:
    """Tells the query planner about a table that changed much (`written` rows); bounded work on SQLite."""
    if written < ANALYSED_FROM:
        return
    connection = db.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSIS_LIMIT}")
    connection.execute(text(f"ANALYZE {model.__tablename__}"))


def _as_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(column, Text).label(column.name) if isinstance(column.type, Date) else column
