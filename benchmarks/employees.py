"""A company's list with 10 000 employees: how long its queries take, on a fresh SQLite file (R-30)."""

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

from sqlmodel import Session

from portal.data.contributions import Structure
from portal.data.employee_listing import count_employees, employee_page, export_employees
from portal.data.employee_rows import Filters, Sort, State
from portal.data.employees import Employee, EmploymentPeriod, search_text
from portal.data.sessions import Viewer
from portal.database import Database
from portal.security import Keyring
from portal.settings import Settings
from tests.support import staff
from tests.support.databases import build_sqlite_template

EMPLOYEES = 10_000
ROUNDS = 40
DAY = date(2026, 6, 15)
LISTS = {
    "first page": Filters(),
    "search": Filters(text="nom12 prenom3"),
    "who left": Filters(state=State.GONE),
    "alone": Filters(structure=Structure.SINGLE),
    "by hiring": Filters(sort=Sort.HIRED),
    "by state": Filters(sort=Sort.SINCE),
}


def main() -> None:
    """Prints p50 and p95 of a page with its count, and of a whole export, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{build_sqlite_template(Path(folder) / 'portal.sqlite3')}")
        with database.write() as db:
            viewer = hire(db, Path(folder))
        with database.read() as db:
            for name, filters in LISTS.items():
                _tell(name, lambda filters=filters: _page(db, viewer, filters))  # type: ignore[misc]
            _tell("export", lambda: list(export_employees(db, viewer, Filters(), DAY)))
        database.dispose()


def _page(db: Session, viewer: Viewer, filters: Filters) -> None:
    employee_page(db, viewer, filters, DAY)
    count_employees(db, viewer, filters, DAY)


def hire(db: Session, folder: Path) -> Viewer:
    """A company with its employees; a clerk of it."""
    keys = {"secret_keys": [secrets.token_hex(32)], "data_keys": [secrets.token_hex(32)]}
    company, rng = staff.company(db), Random(1)  # noqa: S311
    contract = staff.group_contract(db, company)
    category = staff.category(db, contract)
    for number in range(1, EMPLOYEES + 1):
        db.add(_employee(rng, number, company.id or 0, contract.id or 0))
    db.flush()
    for number in range(1, EMPLOYEES + 1):
        ends_on = date(2026, 1, 1) if rng.random() < 0.05 else None
        period = {"category_id": category.id, "kind": "affilie", "starts_on": date(2020, 1, 1), "ends_on": ends_on}
        db.add(EmploymentPeriod(employee_id=number, **period))
    return staff.viewer(staff.user(db, Keyring(Settings(data_folder=folder, **keys)), company))


def _employee(rng: Random, number: int, company_id: int, contract_id: int) -> Employee:
    last, first, matricule = f"Nom{rng.randint(0, 3000)}", f"Prenom{rng.randint(0, 300)}", f"{number:05}"
    return Employee(
        id=number,
        company_id=company_id,
        group_contract_id=contract_id,
        matricule=matricule,
        last_name=last,
        first_name=first,
        birth_date=date(1990, 1, 1),
        hired_on=date(2015, 1, 1) + timedelta(days=rng.randint(0, 1800)),
        search=search_text(last, "", first, matricule),
    )


def _tell(name: str, act: Callable[[], object]) -> None:
    took = []
    for _ in range(ROUNDS):
        since = time.perf_counter()
        act()
        took.append((time.perf_counter() - since) * 1000)
    print(f"  {name:<12} p50 {statistics.median(took):6.1f} ms  p95 {sorted(took)[int(ROUNDS * 0.95) - 1]:6.1f} ms")


if __name__ == "__main__":
    main()
