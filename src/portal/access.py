"""What every request leaves behind, whatever becomes of it: one line in the log, and its part in the metrics.

By the route's template, never the path: a path may hold what somebody typed. No account either: who did what is for the
evidence, which is kept and shown under rules that no log has. The reference leads from an answer to its lines.
"""

import logging
import time
from typing import Any

from litestar.types import HTTPScope, Message, Send

from portal.data.sessions import Viewer
from portal.logs import FIELDS
from portal.meters import Meters

NO_ROUTE = "(no route)"
BROKEN_OFF = 0

logger = logging.getLogger("portal.access")


class Watched:
    """A connection's `send`, as far as the answer went: its status (`BROKEN_OFF` before it began), its bytes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = BROKEN_OFF
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.bytes += len(message["body"])
        await self._send(message)


def leave_trace(scope: HTTPScope, answer: Watched, method: str, meters: Meters) -> None:
    """Logs and counts a request that is over."""
    state: dict[str, Any] = scope["state"]
    seconds = time.perf_counter() - state["started"]
    template = str(scope.get("path_template") or NO_ROUTE)
    viewer: Viewer | None = state.get("viewer")
    handler = scope.get("route_handler")
    fields = {
        "request": state["reference"],
        "method": method,
        "route": str(getattr(handler, "name", None) or ""),
        "template": template,
        "status": answer.status,
        "ms": round(seconds * 1000, 1),
        "bytes": answer.bytes,
        "space": viewer.space if viewer else "",
        "role": viewer.role if viewer else "",
    }
    logger.info("%s %s %s", method, template, answer.status, extra={FIELDS: fields})
    meters.count(template, method, answer.status, seconds)
