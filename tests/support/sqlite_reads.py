"""Which columns SQLite reads: it says so itself when it compiles a statement, however that was written."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from portal.database import Database


@contextmanager
def columns_read(database: Database) -> Iterator[set[tuple[str, str]]]:
    """Table and column of each read inside the block; no column when rows alone were counted. Giving a connection its
    authorizer anew makes it compile its statements anew, so that none is missed for having run before."""
    seen: set[tuple[str, str]] = set()
    given: list[Any] = []

    def note(action: int, table: str | None, column: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_READ and table:
            seen.add((table, column or ""))
        return sqlite3.SQLITE_OK

    def watch(connection: Any, *_: Any) -> None:
        connection.set_authorizer(note)
        given.append(connection)

    engines = (database.reader, database.writer)
    for engine in engines:
        event.listen(engine, "checkout", watch)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "checkout", watch)
        for connection in given:
            connection.set_authorizer(None)
