"""Files of employees that a company sends: what became of each row, how far the work went.

A file is checked, then applied, then perhaps taken back, by the worker, in short transactions: each moves `position`
with what it did, so that whatever stops the worker, a row is done once. Rows keep results and reasons, nobody's name.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Text, func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.batches import rows_of
from portal.data.columns import Index, instant
from portal.data.employees import Employee
from portal.data.organisations import Company
from portal.data.sessions import Viewer
from portal.data.waiting import Waiting
from portal.formatting import day_in_france

REFUSED = 3
MOST_FAILURES = 3
LISTED = 20


class ImportState(StrEnum):
    """MATCHING: its columns are to be confirmed. CHECKING, APPLYING, UNDOING: the worker is at it."""

    MATCHING = "colonnes"
    CHECKING = "controle"
    CHECKED = "controle-fait"
    APPLYING = "application"
    APPLIED = "applique"
    UNDOING = "annulation"
    UNDONE = "annule"


AT_WORK = (ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING)
_TAKEN = (ImportState.APPLYING, ImportState.APPLIED, ImportState.UNDOING)


class EmployeeImport(SQLModel, table=True):
    """A file, sent by an account of its company. `digest`: SHA-256 of its plain content; `storage_name`: where that
    lies, None once it was deleted.

    `columns`: which column holds which field, as JSON. `rows`: the last one's number in the file; `position`: the last
    one that is done; `undoing`: the last event that was looked at. `kept`: acts that could not be taken back.
    `applied_by`, `undone_by`: who asked for it.
    """

    __tablename__ = "employee_import"
    __table_args__ = (
        Index("ix_employee_import_company", "company_id", "id"),
        Index("ix_employee_import_state", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id")
    account_id: int = Field(foreign_key="account.id")
    file_name: str
    digest: str
    storage_name: str | None = Field(default=None, unique=True)
    state: str = ImportState.MATCHING
    columns: str = Field(default="{}", sa_type=Text)
    rows: int
    position: int = 1
    undoing: int | None = None
    kept: int = 0
    failures: int = 0
    sent_at: datetime = instant()
    applied_at: datetime | None = instant(default=None)
    applied_by: int | None = Field(default=None, foreign_key="account.id")
    undone_at: datetime | None = instant(default=None)
    undone_by: int | None = Field(default=None, foreign_key="account.id")

    @property
    def object(self) -> str:
        """Its name in the evidence."""
        return f"fichier-salaries:{self.id}"

    def may_be_undone(self, now: datetime) -> bool:
        """Until midnight, in France, of the day when it was applied."""
        is_applied = self.state == ImportState.APPLIED and self.applied_at is not None
        return is_applied and self.applied_at is not None and day_in_france(self.applied_at) == day_in_france(now)


class EmployeeImportRow(SQLModel, table=True):
    """A row: `result` on the scale of the DSN (0 accepted to 3 refused), `reasons` in French as a JSON list.

    `version`: that of the employee whom the check met; None when nobody was there.
    """

    __tablename__ = "employee_import_row"
    __table_args__ = (Index("ix_employee_import_row_result", "import_id", "result", "line"),)

    import_id: int = Field(foreign_key="employee_import.id", primary_key=True)
    line: int = Field(primary_key=True)
    action: str
    result: int
    reasons: str = Field(default="[]", sa_type=Text)
    version: int | None = None


class WrongImportState(Exception):
    """The file is no longer where the person saw it: somebody, or a second click, went on."""


class AppliedAlready(Exception):
    """The same content was applied before; `earlier` is that file."""

    def __init__(self, earlier: EmployeeImport) -> None:
        super().__init__()
        self.earlier = earlier


def receive_file(
    db: Session, viewer: Viewer, name: str, digest: str, storage_name: str, rows: int, now: datetime
) -> EmployeeImport:
    """The import of a file. Raises `AppliedAlready`."""
    company_id = lock_company_of(db, viewer)
    _check_new(db, company_id, digest)
    made = EmployeeImport(
        company_id=company_id,
        account_id=viewer.account_id,
        file_name=name,
        digest=digest,
        storage_name=storage_name,
        rows=rows,
        sent_at=now,
    )
    db.add(made)
    db.flush()
    return made


def imports_of(db: Session, viewer: Viewer) -> list[EmployeeImport]:
    """The newest files of the viewer's company."""
    query = select(EmployeeImport).where(EmployeeImport.company_id == viewer.company_id)
    return list(db.exec(query.order_by(col(EmployeeImport.id).desc()).limit(LISTED)))


