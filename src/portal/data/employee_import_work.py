"""The worker's side of files of employees: no viewer asks, the import itself says whose it is."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.affiliating import lock_company
from portal.data.batches import read_ahead
from portal.data.coverage import Beneficiary, Contract
from portal.data.employee_acts import Acting
from portal.data.employee_imports import (
    AT_WORK,
    MOST_FAILURES,
    EmployeeImport,
    EmployeeImportRow,
    ImportState,
    WrongImportState,
)
from portal.data.employees import Employee, EmployeeAbsence, EmployeeEvent, EmploymentPeriod
from portal.data.organisations import GroupContract
from portal.data.persons import Person
from portal.data.sessions import Stage, Viewer


def next_at_work(db: Session) -> EmployeeImport | None:
    """The oldest file that waits for the worker."""
    query = select(EmployeeImport).where(
        col(EmployeeImport.state).in_(AT_WORK), EmployeeImport.failures < MOST_FAILURES
    )
    return db.exec(query.order_by(col(EmployeeImport.id)).limit(1)).first()


def taken_up(db: Session, seen: EmployeeImport) -> EmployeeImport:
    """A file, locked, where the worker left it. Raises `WrongImportState` when another worker went on with it."""
    found = db.get_one(EmployeeImport, seen.id, with_for_update=True, populate_existing=True)
    if (found.state, found.position, found.undoing) != (seen.state, seen.position, seen.undoing):
        raise WrongImportState
    return found


def note_failure(db: Session, seen: EmployeeImport) -> None:
    """Counts a failure of the worker on a file: after three, a person must ask again."""
    found = db.get_one(EmployeeImport, seen.id, with_for_update=True)
    found.failures += 1
    db.add(found)


def viewer_of_import(db: Session, found: EmployeeImport) -> Viewer:
    """Whoever asked for what is done with a file, as acts want to know who acts."""
    number = found.undone_by if found.state == ImportState.UNDOING else found.applied_by
    account = db.get_one(Account, number or found.account_id)
    return Viewer(
        account_id=account.id or 0,
        space=account.space,
        role=account.role,
        display_name=account.display_name,
        organisation=account.organisation,
        person_id=None,
        stage=Stage.FULL,
        session_hash="",
        company_id=found.company_id,
        provider_id=None,
        confirmed_at=found.sent_at,
    )


def forget_rows(db: Session, found: EmployeeImport) -> None:
    """Forgets what an earlier check said."""
    db.execute(EmployeeImportRow.__table__.delete().where(col(EmployeeImportRow.import_id) == found.id))


def save_rows(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps what was found of rows (columns of `EmployeeImportRow`)."""
    if rows:
        db.execute(insert(EmployeeImportRow), rows)


def correct_row(db: Session, found: EmployeeImport, line: int, result: int, reasons: str) -> None:
    """What became of a row when it was applied, when that is not what the check had said. `reasons`: as JSON."""
    query = update(EmployeeImportRow).where(
        col(EmployeeImportRow.import_id) == found.id, col(EmployeeImportRow.line) == line
    )
    db.execute(query.values(result=result, reasons=reasons))


def read_for_rows(
    db: Session, acting: Acting, contracts: Iterable[GroupContract], numbers: set[str], nirs: set[str], *, lock: bool
) -> None:
    """Reads at once what acts on these people will ask. `lock`: they are going to be changed."""
    lookups = {lookup for nir in nirs for lookup in acting.keyring.lookups(nir)}
    employees: dict[int | None, Employee] = {}
    for contract in contracts:
        if lock:
            lock_company(db, contract.company_id)
        for name, values in (("matricule", numbers), ("nir_lookup", lookups)):
            found = read_ahead(db, Employee, name, values, lock=lock, group_contract_id=contract.id)
            employees |= {each.id: each for each in found}
    read_ahead(db, EmploymentPeriod, "employee_id", employees, lock=False)
    read_ahead(db, EmployeeAbsence, "employee_id", employees, lock=False)
    if lock:
        covers = {each.contract_id for each in employees.values()} - {None}
        read_ahead(db, Contract, "id", covers, lock=True)
        read_ahead(db, Beneficiary, "contract_id", covers, lock=True)
        read_ahead(db, Person, "id", {each.person_id for each in employees.values()} - {None}, lock=False)
        read_ahead(db, Person, "nir_lookup", lookups, lock=False)


class Checked(NamedTuple):
    """What the check said of a row (`EmployeeImportRow`)."""

    result: int
    reasons: str
    version: int | None


def checked_between(db: Session, found: EmployeeImport, first: int, last: int) -> dict[int, Checked]:
    """What the check said of rows, between two of them, both included, by number."""
    row = EmployeeImportRow
    query = select(row.line, row.result, row.reasons, row.version).where(
        row.import_id == found.id, row.line >= first, row.line <= last
    )
    return {line: Checked(*told) for line, *told in db.exec(query)}


def events_to_undo(db: Session, found: EmployeeImport, limit: int) -> list[EmployeeEvent]:
    """The next acts of a file that are to be taken back, the last one first."""
    query = select(EmployeeEvent).where(EmployeeEvent.batch == found.id, col(EmployeeEvent.undone_at).is_(None))
    if found.undoing is not None:
        query = query.where(col(EmployeeEvent.id) < found.undoing)
    return list(db.exec(query.order_by(col(EmployeeEvent.id).desc()).limit(limit)))


def old_files(db: Session, before: datetime) -> list[EmployeeImport]:
    """The imports sent before an instant whose content still lies in the storage, and that nobody is working on."""
    query = select(EmployeeImport).where(
        EmployeeImport.sent_at < before,
        col(EmployeeImport.storage_name).is_not(None),
        col(EmployeeImport.state).not_in(AT_WORK),
    )
    return list(db.exec(query))
