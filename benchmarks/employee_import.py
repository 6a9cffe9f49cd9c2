"""Files of 10 000 employees who arrive, change of category, leave: the dry run, applying, taking back (R-30).

And the memory that takes, and how long another's write waits meanwhile. On SQLite and PostgreSQL.
"""

import os
import resource
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import psycopg

from benchmarks.sites import postgresql
from portal.app import create_services
from portal.data.columns import utc_now
from portal.data.employee_imports import find_import, receive_file, start_applying, start_checking, start_undoing
from portal.data.employees import employed_on
from portal.data.sessions import Viewer
from portal.database import Database
from portal.formatting import today
from portal.schema import migrate
from portal.settings import Settings
from portal.staff_files import guessed, plain_sheet, titles_of
from portal.staff_import_jobs import work_on_imports
from portal.web import Services
from tests.support import staff

ROWS, WARM_UP = int(os.environ.get("BENCH_ROWS", "10000")), 200
DRY_SECONDS, APPLY_SECONDS, WAIT_MS = 5, 20, 40
BETWEEN_WRITES = 0.05
TITLES = "action;matricule;nir;nom;prenom;date_naissance;email;categorie;date_effet;date_sortie;motif_sortie"
FIRST = date(today().year, today().month, 1)


def main() -> None:
    """Prints seconds, beside those wanted, milliseconds of processor a row, megabytes, and another's waits."""
    with tempfile.TemporaryDirectory() as folder:
        print(" SQLite")
        _measure(Path(folder), f"sqlite:///{folder}/portal.sqlite3")
    with tempfile.TemporaryDirectory() as folder, postgresql("employee_import") as url:
        print(" PostgreSQL")
        _emptied(url)
        _measure(Path(folder), url)


def _emptied(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("DROP SCHEMA public CASCADE")
        admin.execute("CREATE SCHEMA public")


def _measure(folder: Path, url: str) -> None:
    keys = {"secret_keys": [secrets.token_hex(32)], "data_keys": [secrets.token_hex(32)]}
    services = create_services(Settings(data_folder=folder, origin="http://127.0.0.1:8000", **keys), Database(url))
    migrate(services.database)
    with services.database.write() as db:
        staff.figures(db)
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        for code in ("NONCADRES", "CADRES"):
            staff.category(db, contract, code)
        viewer = staff.viewer(staff.user(db, services.keyring, company))
    _run(services, viewer, _arrivals(0, WARM_UP))
    _tell(services, viewer, "arrivals", _arrivals(WARM_UP, ROWS))
    _tell(services, viewer, "changes of category", _changes(WARM_UP, ROWS))
    _tell(services, viewer, "departures", _departures(WARM_UP, ROWS), undo=True)
    with services.database.read() as db:
        assert employed_on(db, viewer, today()) == WARM_UP + ROWS
    services.database.dispose()


def _tell(services: Services, viewer: Viewer, name: str, content: bytes, *, undo: bool = False) -> None:
    before = _megabytes()
    with _another(services) as waits:
        begun = time.process_time()
        number, checked, applied = _run(services, viewer, content)
        worked = (time.process_time() - begun) / ROWS * 1000
    cuts = statistics.quantiles(waits, n=100)
    print(f"  {ROWS:,} {name}: dry run {checked:.1f} s ({checked / DRY_SECONDS:.2f} of what is allowed), ", end="")
    print(f"applied in {applied:.1f} s ({applied / APPLY_SECONDS:.2f}), ", end="")
    print(f"both {worked:.2f} ms of processor a row, memory +{_megabytes() - before:.0f} MB")
    print(f"    another's write meanwhile: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms ({cuts[94] / WAIT_MS:.2f})")
    if undo:
        begun, worked = time.perf_counter(), time.process_time()
        with services.database.write() as db:
            start_undoing(db, viewer, _found(db, viewer, number), utc_now())
        work_on_imports(services)
        worked = (time.process_time() - worked) / ROWS * 1000
        print(f"    taken back in {time.perf_counter() - begun:.1f} s, {worked:.2f} ms of processor a row")


def _run(services: Services, viewer: Viewer, content: bytes) -> tuple[int, float, float]:
    """The file's number; seconds of the dry run, reading the file included, and of applying."""
    begun = time.perf_counter()
    sheet = plain_sheet(content)
    name = services.storage.keep(sheet)
    with services.database.write() as db:
        found = receive_file(db, viewer, "paie.csv", sha256(sheet).hexdigest(), name, ROWS, staff.NOW)
        start_checking(db, found, guessed(titles_of(sheet), {}))
    work_on_imports(services)
    checked = time.perf_counter() - begun
    begun = time.perf_counter()
    with services.database.write() as db:
        start_applying(db, viewer, _found(db, viewer, found.id or 0))
    work_on_imports(services)
    return found.id or 0, checked, time.perf_counter() - begun


def _found(db, viewer: Viewer, number: int):
    found = find_import(db, viewer, number, lock=True)
    assert found is not None
    return found


@contextmanager
def _another(services: Services) -> Iterator[list[float]]:
    """Somebody who writes now and then; how many milliseconds each took."""
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.wait(BETWEEN_WRITES):
            begun = time.perf_counter()
            services.database.accepts_writes()
            waits.append((time.perf_counter() - begun) * 1000)

    thread = threading.Thread(target=write)
    thread.start()
    yield waits
    done.set()
    thread.join()


def _file(rows: Iterator[str]) -> bytes:
    return "\n".join([TITLES, *rows]).encode("cp1252")


def _arrivals(first: int, count: int) -> bytes:
    since = FIRST - timedelta(days=20)
    return _file(
        f"A;{number};{_nir(number)};Modèle;Camille;12/04/1990;salarie.{number}@courriel.example;NONCADRES;{since:%d/%m/%Y}"
        for number in range(first, first + count)
    )


def _changes(first: int, count: int) -> bytes:
    return _file(f"M;{number};;;;;;CADRES;{FIRST:%d/%m/%Y}" for number in range(first, first + count))


def _departures(first: int, count: int) -> bytes:
    last = today() + timedelta(days=5)
    return _file(f"R;{number};;;;;;;;{last:%d/%m/%Y};demission" for number in range(first, first + count))


def _nir(number: int) -> str:
    digits = f"19004{number // 900 % 89 + 10:02d}{number % 900 + 1:03d}{number // 80_100 + 990:03d}"
    return f"{digits}{97 - int(digits) % 97:02d}"


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
