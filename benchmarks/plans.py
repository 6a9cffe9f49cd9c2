"""How a database answers: the plan of each statement that an act makes, and whether one reads a large table through."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from portal.database import Database

SMALL_TABLE = 1_000
_SCANS = {"sqlite": re.compile(r"SCAN (\w+)(?! USING)"), "postgresql": re.compile(r"Seq Scan on (\w+)")}
_READS = re.compile(r"\s*(SELECT|UPDATE|WITH)", re.IGNORECASE)

Asked = list[tuple[str, Any]]


def explained(database: Database, act: Callable[[Session], object], *, writing: bool = False) -> list[str]:
    """The plans of what an act asks, a line for each step that reads a table. `writing`: the act needs to write; it is
    rolled back. Raises `AssertionError` when a table of more than `SMALL_TABLE` rows is read through."""
    engine = database.writer if writing else database.reader
    with Session(engine) as db:
        with _recorded(db, is_sqlite=database.is_sqlite) as asked:
            act(db)
        db.rollback()
        plans = [
            line for statement, values in asked for line in _plan(db, statement, values, is_sqlite=database.is_sqlite)
        ]
        dialect = "sqlite" if database.is_sqlite else "postgresql"
        scanned = {found[1] for line in plans if (found := _SCANS[dialect].search(line))}
        tables = (name for name in scanned if not name.startswith("anon_"))  # a subquery, whose own plan stands beside
        for table in sorted(tables):
            rows = db.execute(text("SELECT count(*) FROM " + table)).scalar()
            assert rows is not None
            assert rows <= SMALL_TABLE, f"{table} is read through: {rows} rows\n" + "\n".join(plans)
    return list(dict.fromkeys(plans))


def pages_touched(database: Database, act: Callable[[Session], object]) -> int:
    """How many pages PostgreSQL looks at for what an act reads, in memory or not: a measure that other work on the
    machine does not change. 0 on SQLite, which does not count them."""
    if database.is_sqlite:
        return 0
    with Session(database.reader) as db:
        with _recorded(db, is_sqlite=False) as asked:
            act(db)
        return sum(_pages(db, statement, values) for statement, values in asked if _READS.match(statement))


def _pages(db: Session, statement: str, values: Any) -> int:
    raw: Any = db.connection().connection.driver_connection
    counted = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "
    ((told,),) = raw.execute(counted + statement, values).fetchall()
    return int(told[0]["Plan"]["Shared Hit Blocks"] + told[0]["Plan"]["Shared Read Blocks"])


@contextmanager
def _recorded(db: Session, *, is_sqlite: bool) -> Iterator[Asked]:
    """Statements as they reach the driver, also those that go past SQLAlchemy."""
    asked: Asked = []
    raw: Any = db.connection().connection.driver_connection
    if is_sqlite:
        raw.set_trace_callback(lambda statement: asked.append((statement, None)))
        yield asked
        raw.set_trace_callback(None)
        return

    class Recording(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            asked.append((str(query), params))
            return super().execute(query, params, **options)

    usual, raw.cursor_factory = raw.cursor_factory, Recording
    yield asked
    raw.cursor_factory = usual


def _plan(db: Session, statement: str, values: Any, *, is_sqlite: bool) -> list[str]:
    if not _READS.match(statement):
        return []
    raw: Any = db.connection().connection.driver_connection
    with_plan = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    rows = raw.execute(with_plan + statement, values) if values else raw.execute(with_plan + statement)
    told = [str(row[-1]).strip().removeprefix("->  ") for row in rows]
    return [line.split("  (cost")[0] for line in told if re.search(r"\b(Scan|SCAN|SEARCH)\b", line)]
