"""Counts what a request asks the database, so that nobody adds a query per row unseen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from portal.data.prepared import Prepared
from portal.database import Database


@contextmanager
def queries(database: Database) -> Iterator[list[str]]:
    """The SELECT statements that the reading connections run inside the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    rows = Prepared.rows

    def noted_rows(self: Prepared, *arguments: Any) -> Any:
        seen.append("SELECT, prepared")
        return rows(self, *arguments)

    event.listen(database.reader, "before_cursor_execute", note)
    Prepared.rows = noted_rows  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        Prepared.rows = rows  # type: ignore[method-assign]
        event.remove(database.reader, "before_cursor_execute", note)
