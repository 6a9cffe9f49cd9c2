"""Fixtures of the whole suite. A test that asks for `database` (or `db`, `app`, `client`) runs on both databases."""

import gc
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import brotli
import pytest
from pydantic import SecretStr
from sqlmodel import Session

from portal.database import Database
from portal.settings import PREFIX, Settings
from tests.support.compiled import reuse_compiled_queries
from tests.support.databases import PostgresServer, build_sqlite_template, running_postgres
from tests.support.network import forbid_other_machines
from tests.support.writes import WriteWatcher

ORIGIN = "https://portal.test"
ENGINES = ("sqlite", "postgresql")
TESTS = Path(__file__).parent
EVERY_CASE_ON_BOTH = {"data", "importing"}
MEMORY = Path("/dev/shm")  # noqa: S108  (pytest and tempfile make folders of their own in it)
MEMORY_BYTES = 4_000_000_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=[*ENGINES, "both"], default="both", help="database(s) the tests run on")


def pytest_configure() -> None:
    forbid_other_machines()
    keep_bytecode()
    work_in_memory()
    brotli.compress = lru_cache(brotli.compress)  # static files are compressed once, not by each application anew
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]


def keep_bytecode() -> None:
    """Compiling the portal's own modules takes longer than all else that a process does at its start, and tests start
    dozens of processes: each finds what the first one compiled, also where the machine asks for no such files."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def work_in_memory() -> None:
    """Every commit waits for the disk, and so does every line of the journal: several times a test, for nothing that a
    test proves. Files stand in memory where it offers room; a TMPDIR or --basetemp of one's own comes first."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES
    if usable and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None


def pytest_collection_finish() -> None:
    """What is imported and collected lives until the end: looking for garbage in it took a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In continuous integration nothing may be skipped: what a test needs must be there."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped in continuous integration: {report.longrepr}"
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine_name" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        wanted = metafunc.definition.get_closest_marker("engines")
        names = [name for name in ENGINES if chosen in {name, "both"} and (not wanted or name in wanted.args)]
        metafunc.parametrize("engine_name", names)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest begins first (groups do already), lest a worker be left alone with it at the end.

    With both databases, a test of pages runs its first case on PostgreSQL, and all of them on SQLite: cases differ
    in what is typed, not in what is asked of the database. Tests of `data/` and of imports run every case on both."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if config.getoption("--database") != "both":
        return
    repeated = repeated_on_postgresql(items)
    config.hook.pytest_deselected(items=repeated)
    left_out = {item.nodeid for item in repeated}
    items[:] = [item for item in items if item.nodeid not in left_out]


def repeated_on_postgresql(items: list[pytest.Item]) -> list[pytest.Item]:
    """The cases of a test of pages that PostgreSQL needs not see, after the first one."""
    seen: set[str] = set()
    repeated = []
    for item in items:
        values = getattr(getattr(item, "callspec", None), "params", {})
        folders = item.path.relative_to(TESTS).parts
        if values.get("engine_name") != "postgresql" or EVERY_CASE_ON_BOTH.intersection(folders):
            continue
        test = item.nodeid.partition("[")[0]
        if test in seen:
            repeated.append(item)
        seen.add(test)
    return repeated


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """This worker's PostgreSQL server."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    return build_sqlite_template(tmp_path_factory.mktemp("template") / "portal.sqlite3")


@pytest.fixture(scope="session")
def small_demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demonstration of three members, to be read; a test that changes it works on a copy."""
    from tests.support.demonstration import prepare_small  # noqa: PLC0415  (most tests need none)

    folder = tmp_path_factory.mktemp("small") / "demo"
    prepare_small(folder)
    return folder


@pytest.fixture(scope="session")
def resumed_demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demonstration prepared twice, as one that was interrupted is; to be read."""
    from tests.support.demonstration import prepare_twice  # noqa: PLC0415  (most tests need none)

    folder = tmp_path_factory.mktemp("resumed") / "demo"
    prepare_twice(folder)
    return folder


@pytest.fixture(scope="session")
def usual_settings() -> Settings:
    """What the settings of all tests have in common, read and checked once."""
    return Settings(
        origin=ORIGIN,
        secret_keys=[secrets.token_hex(32)],
        data_keys=[secrets.token_hex(32)],
        worker="separate",  # letters stay in the outbox, and jobs wait, unless a test runs them
    )


@pytest.fixture
def settings(usual_settings: Settings, tmp_path: Path) -> Settings:
    """Settings as in production (https origin), with random keys and a data folder of the test's own."""
    keys = {name: [SecretStr(secrets.token_hex(32))] for name in ("secret_keys", "data_keys")}
    return usual_settings.model_copy(update={"data_folder": tmp_path / "portal", **keys})


@pytest.fixture
def keyring(settings: Settings) -> Any:
    """The keys of these settings, for a test that needs no application."""
    from portal.security import Keyring  # noqa: PLC0415  (most tests need none)

    return Keyring(settings)


@pytest.fixture
def database(engine_name: str, settings: Settings, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated, empty database; commits are real, and gone with the test. SQLite's is where `settings` expects it."""
    if engine_name == "sqlite":
        settings.data_folder.mkdir(parents=True, exist_ok=True)
        path = shutil.copy(request.getfixturevalue("sqlite_template"), settings.data_folder / "portal.sqlite3")
        opened = Database(f"sqlite:///{path}")
    else:
        opened = Database(request.getfixturevalue("postgres").emptied_database())
    reuse_compiled_queries(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """A writing session that is rolled back at the end. Only this session sees what it writes."""
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def app(settings: Settings, database: Database) -> Any:
    """The application on the test's database. `client` runs it; its services are in `app.state.services`."""
    from tests.support.applications import application_on  # noqa: PLC0415  (tests of data/ alone start without it)

    return application_on(settings.model_copy(update={"database_url": database.url}), database)


@pytest.fixture
def client(app: Any, database: Database) -> Iterator[Any]:
    """A browser on the application that audits every answer, lets no GET write, and nobody work long while they write;
    nobody is signed in."""
    from litestar.testing import TestClient  # noqa: PLC0415  (as above)

    from tests.support.client import AuditingClient  # noqa: PLC0415  (as above)
    from tests.support.slow_work import forbid_slow_work_while_writing  # noqa: PLC0415  (as above)

    forbid_slow_work_while_writing()
    watcher = WriteWatcher(database)
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as http:
        yield AuditingClient(http, watcher)
