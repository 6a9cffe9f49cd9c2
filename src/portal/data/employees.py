"""A company's staff as its employer declares it: who, in which category, affiliated or not, from when until when.

Nothing here tells of care. An employee is reached through the viewer's own company; another company's does not exist.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Text, UniqueConstraint, func, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.batches import rows_of
from portal.data.columns import CheckConstraint, Index, instant
from portal.data.sessions import Viewer
from portal.folding import fold


class Employee(SQLModel, table=True):
    """`matricule`: the company's own number, None without one. `hired_on`: first day of the employment contract, which
    may be older than the cover. `search`: names and number as free search compares them.

    `person_id`, `contract_id`: what the insurer knows of the employee, once affiliated. `is_identity_doubtful`: the
    insurer knows the NIR under another identity; its desk looks into it, and the employer is not told.
    """

    __tablename__ = "employee"
    __table_args__ = (
        UniqueConstraint("group_contract_id", "nir_lookup"),
        UniqueConstraint("group_contract_id", "matricule"),
        Index("ix_employee_names", "company_id", "search", "id"),
        Index("ix_employee_person", "person_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id")
    group_contract_id: int = Field(foreign_key="group_contract.id")
    matricule: str | None = None
    last_name: str
    usage_name: str = ""
    first_name: str
    birth_date: date
    nir_encrypted: bytes | None = None
    nir_lookup: str | None = None
    email: str = ""
    regime: str = "general"
    hired_on: date
    search: str
    person_id: int | None = Field(default=None, foreign_key="person.id")
    contract_id: int | None = Field(default=None, foreign_key="contract.id")
    is_identity_doubtful: bool = False
    version: int = 1

    @property
    def name(self) -> str:
        """« Camille Exemple »: the name in use, when there is one."""
        return f"{self.first_name} {self.usage_name or self.last_name}"


class PeriodKind(StrEnum):
    """INVITED: the employee was asked to finish the affiliation. EXEMPT: not covered, as the law allows."""

    AFFILIATED = "affilie"
    INVITED = "invite"
    EXEMPT = "dispense"


class EmploymentPeriod(SQLModel, table=True):
    """An employee in a category, affiliated or not, between two days, both included; the periods of an employee do not
    overlap. The last one ends with the employment."""

    __tablename__ = "employment_period"
    __table_args__ = (
        UniqueConstraint("employee_id", "starts_on"),
        Index("ix_employment_period_category", "category_id"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ck_employment_period"),
    )

    id: int | None = Field(default=None, primary_key=True)
    employee_id: int = Field(foreign_key="employee.id")
    category_id: int = Field(foreign_key="staff_category.id")
    kind: str
    starts_on: date
    ends_on: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether `day` lies within."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class EmployeeAbsence(SQLModel, table=True):
    """Unpaid leave, both days included. `keeps_cover`: contributions go on, and so does cover; else neither."""

    __tablename__ = "employee_absence"
    __table_args__ = (
        UniqueConstraint("employee_id", "starts_on"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ck_employee_absence"),
    )

    id: int | None = Field(default=None, primary_key=True)
    employee_id: int = Field(foreign_key="employee.id")
    starts_on: date
    ends_on: date | None = None
    keeps_cover: bool = False


class EventKind(StrEnum):
    """What happened to an employee. Values are stored: never rename one."""

    INVITED = "invitation"
    INVITATION_ENDED = "fin-invitation"
    AFFILIATED = "affiliation"
    EXEMPTED = "dispense"
    EXEMPTION_ENDED = "fin-dispense"
    CATEGORY_CHANGED = "categorie"
    LEFT = "sortie"
    REINSTATED = "reintegration"
    ABSENT = "conge"
    BACK = "reprise"
    CORRECTED = "correction"


class EmployeeEvent(SQLModel, table=True):
    """An act on an employee: the history, and the cause of each regularisation. `effective_on`: from when it counts.

    `batch`: the import that did it, with many others. `details`: what to show, as JSON. `done`: how to take it back
    (`data/reversal.py`). `undone_at`: it was taken back.
    """

    __tablename__ = "employee_event"
    __table_args__ = (
        Index("ix_employee_event_employee", "employee_id", "id"),
        Index("ix_employee_event_batch", "batch"),
    )

    id: int | None = Field(default=None, primary_key=True)
    employee_id: int = Field(foreign_key="employee.id")
    kind: str
    effective_on: date
    recorded_at: datetime = instant()
    by: int | None = Field(default=None, foreign_key="account.id")
    batch: int | None = None
    details: str = Field(default="{}", sa_type=Text)
    done: str = Field(default="{}", sa_type=Text)
    undone_at: datetime | None = instant(default=None)
    undone_by: int | None = Field(default=None, foreign_key="account.id")

    @property
    def by_link(self) -> bool:
        """Whether the employee did it, by the link of an invitation."""
        return self.by is None and "invitation" in json.loads(self.details)


class EmployeeMoved(Exception):
    """Somebody changed the employee since the person saw it; `employee` is what it is now."""

    def __init__(self, employee: Employee) -> None:
        super().__init__()
        self.employee = employee


def search_text(last_name: str, usage_name: str, first_name: str, matricule: str | None) -> str:
    """The names, the one that sorts first, then the company's number, as free search compares them."""
    return fold(" ".join(filter(None, (usage_name or last_name, first_name, usage_name and last_name, matricule))))


