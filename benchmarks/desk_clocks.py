"""What the desk's clocks cost among many requests: the board, the year's report, the delays that every form tells, and
the jobs behind them (R-41, R-72). 50 000 complaints under way and closed, on both databases."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session

from benchmarks.covered_persons import settings_in
from benchmarks.sites import passing_postgresql
from portal.data.accounts import Space
from portal.data.answer_delays import usual_delay
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.complaint_report import report_of
from portal.data.complaint_rules import Outcome
from portal.data.complaints import Category, Complaint
from portal.data.delay_measuring import measured, renew_measures
from portal.data.desk_board import board_of
from portal.data.desk_clocks import due_stages
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, WorkItem
from portal.database import Database
from portal.schema import migrate
from portal.security import Keyring
from tests.support import factories

COMPLAINTS = 50_000
TIMES = 15
NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)


def main() -> None:
    """Measures on SQLite, then on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        _measure("SQLite", Database(settings.resolved_database_url), Keyring(settings))
        if not os.environ.get("BENCH_SQLITE_ONLY"):
            with passing_postgresql() as url:
                _measure("PostgreSQL", Database(url), Keyring(settings))


def _measure(name: str, database: Database, keyring: Keyring) -> None:
    migrate(database)
    with database.write() as db:
        viewer = factories.viewer_of(db, factories.desk_account(db, keyring, is_supervisor=True))
        _fill(db)
    with database.read() as db:
        rows = measured(db, NOW)
    with database.write() as db:
        renew_measures(db, rows)
    print(f"  {name}, {COMPLAINTS:,} complaints, half of them open; medians of {TIMES}")
    with database.read() as db:
        for what, act in _acts(db, viewer, keyring).items():
            print(f"    {what:32} {_median(db, act):8.1f} ms")
    database.dispose()


def _acts(db: Session, viewer: Viewer, keyring: Keyring) -> dict[str, Callable[[], object]]:
    return {
        "board": lambda: board_of(db, viewer, keyring, NOW),
        "report of the year": lambda: report_of(db, viewer, 2026),
        "delay told by a form": lambda: usual_delay(db, CaseKind.COMPLAINT, Space.MEMBER, NOW),
        "delays measured (job)": lambda: measured(db, NOW),
        "dates that come near (job)": lambda: due_stages(db, NOW),
    }


def _median(db: Session, act: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        db.expire_all()
        start = time.perf_counter()
        act()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def _fill(db: Session) -> None:
    """Complaints of the last two years; every other one was answered, from 1 to 70 days after it was sent."""
    cases, complaints, items = [], [], []
    for number in range(1, COMPLAINTS + 1):
        sent = NOW - timedelta(minutes=21 * number)
        answered = sent + timedelta(days=1 + number % 70) if number % 2 else None
        is_over = answered is not None and answered < NOW
        state = CaseState.ACCEPTED if is_over else CaseState.SENT
        cases.append(_case(number, state, sent, answered if is_over else None))
        complaints.append(_complaint(number, sent, answered if is_over else None))
        items.append(_item(number, sent, is_over=is_over))
    for table, rows in ((Case, cases), (Complaint, complaints), (WorkItem, items)):
        db.connection().execute(insert(table), rows)


def _case(number: int, state: CaseState, sent: datetime, answered: datetime | None) -> dict[str, object]:
    days = {"opened_at": sent, "changed_at": answered or sent, "sent_at": sent, "decided_at": answered}
    kept = {"id": number, "reference": f"R{number:07}", "kind": CaseKind.COMPLAINT, "space": Space.MEMBER}
    return {**kept, **days, "state": state, "version": 1}


def _complaint(number: int, sent: datetime, answered: datetime | None) -> dict[str, object]:
    category = list(Category)[number % len(Category)]
    outcome = list(Outcome)[number % len(Outcome)] if answered else None
    ends = {"acknowledged_at": sent + timedelta(days=number % 12), "answered_at": answered, "outcome": outcome}
    return {"case_id": number, "category": category, "text_encrypted": b"", **ends}


def _item(number: int, sent: datetime, *, is_over: bool) -> dict[str, object]:
    due = sent + timedelta(days=60)
    kept = {"kind": CaseKind.COMPLAINT, "space": Space.MEMBER, "case_id": number, "urgency": 2}
    return {**kept, "turn": Turn.NOBODY if is_over else Turn.DESK, "since": sent, "due_at": due, "order_at": due}
