"""The evidence that requests leave: what was done, on what, with which details."""

import json
from typing import Any, NamedTuple

from sqlalchemy import text

from tests.support.client import AuditingClient

ROWS = (
    "SELECT evidence.seq, action, object, details FROM evidence LEFT JOIN evidence_detail "
    "ON evidence_detail.seq = evidence.seq WHERE evidence.seq > :since ORDER BY evidence.seq"
)


class Act(NamedTuple):
    """A row of the evidence, its details parsed."""

    action: str
    object: str
    details: dict[str, Any]


class Evidence:
    """Reads what entered the chain since the last look."""

    def __init__(self, client: AuditingClient) -> None:
        self._services = client.services
        self._since = 0
        self.fresh()

    def fresh(self) -> list[Act]:
        """The acts since the last call; everything noted is moved into the chain first."""
        self._services.journal.flush()
        with self._services.database.read() as db:
            rows = db.execute(text(ROWS), {"since": self._since}).all()
        self._since = rows[-1].seq if rows else self._since
        return [Act(row.action, row.object, json.loads(row.details or "{}")) for row in rows]


def done(client: AuditingClient, action: str) -> int:
    """How many times an act stands in the evidence, from its beginning."""
    client.services.journal.flush()
    with client.services.database.read() as db:
        return int(
            db.execute(text("SELECT count(*) FROM evidence WHERE action = :action"), {"action": action}).scalar()
        )
