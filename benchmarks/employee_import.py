"""A file of 10 000 employees: the dry run, the whole of applying it, its memory, and what others wait meanwhile."""

import resource
import secrets
import statistics
import tempfile
import threading
import time
from datetime import date
from hashlib import sha256
from pathlib import Path

from portal.app import create_services
from portal.data.employee_imports import find_import, receive_file, start_applying, start_checking
from portal.data.employees import employed_on
from portal.database import Database
from portal.formatting import today
from portal.schema import migrate
from portal.settings import Settings
from portal.staff_files import guessed, plain_sheet, titles_of
from portal.staff_import_jobs import work_on_imports
from portal.web import Services
from tests.support import staff

ROWS, WARM_UP = 10_000, 200
DRY_SECONDS, APPLY_SECONDS = 5, 20
LONGEST_WAIT = 0.05


def main() -> None:
    """Prints seconds, megabytes, and milliseconds that a reader and a writer wait while the file is applied."""
    with tempfile.TemporaryDirectory() as folder:
        keys = {"secret_keys": [secrets.token_hex(32)], "data_keys": [secrets.token_hex(32)]}
        settings = Settings(data_folder=Path(folder), origin="http://127.0.0.1:8000", **keys)
        services = create_services(settings, Database(f"sqlite:///{folder}/portal.sqlite3"))
        migrate(services.database)
        _measure(services)
        services.database.dispose()


def _measure(services: Services) -> None:
    with services.database.write() as db:
        staff.figures(db)
        company = staff.company(db)
        staff.category(db, staff.group_contract(db, company))
        viewer = staff.viewer(staff.user(db, services.keyring, company))
    _run(services, viewer, _file(0, WARM_UP))
    before = _megabytes()
    waits: list[float] = []
    done = threading.Event()
    other = threading.Thread(target=_other, args=(services, waits, done))
    other.start()
    checked, applied = _run(services, viewer, _file(WARM_UP, ROWS))
    done.set()
    other.join()
    with services.database.read() as db:
        employed = employed_on(db, viewer, today())
    assert employed == WARM_UP + ROWS, employed
    print(f"  {ROWS:,} rows: dry run {checked:.1f} s (wanted: {DRY_SECONDS} or less), ", end="")
    print(f"applied in {applied:.1f} s (wanted: {APPLY_SECONDS} or less), memory +{_megabytes() - before:.0f} MB")
    cuts = statistics.quantiles(waits, n=100)
    print(f"  another's write meanwhile: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms")


def _run(services: Services, viewer, content: bytes) -> tuple[float, float]:
    """Seconds of the dry run, reading the file included, and of applying."""
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
        start_applying(db, viewer, find_import(db, viewer, found.id or 0, lock=True))
    work_on_imports(services)
    return checked, time.perf_counter() - begun


def _other(services: Services, waits: list[float], done: threading.Event) -> None:
    while not done.is_set():
        begun = time.perf_counter()
        services.database.accepts_writes()
        waits.append((time.perf_counter() - begun) * 1000)
        time.sleep(LONGEST_WAIT)


def _file(first: int, count: int) -> bytes:
    titles = "action;matricule;nir;nom;prenom;date_naissance;email;categorie;date_effet"
    effect = date(today().year, today().month, 1).strftime("%d/%m/%Y")
    rows = (
        f"A;{number};{_nir(number)};Modèle;Camille;12/04/1990;salarie.{number}@courriel.example;NONCADRES;{effect}"
        for number in range(first, first + count)
    )
    return "\n".join([titles, *rows]).encode("cp1252")


def _nir(number: int) -> str:
    digits = f"19004{number // 900 % 89 + 10:02d}{number % 900 + 1:03d}{number // 80_100 + 990:03d}"
    return f"{digits}{97 - int(digits) % 97:02d}"


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
