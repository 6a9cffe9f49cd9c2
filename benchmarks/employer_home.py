"""The employer's start page for 10 000 employees and two years of calls: its queries, on a fresh SQLite file (R-02)."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session

from benchmarks.employees import hire
from portal.data.contribution_calls import ContributionCall, ContributionLine
from portal.data.contribution_lines import LineKind
from portal.data.contribution_reading import account_of, late_calls
from portal.data.contribution_rules import last_day_of
from portal.data.departures import portability_ending
from portal.data.employee_imports import files_to_finish, rows_to_correct
from portal.data.headcount import headcounts
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.data.staff_categories import group_contracts, staff_categories
from portal.database import Database
from tests.support.databases import build_sqlite_template

ROUNDS = 20
DAY = date(2026, 6, 15)
CALLS = 36
# What each call regularises: arrivals and departures told late, one line for each person.
REGULARISED = 400


def main() -> None:
    """Prints p50 and p95 of each part of the page, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{build_sqlite_template(Path(folder) / 'portal.sqlite3')}")
        with database.write() as db:
            viewer = hire(db, Path(folder))
            _call(db, viewer)
        with database.read() as db:
            _tell("headcount", lambda: headcounts(db, viewer, DAY))
            _tell("account", lambda: account_of(db, viewer, DAY))
            _tell("to do", lambda: _waiting(db, viewer))
        database.dispose()


def _waiting(db: Session, viewer: Viewer) -> None:
    for find in (late_calls, files_to_finish, rows_to_correct, portability_ending):
        find(db, viewer, DAY)


def _call(db: Session, viewer: Viewer) -> None:
    contract, category = group_contracts(db, viewer)[0], staff_categories(db, viewer)[0]
    for number in range(CALLS):
        month = add_months(DAY.replace(day=1), number - CALLS)
        call = ContributionCall(
            company_id=viewer.company_id or 0,
            group_contract_id=contract.id or 0,
            number=f"B-{number:06}",
            period_start=month,
            period_end=last_day_of(month),
            issued_at=datetime(2026, 1, 1, tzinfo=UTC),
            due_on=last_day_of(month),
            method="prelevement",
            tax_rate=1327,
        )
        db.add(call)
        db.flush()
        rows = [_line(call, category.id or 0, LineKind.HEADCOUNT, month, structure) for structure in _STRUCTURES]
        late = add_months(month, -1)
        rows += [_line(call, category.id or 0, LineKind.REGULARISATION, late, "isole") for _ in range(REGULARISED)]
        db.connection().execute(insert(ContributionLine), rows)


_STRUCTURES = ("isole", "duo", "famille")


def _line(call: ContributionCall, category_id: int, kind: LineKind, month: date, structure: str) -> dict[str, object]:
    people = 3000 if kind is LineKind.HEADCOUNT else 1
    amounts = dict.fromkeys(("unit_cents", "unit_employer_cents"), 1)
    amounts |= dict.fromkeys(("amount_cents", "employer_cents"), people)
    named = {"call_id": call.id, "category_id": category_id, "kind": kind.value, "month": month}
    return {**named, **amounts, "months": 1, "people": people, "structure": structure}


def _tell(name: str, act: Callable[[], object]) -> None:
    took = []
    for _ in range(ROUNDS):
        since = time.perf_counter()
        act()
        took.append((time.perf_counter() - since) * 1000)
    print(f"  {name:<12} p50 {statistics.median(took):6.1f} ms  p95 {sorted(took)[int(ROUNDS * 0.95) - 1]:6.1f} ms")


if __name__ == "__main__":
    main()
