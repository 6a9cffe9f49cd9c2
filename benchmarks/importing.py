"""How fast, and in how much memory, benefit lines are imported. `python benchmarks/importing.py [LINES] [URL]`."""

import argparse
import csv
import json
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from portal.database import Database
from portal.importing.registry import KINDS
from portal.importing.run import Report, Request, run_import
from portal.schema import migrate
from portal.security import Keyring
from portal.settings import Settings

FIRST_DAY = date(2022, 1, 1)
LINES_PER_MEMBER = 50
LINES_PER_PAYMENT = 3
LABELS = ("Consultation généraliste", "Médicaments remboursés à 65 %", "Séance de kinésithérapie", "Détartrage")
PROVIDERS = tuple(f"Dr Élise Durand-{number}" for number in range(2_000))


def write_files(folder: Path, lines: int) -> dict[str, Path]:
    """One CSV per kind, for `lines` benefit lines; the same at each call."""
    members = max(1, lines // LINES_PER_MEMBER)
    sources = {
        "products": iter([("CONFORT", "Confort")]),
        "guarantees": iter([("CONFORT", FIRST_DAY, "", "consultations", "soins_courants", "Consultations", "art. 3",
                             "pourcentage", 100, "", "", "", "")]),
        "persons": ((f"P{n}", "Exemple", f"Prénom{n}", "1980-05-17", "") for n in range(members)),
        "contracts": ((f"C{n}", "individuel", f"P{n}", "CONFORT", f"A{n}", "general", 1, FIRST_DAY, "")
                      for n in range(members)),
        "beneficiaries": ((f"C{n}", f"P{n}", "adherent", 1, FIRST_DAY, "") for n in range(members)),
        "payments": ((f"V{n}", f"P{n % members}", FIRST_DAY, "virement", "Adhérent", "", "12,48")
                     for n in range(-(-lines // LINES_PER_PAYMENT))),
        "benefit-lines": _lines(lines, members),
    }  # fmt: skip
    return {kind: _write(folder / f"{kind}.csv", kind, rows) for kind, rows in sources.items()}


def _lines(lines: int, members: int) -> Iterator[tuple]:
    dice = random.Random(1)  # noqa: S311  (figures, not secrets)
    for number in range(lines):
        day = FIRST_DAY + timedelta(days=number * 1_460 // lines)
        payment = number // LINES_PER_PAYMENT
        spent = dice.choice((dice.randrange(200, 6_000), dice.randrange(2_000, 90_000, 50)))
        gross = spent * 7 // 10
        fee = 200 if number % 3 == 0 and gross > 200 else 0
        yield (
            *(f"L{number:09}", f"V{payment}", f"C{payment % members}", f"P{payment % members}", day, day),
            *("G", dice.choice(LABELS), "soins_courants", "soin", "payee", "noemie", dice.choice(PROVIDERS), 1),
            *map(_euros, (spent, spent)), 70, *map(_euros, (gross, fee, 0, gross - fee, spent - gross, 0, fee)),
            *("consultations", "oui", ""),
        )  # fmt: skip


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02}"


def _write(path: Path, kind: str, rows: Iterator[tuple]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(KINDS[kind].columns)
        writer.writerows(rows)
    return path


def measure(database: Database, keyring: Keyring, kind: str, path: Path) -> dict[str, object]:
    """One import's seconds, rows per second, and growth of the process's memory (MB)."""
    before, started, worked = _memory(), time.perf_counter(), time.process_time()
    report: Report = run_import(database, keyring, Request(KINDS[kind], path, path.with_suffix(".rejets.csv")))
    seconds = time.perf_counter() - started
    rows = sum(report.counts.values())
    return {
        "kind": kind,
        **report.counts,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(time.process_time() - worked, 2),
        "rows_per_second": round(rows / seconds),
        "memory_growth_mb": round(_memory() - before, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _memory() -> float:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Writes the files, imports them, imports the lines again (unchanged), prints each measure as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int, nargs="?", default=200_000)
    parser.add_argument("url", nargs="?", help="an empty database; a temporary SQLite file by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(options.url or f"sqlite:///{folder / 'bench.sqlite3'}")
        migrate(database)
        keyring = Keyring(Settings(secret_keys=["s" * 32], data_keys=["d" * 32]))  # type: ignore[list-item]
        files = write_files(folder, options.lines)
        for kind in (*files, "benefit-lines"):
            print(json.dumps(measure(database, keyring, kind, files[kind])))
        database.dispose()


if __name__ == "__main__":
    main()
