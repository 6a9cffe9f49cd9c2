"""Employees who are exempt though the register holds no exemption of theirs: what an audit finds first (R-30)."""

from datetime import date

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from portal.data.employees import Employee, EmploymentPeriod, PeriodKind
from portal.data.exemption_rows import Exemption, ExemptionState
from portal.data.sessions import Viewer


def undocumented(db: Session, viewer: Viewer, day: date, most: int) -> tuple[int, list[Employee]]:
    """Employees who are exempt that day though the register knows no exemption of theirs: how many, and the first
    ones. An exemption whose end is announced proves until its last day."""
    ended = col(Exemption.state) == ExemptionState.ENDED
    proven = select(Exemption.employee_id).where(
        or_(col(Exemption.state) == ExemptionState.ACCEPTED, ended & (col(Exemption.ended_on) >= day))
    )
    exempt = select(EmploymentPeriod.employee_id).where(
        col(EmploymentPeriod.kind) == PeriodKind.EXEMPT,
        col(EmploymentPeriod.starts_on) <= day,
        or_(col(EmploymentPeriod.ends_on).is_(None), col(EmploymentPeriod.ends_on) >= day),
    )
    found = (
        col(Employee.company_id) == viewer.company_id,
        col(Employee.id).in_(exempt),
        col(Employee.id).not_in(proven),
    )
    count = db.scalar(select(func.count()).where(*found)) or 0
    query = select(Employee).where(*found).order_by(col(Employee.search), col(Employee.id)).limit(most)
    return count, list(db.scalars(query))
