"""Employees who leave: the day, the reason, and what follows (L911-8, loi Évin), kept as it was computed that day."""

from datetime import date, datetime

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.employees import Employee


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
    told_at: datetime | None = instant(default=None)
    cancelled_at: datetime | None = instant(default=None)


def departure_of(db: Session, employee: Employee) -> Departure | None:
    """The departure of an employee whom the caller has reached, that was not cancelled; None without one."""
    query = select(Departure).where(Departure.employee_id == employee.id, col(Departure.cancelled_at).is_(None))
    return db.exec(query.order_by(col(Departure.id).desc())).first()
