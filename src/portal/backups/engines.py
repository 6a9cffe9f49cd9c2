"""The database's part of a back-up: SQLite's own online back-up, or `pg_dump` and `pg_restore`."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from portal.backups.manifest import BackupProblem, Told
from portal.data.tables import metadata
from portal.database import Database
from portal.settings import Settings

SQLITE_NAME, POSTGRES_NAME = "portal.sqlite3", "portal.dump"
_NAMING = [name for name, table in metadata.tables.items() if "storage_name" in table.columns]
_TOLD = (
    "SELECT version_num FROM alembic_version",
    "SELECT seq, hash FROM evidence ORDER BY seq DESC LIMIT 1",
    " UNION ".join(f"SELECT storage_name FROM {name} WHERE storage_name <> ''" for name in sorted(_NAMING)),  # noqa: S608  (our own tables)
)
# How libpq's programs are told where to connect: by their environment, which no list of processes shows.
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


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


def told_by(database: Database) -> Told:
    """What a restored database says."""
    with database.reader.connect() as connection:
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


def dump_postgres(settings: Settings, target: Path) -> Told:
    """Dumps the database in `pg_dump`'s custom format, and reads what it says from the very same snapshot."""
    with psycopg.connect(plain_url(settings.resolved_database_url)) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        told = [connection.execute(query.encode()).fetchall() for query in _TOLD]
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={(snapshot or ('',))[0]}"]
        run_program(settings, "pg_dump", [*options, f"--file={target}"], settings.resolved_database_url)
    return _told(told)


def restore_postgres(settings: Settings, dump: Path, url: str) -> None:
    """Restores a dump into an empty database, whole or not at all."""
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname"]
    name = str(conninfo_to_dict(plain_url(url)).get("dbname", ""))
    run_program(settings, "pg_restore", [*options, name, str(dump)], url)


@contextmanager
def scratch_postgres(settings: Settings) -> Iterator[str]:
    """The URL of a new, empty database of the same server, dropped afterwards."""
    url = make_url(settings.resolved_database_url)
    name = f"portal_check_{token_hex(6)}"
    with psycopg.connect(plain_url(settings.resolved_database_url), autocommit=True) as server:
        try:
            server.execute(f'CREATE DATABASE "{name}"'.encode())
        except psycopg.Error as error:
            raise BackupProblem("this user may not create the database in which to restore the copy") from error
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
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


def run_program(settings: Settings, name: str, arguments: list[str], database_url: str) -> None:
    """Runs one of PostgreSQL's programs. Raises `BackupProblem` with the last line that it says."""
    folder = settings.postgres_programs
    program = shutil.which(name, path=str(folder) if folder else None)
    if program is None:
        raise BackupProblem(f"{name} is not here: install PostgreSQL's client, or set PORTAL_POSTGRES_PROGRAMS")
    parameters = conninfo_to_dict(plain_url(database_url))
    told = {_VARIABLES.get(key, f"PG{key.upper()}"): str(value) for key, value in parameters.items()}
    done = subprocess.run(  # noqa: S603  (found by `which`, and our own arguments)
        [program, *arguments], env=os.environ | told, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        hint = "; set PORTAL_POSTGRES_PROGRAMS to the server's own version" if "version mismatch" in done.stderr else ""
        raise BackupProblem(f"{name} failed: {said[-1] if said else done.returncode}{hint}")


def _told(rows: list[list[Any]]) -> Told:
    schema, head, names = rows
    seq, digest = head[0] if head else (0, "")
    return Told(str(schema[0][0]) if schema else "", seq, digest, frozenset(name for (name,) in names))
