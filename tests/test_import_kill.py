"""`kill -9` of the worker in the middle of a file of employees: another worker ends it as if nothing had been (R-30).

The real `portal worker` applies a file, then takes it back; it dies at random moments until it is done. Another company
sends the same file, and nobody is killed: both must have the same in the end. `KILL_ROUNDS` makes it longer.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlmodel import Session, col, select

from portal.app import create_services
from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.data.coverage import Beneficiary, Contract
from portal.data.departures import Departure
from portal.data.employee_imports import (
    EmployeeImport,
    EmployeeImportRow,
    ImportState,
    find_import,
    receive_file,
    start_applying,
    start_checking,
    start_undoing,
)
from portal.data.employees import Employee, EmployeeEvent, EmploymentPeriod
from portal.data.evidence import Evidence
from portal.data.organisations import Company
from portal.data.persons import Person
from portal.data.staff_categories import StaffCategory
from portal.database import Database
from portal.formatting import today
from portal.settings import Settings
from portal.staff_files import FIELDS, guessed, plain_sheet, titles_of
from portal.staff_import_jobs import work_on_imports
from portal.web import Services
from tests.support import staff
from tests.support.employee_files import rows
from tests.support.server import PROGRAM, environment

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
PATIENCE = 120
LATEST = 0.08
EACH = 70
EFFECT = today().replace(day=1)
DAY = EFFECT.strftime("%d/%m/%Y")

pytestmark = pytest.mark.slow


@dataclass
class Sent:
    """A company's file."""

    company: Company
    account: Account
    import_id: int


@pytest.fixture
def services(settings: Settings, database: Database) -> Iterator[Services]:
    settings.data_folder.mkdir(exist_ok=True)
    with database.write() as db:
        staff.figures(db)
    return create_services(settings, database)


