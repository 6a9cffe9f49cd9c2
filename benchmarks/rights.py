"""Checks of rights among many persons (R-42, R-62): how long one takes on SQLite and on PostgreSQL and how the database
finds its rows, how many a second are made at once on PostgreSQL, and how many persons a thief with a stolen account
learns of. `BENCH_FULL=1`: two million persons."""

import os
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import rights_load, rights_thieves
from benchmarks.covered_persons import (
    born,
    cover,
    practice,
    question,
    remember_checks,
    settings_in,
)
from benchmarks.plans import explained
from benchmarks.sites import passing_postgresql
from portal.data.evidence import Action, record
from portal.data.rights_checks import check_rights
from portal.data.rights_questions import Question
from portal.data.sessions import Viewer
from portal.database import Database
from portal.schema import migrate
from portal.security import Keyring
from tests.support.databases import build_sqlite_template

PERSONS = 2_000_000 if os.environ.get("BENCH_FULL") else 200_000
CHECKS, A_PRACTICE = 1_500, 50
MORNING = datetime(2026, 6, 15, 7, 0, tzinfo=UTC)
WANTED_MS = 10


def main() -> None:
    """Prints milliseconds of a check, plans, checks a second, and how many persons 100 000 tries tell of."""
    folder = Path(tempfile.mkdtemp(prefix="portal-rights-"))
    settings = settings_in(folder)
    keyring = Keyring(settings)
    try:
        database = Database(f"sqlite:///{build_sqlite_template(folder / 'portal.sqlite3')}")
        viewers = _fill(database, keyring)
        _measure(database, keyring, viewers, "SQLite")
        rights_thieves.measure(database, keyring, PERSONS, MORNING)
        database.dispose()
    finally:
        shutil.rmtree(folder)
    with passing_postgresql() as url:
        database = Database(url)
        migrate(database)
        _measure(database, keyring, _fill(database, keyring), "PostgreSQL")
        with database.write() as db:
            viewers = [practice(db, keyring) for _ in range(rights_load.PRACTICES)]
        rights_load.measure(database, settings, PERSONS, viewers)
        database.dispose()


def _fill(database: Database, keyring: Keyring) -> list[Viewer]:
    since = time.perf_counter()
    cover(database, PERSONS)
    with database.write() as db:
        viewers = [practice(db, keyring) for _ in range(CHECKS // A_PRACTICE)]
    remember_checks(database, PERSONS // 2, len(viewers))
    print(f"  {PERSONS:,} persons and {PERSONS // 2:,} past checks made in {time.perf_counter() - since:.0f} s")
    return viewers


def _measure(database: Database, keyring: Keyring, viewers: list[Viewer], name: str) -> None:
    """By the clock and of this process's processor, which other work on the machine changes less. The floor: a commit
    of one row of evidence, alone."""
    took, worked, floor = [], [], []
    for number in range(CHECKS):
        viewer, since, idle = viewers[number % len(viewers)], time.perf_counter(), time.process_time()
        with database.write() as db:
            check_rights(db, viewer, keyring, _known(number * 613), MORNING)
        took.append((time.perf_counter() - since) * 1000)
        worked.append((time.process_time() - idle) * 1000)
        since = time.perf_counter()
        with database.write() as db:
            record(db, viewer, Action.RIGHTS_CHECKED)
        floor.append((time.perf_counter() - since) * 1000)
    print(f"  {name}, {PERSONS:,} persons, load {os.getloadavg()[0]:.1f}; wanted: p95 {WANTED_MS} ms or less")
    for what, each in (("a check", took), ("of our processor", worked), ("the floor", floor)):
        cuts = statistics.quantiles(each[CHECKS // 10 :], n=20)
        print(f"    {what}: p50 {cuts[9]:.2f} ms, p95 {cuts[18]:.2f} ms")
    later = MORNING + timedelta(hours=2)
    for line in explained(database, lambda db: check_rights(db, viewers[0], keyring, _known(7), later), writing=True):
        print(f"    {line}")


def _known(number: int) -> Question:
    return question(number % PERSONS, born(number % PERSONS))
