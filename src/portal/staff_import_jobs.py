"""The worker's part of files of employees: checked, applied, taken back, in transactions of a few milliseconds each.

What a transaction did and how far it went are committed together: after a crash the next worker goes on from there.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from threading import Event

from sqlmodel import Session

from portal.attachments import discard
from portal.data.columns import utc_now
from portal.data.employee_acts import Acting, Refused, undo_event
from portal.data.employee_import_work import (
    checked_between,
    correct_row,
    events_to_undo,
    forget_rows,
    next_at_work,
    note_failure,
    old_files,
    save_rows,
    taken_up,
    viewer_of_import,
)
from portal.data.employee_imports import REFUSED, EmployeeImport, ImportState, WrongImportState
from portal.data.employees import lock_employee
from portal.data.group_figures import group_figures_on
from portal.data.reversal import ChangedSince
from portal.database import DatabaseBusy
from portal.formatting import day_in_france
from portal.staff_files import rows_of
from portal.staff_judging import Judge
from portal.staff_rows import StaffRow, read_row
from portal.web import Services

CHECKED_AT_ONCE = 500
APPLIED_AT_ONCE = 40
UNDONE_AT_ONCE = 25
# Between two transactions, for those who wait for the writer's turn.
PAUSE_SECONDS = 0.005
KEPT_FOR = timedelta(days=7)

logger = logging.getLogger(__name__)


def work_on_imports(services: Services, stopping: Event | None = None) -> int:
    """Works on files until none waits, or until told to stop; how many steps were taken."""
    steps = 0
    while not (stopping and stopping.is_set()):
        with services.database.read() as db:
            waiting = next_at_work(db)
        if waiting is None:
            break
        _attempt(services, waiting, stopping or Event())
        steps += 1
    return steps


def forget_files(services: Services, now: datetime) -> None:
    """Deletes the contents of files sent a week ago; results and reasons stay."""
    with services.database.write() as db:
        old = old_files(db, now - KEPT_FOR)
        names = [each.storage_name for each in old if each.storage_name]
        for each in old:
            each.storage_name = None
            if each.state in {ImportState.MATCHING, ImportState.CHECKED}:
                each.state = ImportState.UNDONE
            db.add(each)
    discard(services, names)


def _attempt(services: Services, waiting: EmployeeImport, stopping: Event) -> None:
    try:
        _WORKS[ImportState(waiting.state)](services, waiting, stopping)
    except WrongImportState:
        logger.info("another worker went on with a file of employees")
    except DatabaseBusy:
        logger.info("the database was busy; a file of employees will be taken up again")
    except Exception:
        logger.exception("a file of employees could not be worked on; it will be tried again")
        with services.database.write() as db:
            note_failure(db, waiting)


def _check(services: Services, seen: EmployeeImport, stopping: Event) -> None:
    """Judges every row, from the first one: what earlier rows said counts. Rows are read outside of any writing."""
    rows = _rows(services, seen, after=1)
    with services.database.write() as db:
        found = taken_up(db, seen)
        forget_rows(db, found)
        found.position = 1
        seen = _left(db, found)
    with services.database.read() as db:
        judge = Judge(db, _acting(services, db, seen), dry=True)
    while (chunk := list(islice(rows, CHECKED_AT_ONCE))) and not stopping.is_set():
        with services.database.read() as db:
            judge.take_all(db, chunk)
        with services.database.write() as db:
            found = taken_up(db, seen)
            save_rows(db, [_told(found, row) for row in chunk])
            found.position = chunk[-1].line
            seen = _left(db, found)
    if not stopping.is_set():
        _finish(services, seen, ImportState.CHECKED)


def _apply(services: Services, seen: EmployeeImport, stopping: Event) -> None:
    rows = _rows(services, seen, after=seen.position)
    while (chunk := list(islice(rows, APPLIED_AT_ONCE))) and not stopping.is_set():
        with services.database.write() as db:
            found = taken_up(db, seen)
            _apply_rows(db, _acting(services, db, found), found, chunk)
            found.position = chunk[-1].line
            seen = _left(db, found)
        time.sleep(PAUSE_SECONDS)
    if not stopping.is_set():
        _finish(services, seen, ImportState.APPLIED)


def _apply_rows(db: Session, acting: Acting, found: EmployeeImport, chunk: list[StaffRow]) -> None:
    """What the check refused stays refused; what it accepted is judged anew, by what is true now."""
    checked = checked_between(db, found, chunk[0].line, chunk[-1].line)
    accepted = [row for row in chunk if row.line in checked and checked[row.line].result != REFUSED]
    for row in accepted:
        row.version = checked[row.line].version
    Judge(db, acting, dry=False).take_all(db, accepted)
    for row in accepted:
        told = (int(row.result), _reasons(row))
        if told != checked[row.line][:2]:
            correct_row(db, found, row.line, *told)


def _undo(services: Services, seen: EmployeeImport, stopping: Event) -> None:
    while not stopping.is_set():
        with services.database.write() as db:
            found = taken_up(db, seen)
            events = events_to_undo(db, found, UNDONE_AT_ONCE)
            acting = _acting(services, db, found)
            for event in events:
                employee = lock_employee(db, acting.viewer, event.employee_id, None)
                try:
                    with db.begin_nested():
                        if employee is not None:
                            undo_event(db, acting, employee, event)
                except (Refused, ChangedSince):
                    found.kept += 1
                found.undoing = event.id
            seen = _left(db, found)
        if not events:
            _finish(services, seen, ImportState.UNDONE)
            return
        time.sleep(PAUSE_SECONDS)


_WORKS: dict[ImportState, Callable[[Services, EmployeeImport, Event], None]] = {
    ImportState.CHECKING: _check,
    ImportState.APPLYING: _apply,
    ImportState.UNDOING: _undo,
}


def _finish(services: Services, seen: EmployeeImport, state: ImportState) -> None:
    with services.database.write() as db:
        found = taken_up(db, seen)
        found.state = state
        if state is ImportState.APPLIED:
            found.applied_at = utc_now()
        if state is ImportState.UNDONE:
            found.undone_at = utc_now()
        db.add(found)


def _rows(services: Services, seen: EmployeeImport, after: int) -> Iterator[StaffRow]:
    """The rows after one, read by the columns that the company confirmed."""
    sheet = services.storage.give(seen.storage_name or "")
    columns: dict[str, int] = json.loads(seen.columns)
    today = day_in_france(utc_now())
    rows = rows_of(sheet)
    next(rows)  # the titles, which may stand below empty rows
    for line, cells in rows:
        if line > after:
            said = {name: cells[at] for name, at in columns.items() if at < len(cells)}
            yield read_row(line, said, today)


def _acting(services: Services, db: Session, found: EmployeeImport) -> Acting:
    now: datetime = utc_now()
    figures = group_figures_on(db, day_in_france(now))
    if figures is None:
        raise LookupError("the figures of group contracts are not known today")
    return Acting(viewer_of_import(db, found), services.keyring, now, figures, found.id)


def _left(db: Session, found: EmployeeImport) -> EmployeeImport:
    """How a transaction leaves a file, for the next one to find it so."""
    db.add(found)
    db.flush()
    return EmployeeImport(**found.model_dump())


def _told(found: EmployeeImport, row: StaffRow) -> dict[str, object]:
    return {
        "import_id": found.id,
        "line": row.line,
        "action": row.action or "?",
        "result": int(row.result),
        "reasons": _reasons(row),
        "version": row.version,
    }


def _reasons(row: StaffRow) -> str:
    return json.dumps(row.reasons, ensure_ascii=False)
