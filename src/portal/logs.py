"""The log: one JSON object per line on standard error, so that nothing a browser sends can forge a line (F3).

Records hold routes, statuses, durations and reference numbers; never a path somebody typed, a query string or a name.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime

import msgspec


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return msgspec.json.encode(line).decode()


def configure_logging(level: str) -> None:
    """Sends every logger's records at `level` and above to standard error; for servers, not for tests."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