def files_to_finish(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """Files that wait for somebody: their columns to be confirmed, or what was found in them to be applied."""
    query = select(EmployeeImport.id).where(
        EmployeeImport.company_id == viewer.company_id,
        col(EmployeeImport.state).in_((ImportState.MATCHING, ImportState.CHECKED)),
        col(EmployeeImport.storage_name).is_not(None),
    )
    found = db.exec(query.order_by(col(EmployeeImport.id).desc())).all()
    return Waiting(len(found), row_id=found[0]) if found else None


def rows_to_correct(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """Rows that were refused in files that were applied, as long as they can be had to be corrected."""
    query = (
        select(EmployeeImport.id, func.count())
        .join(EmployeeImportRow, col(EmployeeImportRow.import_id) == EmployeeImport.id)
        .where(
            EmployeeImport.company_id == viewer.company_id,
            EmployeeImport.state == ImportState.APPLIED,
            col(EmployeeImport.storage_name).is_not(None),
            EmployeeImportRow.result == REFUSED,
        )
        .group_by(col(EmployeeImport.id))
    )
    found = dict(db.exec(query).all())
    return Waiting(sum(found.values()), row_id=max(filter(None, found))) if found else None


def find_import(db: Session, viewer: Viewer, import_id: int, *, lock: bool = False) -> EmployeeImport | None:
    """A file of the viewer's company; None when there is none."""
    query = select(EmployeeImport).where(EmployeeImport.id == import_id, EmployeeImport.company_id == viewer.company_id)
    return db.exec(query.with_for_update() if lock else query).first() if viewer.company_id is not None else None


def start_checking(db: Session, found: EmployeeImport, columns: Mapping[str, int]) -> None:
    """Lets the worker check a file under these columns, from its start. Raises `WrongImportState`."""
    if found.state not in {ImportState.MATCHING, ImportState.CHECKED} or found.storage_name is None:
        raise WrongImportState
    found.state, found.position, found.failures = ImportState.CHECKING, 1, 0
    found.columns = json.dumps(dict(columns))
    db.add(found)


def start_applying(db: Session, viewer: Viewer, found: EmployeeImport) -> None:
    """Lets the worker apply a file that was checked. Raises `WrongImportState`, `AppliedAlready`."""
    company_id = lock_company_of(db, viewer)
    if found.state != ImportState.CHECKED or found.storage_name is None:
        raise WrongImportState
    _check_new(db, company_id, found.digest)
    found.state, found.position, found.failures = ImportState.APPLYING, 1, 0
    found.applied_by = viewer.account_id
    db.add(found)


def start_undoing(db: Session, viewer: Viewer, found: EmployeeImport, now: datetime) -> None:
    """Lets the worker take back what a file did. Raises `WrongImportState`, also after midnight."""
    if not found.may_be_undone(now):
        raise WrongImportState
    found.state, found.undoing, found.kept, found.failures = ImportState.UNDOING, None, 0, 0
    found.undone_by = viewer.account_id
    db.add(found)


def resume(db: Session, found: EmployeeImport) -> None:
    """Lets the worker try again where it failed. Raises `WrongImportState`."""
    if found.state not in AT_WORK:
        raise WrongImportState
    found.failures = 0
    db.add(found)


def authors_of(db: Session, viewer: Viewer, found: EmployeeImport) -> dict[int, str]:
    """The names of the colleagues who sent a file, applied it, took it back, by account."""
    numbers = [number for number in (found.account_id, found.applied_by, found.undone_by) if number]
    query = select(Account).where(col(Account.id).in_(numbers), Account.company_id == viewer.company_id)
    return {account.id or 0: account.display_name for account in db.exec(query)}


def counts_of(db: Session, found: EmployeeImport) -> dict[tuple[str, int], int]:
    """How many rows there are by action and result."""
    query = select(EmployeeImportRow.action, EmployeeImportRow.result, func.count())
    rows = db.exec(
        query.where(EmployeeImportRow.import_id == found.id).group_by(
            col(EmployeeImportRow.action), col(EmployeeImportRow.result)
        )
    )
    return {(action, result): count for action, result, count in rows}


def rows_with_reasons(
    db: Session, found: EmployeeImport, result: int | None, after: int, limit: int
) -> list[EmployeeImportRow]:
    """Rows after a line, of one result or of any but the plainly accepted, in the file's order."""
    wanted = EmployeeImportRow.result == result if result is not None else EmployeeImportRow.result > 0
    query = select(EmployeeImportRow).where(EmployeeImportRow.import_id == found.id, wanted)
    query = query.where(EmployeeImportRow.line > after).order_by(col(EmployeeImportRow.line)).limit(limit)
    return list(db.exec(query))


def refused_lines(db: Session, found: EmployeeImport) -> dict[int, list[str]]:
    """The reasons of each refused row, by its number."""
    query = select(EmployeeImportRow.line, EmployeeImportRow.reasons).where(
        EmployeeImportRow.import_id == found.id, EmployeeImportRow.result == REFUSED
    )
    return {line: json.loads(reasons) for line, reasons in db.exec(query)}


def employees_named(
    db: Session, contracts: Iterable[int], matricule: str, lookups: Sequence[str], *, lock: bool
) -> list[Employee]:
    """The employees, the newest first, who have this number of the company's, or this NIR, under contracts that the
    caller has reached."""
    keys: list[dict[str, Any]] = [{"matricule": matricule}] if matricule else []
    keys += [{"nir_lookup": lookup} for lookup in lookups]
    named = (
        each
        for contract_id in contracts
        for key in keys
        for each in rows_of(db, Employee, lock=lock, group_contract_id=contract_id, **key)
    )
    return sorted({each.id: each for each in named}.values(), key=lambda each: each.id or 0, reverse=True)


def import_names(db: Session, names: Iterable[str]) -> set[str]:
    """Those of the storage's names that an import still names."""
    query = select(EmployeeImport.storage_name).where(col(EmployeeImport.storage_name).in_(list(names)))
    return {name for name in db.exec(query) if name is not None}


def lock_company_of(db: Session, viewer: Viewer) -> int:
    """Locks the viewer's company until the end of the transaction, and gives its number."""
    return db.get_one(Company, viewer.company_id, with_for_update=True).id or 0


def _check_new(db: Session, company_id: int, digest: str) -> None:
    query = select(EmployeeImport).where(
        EmployeeImport.company_id == company_id,
        EmployeeImport.digest == digest,
        col(EmployeeImport.state).in_(_TAKEN),
    )
    earlier = db.exec(query).first()
    if earlier is not None:
        raise AppliedAlready(earlier)
