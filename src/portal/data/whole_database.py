"""The database as a whole, for back-ups: copied, asked what it holds, found whole or empty. No viewer: no row is read.

SQLite is copied by its own online back-up; PostgreSQL's programs (`backups/programs.py`) work on a snapshot made here.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from portal.data.tables import metadata

# The columns that name a content of the storage.
_NAMES = ("storage_name", "rejects_name")
_NAMING = sorted((table.name, name) for table in metadata.tables.values() for name in _NAMES if name in table.columns)
_TOLD = (
    "SELECT version_num FROM alembic_version",
    "SELECT seq, hash FROM evidence ORDER BY seq DESC LIMIT 1",
    " UNION ".join(f"SELECT {column} FROM {table} WHERE {column} <> ''" for table, column in _NAMING),  # noqa: S608  (our own tables)
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a database says of itself: its schema, the last row of evidence and its hash, the files that it names."""

    schema: str
    head: int
    head_hash: str
    file_names: frozenset[str]


def copy_sqlite(database_url: str, target: Path) -> Told:
    """Copies the database while others write: in one step, from one snapshot, which writers do not wait for."""
    with closing(sqlite3.connect(f"file:{sqlite_path(database_url)}?mode=ro", uri=True)) as source:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    return told_by_sqlite(target)


def told_by_sqlite(path: Path) -> Told:
    """What a copy says; opened so that nothing in it changes."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as copy:
        return _told([copy.execute(query).fetchall() for query in _TOLD])


def told_by(reader: Engine) -> Told:
    """What a restored database says."""
    with reader.connect() as connection:
        return _told([[*map(tuple, connection.exec_driver_sql(query))] for query in _TOLD])


def sqlite_problem(path: Path) -> str:
    """What SQLite itself finds wrong with a file, or nothing."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as copy:
            found = [str(row[0]) for row in copy.execute("PRAGMA integrity_check(1)")]
            orphans = copy.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    if found != ["ok"]:
        return found[0]
    return f"a row of {orphans[0]} names one of {orphans[2]} that is not there" if orphans else ""


def sqlite_path(database_url: str) -> Path:
    """Where SQLite's file lies."""
    return Path(make_url(database_url).database or "")


def is_sqlite_empty(path: Path) -> bool:
    """Whether there is no table at all, or no file."""
    if not path.exists():
        return True
    with closing(sqlite3.connect(path)) as raw:
        try:
            return bool(raw.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,))
        except sqlite3.DatabaseError:
            return False


@contextmanager
def postgres_snapshot(database_url: str) -> Iterator[tuple[str, Told]]:
    """The name of a snapshot that others may read as long as the block lasts, and what the database says in it."""
    with psycopg.connect(plain_url(database_url)) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        told = [connection.execute(query.encode()).fetchall() for query in _TOLD]
        yield str((snapshot or ("",))[0]), _told(told)


class MayNotCreate(Exception):
    """The user may not create databases."""


@contextmanager
def scratch_postgres(database_url: str) -> Iterator[str]:
    """The URL of a new, empty database of the same server, dropped afterwards. Raises `MayNotCreate`."""
    name = f"portal_check_{token_hex(6)}"
    with psycopg.connect(plain_url(database_url), autocommit=True) as server:
        try:
            server.execute(f'CREATE DATABASE "{name}"'.encode())
        except psycopg.Error as error:
            raise MayNotCreate from error
        try:
            yield make_url(database_url).set(database=name).render_as_string(hide_password=False)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def is_postgres_empty(database_url: str) -> bool:
    """Whether there is no table at all."""
    with psycopg.connect(plain_url(database_url)) as connection:
        query = b"SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        return connection.execute(query).fetchone() == (0,)


def plain_url(database_url: str) -> str:
    """The URL as PostgreSQL's own libraries read it."""
    return database_url.replace("postgresql+psycopg://", "postgresql://", 1)


def _told(rows: list[list[Any]]) -> Told:
    schema, head, names = rows
    seq, digest = head[0] if head else (0, "")
    return Told(str(schema[0][0]) if schema else "", seq, digest, frozenset(name for (name,) in names))
