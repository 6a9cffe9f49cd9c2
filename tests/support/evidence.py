"""What tests of the evidence record share: a viewer, a short chain, and a hand that gets past the triggers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from portal.data.evidence import Action, entry_of, record_many
from portal.data.sessions import Viewer
from portal.database import Database

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


def viewer(account_id: int = 7, person_id: int | None = 3) -> Viewer:
    return Viewer(
        account_id, "adherent", "adherent", "Anne Essai", "", person_id, "complete", "ab" * 32, None, None, START
    )


def write_chain(database: Database, rows: int, **what: Any) -> None:
    """Appends rows, each with details, a minute apart."""
    entries = [
        entry_of(
            viewer(),
            Action.BENEFITS_READ,
            object=f"objet-{number}",
            reason="demandé",
            acting_for=3,
            details={"address": f"192.0.2.{number % 250}", "filters": {"période": "2026"}},
            now=START + timedelta(minutes=number, microseconds=number),
            **what,
        )
        for number in range(rows)
    ]
    with database.write() as db:
        record_many(db, entries)


@contextmanager
def attacker(database: Database) -> Iterator[Session]:
    """A session without triggers or foreign keys, whose changes are undone at the end."""
    with Session(database.writer) as db:
        disarm(db)
        yield db
        db.rollback()


def disarm(db: Session) -> None:
    """What a database administrator can do: set the guards aside."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("SET LOCAL session_replication_role = replica"))
        return
    db.execute(text("PRAGMA defer_foreign_keys = ON"))
    for (name,) in db.execute(text(TRIGGERS)).all():
        db.execute(text(f"DROP TRIGGER {name}"))


def scalar(database: Database, query: str, **values: Any) -> Any:
    with database.read() as db:
        return db.execute(text(query), values).scalar()