@pytest.fixture
def worker(settings: Settings, database: Database) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker in a process group of its own."""
    started: list[subprocess.Popen[bytes]] = []
    log = (settings.data_folder / "worker.log").open("ab")

    def start() -> subprocess.Popen[bytes]:
        settled = environment(settings, database.url)
        process = subprocess.Popen([*PROGRAM, "worker"], stdout=log, stderr=log, env=settled, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)
    log.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


def nir(number: int) -> str:
    digits = f"19004{number // 900 + 10:02d}{number % 900 + 1:03d}001"
    return f"{digits}{97 - int(digits) % 97:02d}"


def line(*cells: str, **others: str) -> str:
    values = dict.fromkeys(FIELDS, "") | dict(zip(FIELDS, cells, strict=False)) | others
    return ";".join(values.values())


def payroll(first: int) -> list[str]:
    """Arrivals, changes, corrections and departures, some of which are refused, in no order."""
    born = {"date_naissance": "12/04/1990", "categorie": "NONCADRES", "date_effet": DAY}
    numbers = range(first, first + EACH)
    lines = [line("A", f"n{at}", nir(number), "Essai", "", "Paule", **born) for at, number in enumerate(numbers)]
    lines += [line("M", f"m{at}", categorie="CADRES", date_effet=DAY) for at in range(EACH)]
    lines += [line("M", f"m{at}", nom="Autre", email="pas une adresse") for at in range(EACH, EACH + 20)]
    lines += [line("R", f"r{at}", date_sortie=DAY, motif_sortie="demission") for at in range(EACH)]
    lines += [line("R", f"x{at}", date_sortie=DAY, motif_sortie="demission") for at in range(10)]
    random.Random(7).shuffle(lines)
    return lines


def send(services: Services, first: int) -> Sent:
    """A company with staff, and its file, checked."""
    with services.database.write() as db:
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        category = staff.category(db, contract)
        staff.category(db, contract, "CADRES")
        account = staff.user(db, services.keyring, company)
        who = staff.acting(services.keyring, account, datetime.now(UTC))
        since = {"hired_on": EFFECT - timedelta(days=30), "starts_on": EFFECT - timedelta(days=30)}
        numbers = [*(f"m{at}" for at in range(EACH + 20)), *(f"r{at}" for at in range(EACH))]
        for at, number in enumerate(numbers, first + 5_000):
            staff.employee(db, who, contract, category, matricule=number, nir=nir(at), **since)
    sheet = plain_sheet(rows(*payroll(first)))
    name = services.storage.keep(sheet)
    with services.database.write() as db:
        length = sheet.count(b"\n")
        found = receive_file(db, staff.viewer(account), "paie.csv", sha256(sheet).hexdigest(), name, length, utc_now())
        start_checking(db, found, guessed(titles_of(sheet), {}))
    work_on_imports(services)
    return Sent(company, account, found.id or 0)


def begin(services: Services, sent: Sent, state: ImportState) -> None:
    with services.database.write() as db:
        found = find_import(db, staff.viewer(sent.account), sent.import_id, lock=True)
        if state is ImportState.APPLIED:
            start_applying(db, staff.viewer(sent.account), found)
        else:
            start_undoing(db, staff.viewer(sent.account), found, utc_now())


def progress(database: Database, sent: Sent) -> tuple[str, int, int | None]:
    with database.read() as db:
        found = db.get_one(EmployeeImport, sent.import_id)
        return found.state, found.position, found.undoing


def finish_with_kills(database: Database, worker: Callable[[], Any], sent: Sent, state: ImportState) -> int:
    """Kills the worker again and again, each time once it moved on; how many died with work left."""
    deaths = 0
    while progress(database, sent)[0] != state:
        process, before = worker(), progress(database, sent)
        deadline = time.monotonic() + PATIENCE
        while (now := progress(database, sent)) == before or (deaths >= ROUNDS and now[0] != state):
            assert time.monotonic() < deadline, now
            time.sleep(0.01)  # a look takes as long as it would wait otherwise, from the worker's own core
        time.sleep(random.uniform(0, LATEST))
        kill(process)
        deaths += progress(database, sent)[0] != state
    return deaths


# --- what is compared ---


def told(db: Session, sent: Sent) -> dict[str, Any]:
    """All that a file may have changed in a company, without the numbers of rows."""
    categories = {each.id: each.code for each in db.exec(select(StaffCategory))}
    query = (
        select(Employee).where(Employee.company_id == sent.company.id).order_by(col(Employee.matricule), Employee.id)
    )
    employees = list(db.exec(query))
    found = db.get_one(EmployeeImport, sent.import_id)
    rows = (
        select(EmployeeImportRow).where(EmployeeImportRow.import_id == found.id).order_by(col(EmployeeImportRow.line))
    )
    return {
        "employees": sorted(json.dumps(person_told(db, each, categories), default=str) for each in employees),
        "rows": [(row.line, row.action, row.result, row.reasons) for row in db.exec(rows)],
        "evidence": len(db.exec(select(Evidence).where(Evidence.object == found.object)).all()),
        "import": (found.state, found.position, found.kept, found.failures),
    }


def person_told(db: Session, employee: Employee, categories: dict[int | None, str]) -> list[Any]:
    own = {"employee_id": employee.id}
    periods = db.exec(select(EmploymentPeriod).filter_by(**own).order_by(col(EmploymentPeriod.starts_on)))
    events = db.exec(select(EmployeeEvent).filter_by(**own).order_by(col(EmployeeEvent.id)))
    departures = db.exec(select(Departure).filter_by(**own).order_by(col(Departure.id)))
    covers = db.exec(select(Contract).where(Contract.member_id == employee.person_id).order_by(col(Contract.id)))
    return [
        (employee.matricule, employee.last_name, employee.version, employee.is_identity_doubtful),
        [(categories[each.category_id], each.kind, each.starts_on, each.ends_on) for each in periods],
        [event_told(each) for each in events],
        [(each.left_on, each.portability_months, each.evin, bool(each.cancelled_at)) for each in departures],
        [(each.starts_on, each.ends_on, covered(db, each)) for each in covers],
        db.get(Person, employee.person_id or 0) is not None,
    ]


def event_told(event: EmployeeEvent) -> tuple[Any, ...]:
    did = [[what, table, *told[1:2]] for what, table, *told in json.loads(event.done)]
    return event.kind, event.effective_on, event.details, did, bool(event.batch), bool(event.undone_at)


def covered(db: Session, contract: Contract) -> list[tuple[Any, ...]]:
    query = select(Beneficiary).where(Beneficiary.contract_id == contract.id).order_by(col(Beneficiary.id))
    return [(each.relationship, each.valid_from, each.valid_to) for each in db.exec(query)]


def test_file_of_a_worker_killed_anywhere_ends_as_if_it_never_was_r_30(services, database, settings, worker) -> None:
    whole, cut = send(services, 0), send(services, 20_000)
    for state in (ImportState.APPLIED, ImportState.UNDONE):
        begin(services, whole, state)
        work_on_imports(services)
        begin(services, cut, state)
        assert finish_with_kills(database, worker, cut, state) >= ROUNDS
        with database.read() as db:
            one, other = told(db, whole), told(db, cut)
        assert one["import"][0] == state
        assert one == other