def find_employee(db: Session, viewer: Viewer, employee_id: int) -> Employee | None:
    """An employee of the viewer's company; None when there is none."""
    query = select(Employee).where(Employee.id == employee_id, Employee.company_id == viewer.company_id)
    return db.exec(query).first() if viewer.company_id is not None else None


def employees_of_person(db: Session, person_id: int) -> list[Employee]:
    """As whom a person is or was employed, by any company, the oldest first."""
    return list(db.exec(select(Employee).where(Employee.person_id == person_id).order_by(col(Employee.id))))


def lock_employee(db: Session, viewer: Viewer, employee_id: int, version: int | None) -> Employee | None:
    """The same, for changing it in this transaction. Raises `EmployeeMoved` when it is no longer the `version` that the
    person saw (None: what is done asks for none)."""
    query = select(Employee).where(Employee.id == employee_id, Employee.company_id == viewer.company_id)
    query = query.with_for_update().execution_options(populate_existing=True)
    employee = db.exec(query).first() if viewer.company_id is not None else None
    if employee is not None and version not in {None, employee.version}:
        raise EmployeeMoved(employee)
    return employee


def periods_of(db: Session, employee: Employee) -> list[EmploymentPeriod]:
    """The periods of an employee whom the caller has reached, the first one first."""
    periods = rows_of(db, EmploymentPeriod, employee_id=employee.id)
    return sorted(periods, key=lambda period: period.starts_on)


def absences_of(db: Session, employee: Employee) -> list[EmployeeAbsence]:
    """The unpaid leaves of an employee whom the caller has reached, the first one first."""
    absences = rows_of(db, EmployeeAbsence, employee_id=employee.id)
    return sorted(absences, key=lambda absence: absence.starts_on)


def events_of(db: Session, employee: Employee) -> list[EmployeeEvent]:
    """What happened to an employee whom the caller has reached, the newest first."""
    query = select(EmployeeEvent).where(EmployeeEvent.employee_id == employee.id)
    return list(db.exec(query.order_by(col(EmployeeEvent.id).desc())))


def is_acted_on(db: Session, viewer: Viewer) -> bool:
    """Whether anybody acted already on an employee of the viewer's company: those of an import have no acts."""
    query = select(EmployeeEvent.id).join(Employee, col(Employee.id) == EmployeeEvent.employee_id)
    return db.exec(query.where(Employee.company_id == viewer.company_id).limit(1)).first() is not None


def employed_on(db: Session, viewer: Viewer, day: date) -> int:
    """How many people the viewer's company employs on a day, affiliated or not."""
    query = (
        select(func.count(func.distinct(EmploymentPeriod.employee_id)))
        .join(Employee, col(Employee.id) == EmploymentPeriod.employee_id)
        .where(
            Employee.company_id == viewer.company_id,
            EmploymentPeriod.starts_on <= day,
            or_(col(EmploymentPeriod.ends_on).is_(None), col(EmploymentPeriod.ends_on) >= day),
        )
    )
    return db.exec(query).one()


def period_on(periods: Sequence[EmploymentPeriod], day: date) -> EmploymentPeriod | None:
    """The period that holds a day, or None."""
    return next((period for period in periods if period.holds_on(day)), None)
