"""Checks of rights as several server processes make them at once on PostgreSQL, at its default durability (`fsync` and
`synchronous_commit` on): each is answered, kept and recorded in the evidence, on the disk before the answer."""

import itertools
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psutil
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
WAYS = ((1, 1), (1, 4), (2, 2), (2, 4), (2, 8))
PRACTICES = 480
MORNING, APART = datetime(2026, 7, 1, 7, 0, tzinfo=UTC), timedelta(minutes=2)
SHOWN = {"address": "192.0.2.7", "browser": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
WANTED = 400


class Served(NamedTuple):
    """What one server process did: how long each check took (ms), and the processor time it spent (s)."""

    took: list[float]
    worked: float


def measure(database: Database, settings: Settings, persons: int, viewers: list[Viewer]) -> None:
    """Prints checks per second for each way of serving, the processors' work, and whether the evidence is whole."""
    _tell_durability(database)
    for number, (processes, threads) in enumerate(WAYS):
        start = MORNING + timedelta(days=number)
        lanes = [viewers[at :: processes * threads] for at in range(processes * threads)]
        jobs = [
            (database.url, settings, persons, lanes[at * threads : (at + 1) * threads], start)
            for at in range(processes)
        ]
        before = _server_seconds(database)
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            served = pool.starmap(_serve, jobs)
        _tell(processes, threads, served, _server_seconds(database) - before)
    with database.read() as db:
        verdict = verify_chain(db, {})
    print(f"  the evidence chain of {verdict.rows} checks: {verdict.fault or 'whole'}")


def _tell(processes: int, threads: int, served: list[Served], server: float) -> None:
    took = sorted(itertools.chain.from_iterable(each.took for each in served))
    ours = sum(each.worked for each in served) * 1000 / len(took)
    theirs = server * 1000 / len(took)
    print(
        f"  {processes} processes, {threads} at once each: {len(took) / SECONDS:.0f} checks/s (wanted: {WANTED}), "
        f"p50 {took[len(took) // 2]:.1f} ms, p95 {took[len(took) * 95 // 100]:.1f} ms; processors: {ours:.2f} ms ours, "
        f"{theirs:.2f} ms PostgreSQL's, so {2000 / (ours + theirs):.0f} checks/s on two that do nothing else"
    )


def _tell_durability(database: Database) -> None:
    with database.read() as db:
        told = [f"{name} {db.execute(text('SHOW ' + name)).scalar()}" for name in ("fsync", "synchronous_commit")]
    print(f"  PostgreSQL: {', '.join(told)}; load of the machine: {os.getloadavg()[0]:.1f}")


def _server_seconds(database: Database) -> float:
    """Processor time that PostgreSQL's processes have spent, those that ended included."""
    with database.read() as db:
        chief = psutil.Process(int(db.execute(text("SELECT pg_backend_pid()")).scalar_one())).parent()
    assert chief is not None
    spent = chief.cpu_times()
    running = [each.cpu_times() for each in chief.children()]
    return sum(each.user + each.system for each in (spent, *running)) + spent.children_user + spent.children_system


def _serve(url: str, settings: Settings, persons: int, lanes: list[list[Viewer]], start: datetime) -> Served:
    """One server process: each lane asks one check after the other, over `SECONDS`."""
    database, keyring = Database(url), Keyring(settings)
    with ThreadPoolExecutor(len(lanes)) as threads:
        ready = list(threads.map(lambda lane: _check(database, keyring, lane[0], 0, persons, start), lanes))
        began = time.process_time()
        done = threads.map(lambda lane: _ask(database, keyring, persons, lane, start), lanes)
        took = [each for one in done for each in one]
    database.dispose()
    return Served(took, time.process_time() - began) if ready else Served([], 0)


def _ask(database: Database, keyring: Keyring, persons: int, lane: list[Viewer], start: datetime) -> list[float]:
    """Practices take turns, each asking as seldom as its limits want."""
    took: list[float] = []
    ends = time.perf_counter() + SECONDS
    for number in itertools.count(1):
        since = time.perf_counter()
        if since > ends:
            break
        _check(database, keyring, lane[number % len(lane)], number * 613, persons, start + number // len(lane) * APART)
        took.append((time.perf_counter() - since) * 1000)
    return took


def _check(database: Database, keyring: Keyring, viewer: Viewer, number: int, persons: int, now: datetime) -> None:
    """What a POST to /professionnel/droits does once the form is read."""
    asked = question(number % persons, born(number % persons))
    with database.write() as db:
        made = check_rights(db, viewer, keyring, asked, now)
        check, details = made.check, SHOWN | {"persons": [made.check.person_id], "answer": made.digest}
        record(
            db, viewer, Action.RIGHTS_CHECKED, object=check.engagement, reason=check.status, details=details, now=now
        )
