"""Checks of rights as several server processes make them at once on PostgreSQL, at its default durability (`fsync` and
`synchronous_commit` on): each is answered, kept and recorded in the evidence, on the disk before the answer."""

import itertools
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from benchmarks.covered_persons import born, question
from portal.data.evidence import Action, record
from portal.data.evidence_audit import verify_chain
from portal.data.rights_checks import check_rights
from portal.data.sessions import Viewer
from portal.database import Database
from portal.security import Keyring
from portal.settings import Settings

SECONDS = float(os.environ.get("BENCH_SECONDS", "6"))
# Server processes, and requests that each answers at once.
WAYS = ((1, 1), (1, 4), (2, 4), (2, 8), (3, 8))
PRACTICES = 480
MORNING, APART = datetime(2026, 6, 15, 7, 0, tzinfo=UTC), timedelta(minutes=2)
SHOWN = {"address": "192.0.2.7", "browser": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
WANTED = 400


def measure(settings: Settings, url: str, persons: int, viewers: list[Viewer]) -> None:
    """Prints checks per second for each way of serving, what the disk allows, and whether the evidence is whole."""
    database = Database(url)
    _tell_durability(database)
    day = 0
    for processes, threads in WAYS:
        shares = [viewers[at :: processes * threads] for at in range(processes * threads)]
        jobs = [
            (settings, url, persons, shares[at * threads : (at + 1) * threads], MORNING + timedelta(days=day))
            for at in range(processes)
        ]
        day += 30
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            made = pool.starmap(_serve, jobs)
        took = sorted(each for counts in made for each in counts)
        print(
            f"  {processes} processes, {threads} at once each: {len(took) / SECONDS:.0f} checks/s "
            f"(wanted: {WANTED} or more), p50 {took[len(took) // 2]:.1f} ms, p95 {took[len(took) * 95 // 100]:.1f} ms"
        )
    with database.read() as db:
        verdict = verify_chain(db, {})
        kept = db.execute(text("SELECT count(*) FROM rights_check")).scalar()
    print(f"  the evidence chain: {verdict.rows} rows, fault: {verdict.fault}; {kept} answers kept")
    database.dispose()


def _tell_durability(database: Database) -> None:
    with database.read() as db:
        told = [f"{name} {db.execute(text('SHOW ' + name)).scalar()}" for name in ("fsync", "synchronous_commit")]
    print(f"  PostgreSQL: {', '.join(told)}")


def _serve(settings: Settings, url: str, persons: int, shares: list[list[Viewer]], start: datetime) -> list[float]:
    """How long each check of one server process took, in milliseconds, over `SECONDS`."""
    database, keyring = Database(url), Keyring(settings)
    with ThreadPoolExecutor(len(shares)) as threads:
        done = threads.map(lambda viewers: _ask(database, keyring, persons, viewers, start), shares)
        took = [each for one in done for each in one]
    database.dispose()
    return took


def _ask(database: Database, keyring: Keyring, persons: int, viewers: list[Viewer], start: datetime) -> list[float]:
    """Practices take turns, each asking as seldom as its limits want. Starting takes a second that is not measured."""
    took: list[float] = []
    _check(database, keyring, viewers[0], 0, persons, start)
    began = time.perf_counter() + 1
    for number in itertools.count():
        now = start + number // len(viewers) * APART
        since = time.perf_counter()
        if since > began + SECONDS:
            return took
        _check(database, keyring, viewers[number % len(viewers)], number * 613, persons, now)
        if since > began:
            took.append((time.perf_counter() - since) * 1000)
    return took


def _check(database: Database, keyring: Keyring, viewer: Viewer, number: int, persons: int, now: datetime) -> None:
    """What a POST to /professionnel/droits does once the form is read."""
    asked = question(number % persons, born(number % persons))
    with database.write() as db:
        made, digest = check_rights(db, viewer, keyring, asked, now, is_proven=False)
        details = SHOWN | {"persons": [made.person_id], "answer": digest}
        record(db, viewer, Action.RIGHTS_CHECKED, object=made.engagement, reason=made.status, details=details, now=now)
