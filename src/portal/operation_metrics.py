"""The database's figures, the disk's and the site's as metrics; read at most every ten seconds in each process."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from typing import Any

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from portal.data.columns import utc_now
from portal.data.operation_figures import Figures, operation_figures
from portal.database import Database

SECONDS = 10.0


class FigureCache:
    """One per application. Whoever asks meanwhile waits for the one that reads, and reads nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._figures: Figures | None = None
        self._read_at = float("-inf")

    def current(self) -> Figures:
        """The figures, ten seconds old at most."""
        with self._lock:
            if self._figures is None or time.monotonic() - self._read_at > SECONDS:
                with self._database.read() as db:
                    self._figures = operation_figures(db, utc_now())
                self._read_at = time.monotonic()
            return self._figures


def figure_metrics(figures: Figures, now: datetime, folder: Path, *, maintenance: bool) -> Iterator[Metric]:
    """Each figure under its name. An instant that never was gives no sample: alerts ask for its absence too."""
    yield _by("portal_queue_waiting", "What waits to be done.", ["queue"], _waiting(figures))
    yield _by("portal_queue_oldest_seconds", "Age of what waits for longest.", ["queue"], _oldest(figures, now))
    yield _one("portal_jobs_failed", "Periodic jobs whose last run failed.", figures.failed)
    yield _one("portal_jobs_late", "Periodic jobs due for ten minutes.", figures.late)
    yield _by("portal_open_cases", "Cases not ended yet.", ["kind", "state"], figures.open_cases)
    yield _by("portal_late_cases", "Cases past the day of their answer.", ["kind"], _keyed(figures.late_cases))
    yield _one("portal_mails_failed", "Letters refused for good, kept.", figures.refused_letters)
    ages = {kind: (now - at).total_seconds() for kind, at in figures.imported.items()}
    yield _by("portal_import_success_age_seconds", "Since a file of this kind was loaded.", ["kind"], _keyed(ages))
    yield _one("portal_evidence_rows", "Rows of the evidence chain.", figures.evidence_rows)
    yield _one("portal_evidence_verified_rows", "Rows verified.", figures.chain.reached)
    yield _age(
        "portal_evidence_verified_age_seconds", "Since the chain was verified to its head.", figures.chain.at, now
    )
    yield _one("portal_evidence_broken", "1: a row is not as it was written.", int(figures.chain.fault is not None))
    yield _one("portal_open_sessions", "Sessions used within twenty minutes.", figures.open_sessions)
    yield _one("portal_rights_frozen", "Freezes of rights checks to be lifted.", figures.frozen)
    yield _age("portal_backup_age_seconds", "Since the last back-up.", figures.backup_at, now)
    yield _one("portal_disk_free_bytes", "Room left for the data folder.", free_bytes(folder))
    yield _one("portal_maintenance", "1: closed for maintenance.", int(maintenance))


def free_bytes(folder: Path) -> int:
    """Room for the folder, which nobody may have needed yet."""
    whole = folder.resolve()
    return disk_usage(next(path for path in (whole, *whole.parents) if path.exists())).free


def _waiting(figures: Figures) -> dict[tuple[str, ...], float]:
    return {(name,): queue.waiting for name, queue in figures.queues.items()}


def _oldest(figures: Figures, now: datetime) -> dict[tuple[str, ...], float]:
    return {
        (name,): max((now - queue.since).total_seconds(), 0) if queue.since else 0
        for name, queue in figures.queues.items()
    }


def _keyed(values: dict[str, int] | dict[str, float]) -> dict[tuple[str, ...], float]:
    return {(name,): value for name, value in values.items()}


def _by(name: str, about: str, labels: list[str], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _age(name: str, about: str, at: datetime | None, now: datetime) -> Metric:
    return GaugeMetricFamily(name, about, value=(now - at).total_seconds() if at else None)
