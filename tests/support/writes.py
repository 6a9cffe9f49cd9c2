"""Listens to the database while a GET is answered: reading may write nothing but evidence (A9)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from portal.database import Database

WRITE = re.compile(
    r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO|MERGE\s+INTO|TRUNCATE)\s+\"?(\w+)", re.IGNORECASE
)
SCHEMA = re.compile(r"\s*(?:CREATE|ALTER|DROP)\s", re.IGNORECASE)
EVIDENCE = {"evidence", "evidence_detail", "evidence_person", "journal_position"}
SESSION_SEEN = re.compile(r"\s*UPDATE\s+\"?session\"?\s+SET\s+seen_at\b[^,]*?\s+WHERE", re.IGNORECASE)


class WriteWatcher:
    """The writes seen while a GET was being answered."""

    def __init__(self, database: Database) -> None:
        self._reading = False
        self.writes: list[str] = []
        for engine in (database.writer, database.reader):
            event.listen(engine, "before_cursor_execute", self._see)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A block in which nothing may be written but evidence; AssertionError that quotes the statements otherwise."""
        self._reading, self.writes = True, []
        try:
            yield
        finally:
            self._reading = False
        assert not self.writes, f"a GET wrote: {self.writes}"

    def _see(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if self._reading and not is_allowed(statement):
            self.writes.append(statement)


def is_allowed(statement: str) -> bool:
    """Whether a statement may run during a GET: it reads, adds evidence, or notes that a session was seen."""
    written = WRITE.match(statement)
    if written is None:
        return not SCHEMA.match(statement)
    return written.group(1).lower() in EVIDENCE or bool(SESSION_SEEN.match(statement))
