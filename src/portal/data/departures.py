"""Employees who leave: the day, the reason, and what follows (L911-8, loi Évin), kept as it was computed that day; the
letters that told of it."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.employees import Employee, EmploymentPeriod
from portal.data.sessions import Viewer
from portal.data.waiting import Waiting

TOLD_BEFORE = timedelta(days=30)


class Departure(SQLModel, table=True):
    """The end of an employment. `left_on`: its last day. `portability_months` is 0 without portability; its days, both
    included. `cancelled_at`: the employee was reinstated, or the act taken back."""

    __tablename__ = "departure"
    __table_args__ = (
        Index("ix_departure_employee", "employee_id"),
        Index("ix_departure_portability", "portability_ends_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    employee_id: int = Field(foreign_key="employee.id")
    left_on: date
    reason: str
    contract_months: int
    portability_months: int = 0
    portability_starts_on: date | None = None
    portability_ends_on: date | None = None
    evin: str
    recorded_at: datetime = instant()
    cancelled_at: datetime | None = instant(default=None)


class LetterKind(StrEnum):
    """What a letter to somebody who left tells. CANCELLED: the departure that an earlier one told of was taken back.
    Values are stored: never rename one."""

    DEPARTURE = "depart"
    NEAR_END = "fin-proche"
    OFFER = "proposition"
    CANCELLED = "annulation"


class LeaverLetter(SQLModel, table=True):
    """A letter that was posted, once and for all: no second one of its kind follows for a departure."""

    __tablename__ = "leaver_letter"
    __table_args__ = (
        UniqueConstraint("departure_id", "kind"),
        Index("ix_leaver_letter_employee", "employee_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    departure_id: int = Field(foreign_key="departure.id")
    employee_id: int = Field(foreign_key="employee.id")
    kind: str
    posted_at: datetime = instant()


def portability_ending(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Former employees of the viewer's company whose portability ends within thirty days, but who was hired again."""
    is_back = select(EmploymentPeriod.id).where(
        EmploymentPeriod.employee_id == Employee.id, EmploymentPeriod.starts_on > Departure.left_on
    )
    query = select(func.count(), func.min(Departure.portability_ends_on)).where(
        Employee.company_id == viewer.company_id,
        col(Departure.cancelled_at).is_(None),
        col(Departure.portability_ends_on).between(day, day + TOLD_BEFORE),
        ~is_back.exists(),
    )
    count, first = db.exec(query.join(Employee, col(Employee.id) == Departure.employee_id)).one()
    return Waiting(count, first) if count else None


def departure_of(db: Session, employee: Employee) -> Departure | None:
    """The departure of an employee whom the caller has reached, that was not cancelled; None without one."""
    query = select(Departure).where(Departure.employee_id == employee.id, col(Departure.cancelled_at).is_(None))
    return db.exec(query.order_by(col(Departure.id).desc())).first()


def letters_of(db: Session, departure_id: int) -> dict[LetterKind, datetime]:
    """The letters of a departure that the caller has reached, and when each was posted (UTC)."""
    query = select(LeaverLetter.kind, LeaverLetter.posted_at).where(LeaverLetter.departure_id == departure_id)
    return {LetterKind(kind): posted_at for kind, posted_at in db.exec(query)}
