"""Connections and transactions: one place that opens, commits and rolls back.

SQLite (one process): readers open the file read-only; the only writer connection begins with `BEGIN IMMEDIATE` and
runs the checkpoints itself, between transactions and under a lock that other processes respect too, since checkpoints
that meet a commit may lose it in SQLite before 3.51.3. PostgreSQL: any number of processes.
"""

import fcntl
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from anyio import to_thread
from sqlalchemy import DDL, Connection, Engine, Table, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

BUSY_SECONDS = 5
# While an import holds the database, better a quick 503 than a form that hangs.
OTHER_PROCESS_SECONDS = 1
CHECKPOINT_COMMITS = 64
CHECKPOINT_BYTES = 32 * 1024 * 1024

# A server that only reads (a standby, a full disk) refuses this; no position is negative.
_WRITE_PROBE = text("DELETE FROM journal_position WHERE consumed < 0")

T = TypeVar("T")


class DatabaseBusy(Exception):
    """The database did not let us in in time; the caller may try again."""


class Database:
    """The portal's database, by its SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._commits = 0
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            path = Path(make_url(url).database or "").resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._gate: Any = _WriterGate(path.with_name(path.name + ".writer"))
            self._log = path.with_name(path.name + "-wal")
            self.writer = _sqlite_engine(f"file:{path}", begin="BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
            self.reader = _sqlite_engine(f"file:{path}?mode=ro", begin="BEGIN", pool_size=8, max_overflow=-1)
        else:
            self._gate = nullcontext()
            # Two pools: requests that hold a reading connection never wait for each other's when they come to write.
            self.writer = _postgresql_engine(url)
            self.reader = _postgresql_engine(url).execution_options(postgresql_readonly=True)

    @property
    def threaded(self) -> bool:
        """Whether handlers run in threads: a network database would block the event loop, SQLite is faster on it."""
        return not self.is_sqlite

    def read(self) -> Session:
        """A session that cannot write; it connects at its first query. Close it."""
        return Session(self.reader, autoflush=False)

    def read_instant(self) -> Session:
        """A session that cannot write, and that sees the database of one instant however many statements it reads:
        that of its first. Close it."""
        engine = self.reader if self.is_sqlite else self.reader.execution_options(isolation_level="REPEATABLE READ")
        return Session(engine, autoflush=False)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The one place that commits: a writing session that commits at the end of the block, or rolls back.

        Never `await` inside the block. Raises `DatabaseBusy` when the writer's turn does not come in time.
        """
        with _busy_is_named(), self._gate:
            with Session(self.writer, expire_on_commit=False) as session:
                yield session
                session.commit()
            if self.is_sqlite:
                self._checkpoint()

    @contextmanager
    def rehearse(self, tables: Collection[str]) -> Iterator[Session]:
        """A session whose writes to these tables come to nothing at the end of the block.

        SQLite: they go to copies of the tables that this connection alone sees, beside the rest of the database as it
        is at this instant, so that nobody's turn to write is taken, however long it lasts. PostgreSQL: to the tables.
        """
        if not self.is_sqlite:
            with Session(self.writer) as session:
                yield session
            return
        path = Path(make_url(self.url).database or "").resolve()
        engine = _sqlite_engine(f"file:{path}?mode=ro", begin="BEGIN", keys=False)
        try:
            with Session(engine) as session:
                for table in tables:
                    _copy_aside(session.connection(), table)
                yield session
        finally:
            engine.dispose()

    async def run_writing(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function that opens `write()`: always in a thread, since the writer's turn may be long to come."""
        return await to_thread.run_sync(function, *arguments)

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a reading function: here for SQLite, in a thread for PostgreSQL. The one switch between the two."""
        return await to_thread.run_sync(function, *arguments) if self.threaded else function(*arguments)

    def accepts_writes(self) -> bool:
        """Whether a writing transaction goes through now; it changes no row."""
        try:
            with self.write() as session:
                session.connection().execute(_WRITE_PROBE)
        except (DatabaseBusy, DBAPIError):
            return False
        return True

    def vacuum(self, table: Table) -> None:
        """After much was written to a table: lets PostgreSQL answer from its indexes alone at once, rather than from
        when it comes to that table by itself. SQLite always does."""
        if not self.is_sqlite:
            with self.writer.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                connection.execute(DDL("VACUUM %(fullname)s").against(table))  # type: ignore[no-untyped-call]  # theirs

    def _checkpoint(self) -> None:
        self._commits += 1
        if self._commits % CHECKPOINT_COMMITS == 0 or self._log.stat().st_size > CHECKPOINT_BYTES:
            with self.writer.connect() as connection:
                raw: Any = connection.connection.driver_connection
                raw.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def dispose(self) -> None:
        """Closes every connection."""
        self.writer.dispose()
        self.reader.dispose()
        if isinstance(self._gate, _WriterGate):
            self._gate.close()


class _WriterGate:
    """Lets one writer through at a time, among this process's threads and among processes (advisory file lock)."""

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        self._file = path.open("w")

    def __enter__(self) -> None:
        if not self._threads.acquire(timeout=BUSY_SECONDS):
            raise DatabaseBusy
        deadline = time.monotonic() + OTHER_PROCESS_SECONDS
        while not self._locks_out_other_processes():
            if time.monotonic() > deadline:
                self._threads.release()
                raise DatabaseBusy
            time.sleep(0.005)

    def _locks_out_other_processes(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        self._file.close()


_NAMES = re.compile(r"CREATE (TABLE|UNIQUE INDEX|INDEX) ")


def _copy_aside(connection: Connection, table: str) -> None:
    """Puts a copy of a table before it, with its indexes: SQLite looks for a name among a connection's own first."""
    query = "SELECT sql FROM main.sqlite_master WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL "
    query += "ORDER BY type DESC"
    (made, *indexes) = [str(row[0]) for row in connection.exec_driver_sql(query, (table,))]
    connection.exec_driver_sql(_NAMES.sub(r"CREATE \1 temp.", made, count=1))
    connection.exec_driver_sql(f"INSERT INTO temp.{table} SELECT * FROM main.{table}")  # noqa: S608  (our own names)
    for index in indexes:
        connection.exec_driver_sql(_NAMES.sub(r"CREATE \1 temp.", index, count=1))


def _postgresql_engine(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=10, pool_timeout=BUSY_SECONDS, hide_parameters=True)


def _sqlite_engine(path: str, *, begin: str, keys: bool = True, **pool: int) -> Engine:
    """`keys`: whether foreign keys are checked."""
    uri = f"sqlite:///{path}{'&' if '?' in path else '?'}uri=true"
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None}
    options = {"pool_timeout": BUSY_SECONDS, "hide_parameters": True} | pool
    engine = create_engine(uri, connect_args=arguments, **options)

    @event.listens_for(engine, "connect")
    def configure(raw: Any, _: Any) -> None:
        for pragma in _PRAGMAS if "mode=ro" not in path else _PRAGMAS[1:]:
            raw.execute(f"PRAGMA {pragma}")
        raw.execute(f"PRAGMA foreign_keys={'ON' if keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.connection.driver_connection.execute(begin)

    return engine


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={BUSY_SECONDS * 1000}",
    "trusted_schema=OFF",
    "wal_autocheckpoint=0",
    "journal_size_limit=33554432",
    "cache_size=-16000",
    "mmap_size=268435456",
)


@contextmanager
def _busy_is_named() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy from error
    except OperationalError as error:
        if "locked" in str(error.orig) or "busy" in str(error.orig):
            raise DatabaseBusy from error
        raise
