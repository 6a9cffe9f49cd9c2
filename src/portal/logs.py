"""The log: one JSON object per line on standard error, so that nothing a browser sends can forge a line (F3).

Records hold routes, statuses, durations and reference numbers; never a path somebody typed, a query string or a name.
Of an exception they hold its class and where it was raised, never its words: those may quote a row, or what was typed.
"""

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any

import msgspec

FIELDS = "fields"


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON. `extra={FIELDS: {…}}` adds members of its own to it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = " | ".join(_causes(record.exc_info[1]))
        return msgspec.json.encode(getattr(record, FIELDS, {}) | line).decode()


def without_values(error: BaseException) -> str:
    """What failed where, on one line, without the error's message: it may quote what a person typed, or a row. What the
    system itself says of a file or a connection quotes nobody."""
    said = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    frames = (f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in extract_tb(error.__traceback__))
    return f"{type(error).__name__}{said} at " + " < ".join(reversed([*frames]))


def _causes(error: BaseException) -> Iterator[str]:
    """The error, then what it came of, each once."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield without_values(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def configure_logging(level: str) -> None:
    """Sends every logger's records at `level` and above to standard error; for servers, not for tests."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
