"""What invitations leave behind, forgotten in time (R-71): answers never sent, then those who were never affiliated.

No viewer: the worker's job, about every company.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from portal.data.employees import Employee, EmployeeEvent, EmploymentPeriod, PeriodKind
from portal.data.invitations import AffiliationInvitation

DRAFTS_KEPT = timedelta(days=30)
ABANDONED_KEPT = timedelta(days=183)


def forget_drafts(db: Session, now: datetime) -> int:
    """Erases answers that were never sent, a month after their link expired; how many. Until then a new letter finds
    them again."""
    late = (
        col(AffiliationInvitation.expires_at) < now - DRAFTS_KEPT,
        col(AffiliationInvitation.draft_encrypted).is_not(None),
    )
    return int(
        db.exec(update(AffiliationInvitation).where(*late).values(draft_encrypted=None, proven_hash="")).rowcount
    )


def abandoned(db: Session, now: datetime) -> list[int]:
    """Invitations that nobody finished, withdrawn or expired half a year ago: their numbers."""
    before = now - ABANDONED_KEPT
    query = select(AffiliationInvitation.id).where(
        col(AffiliationInvitation.completed_at).is_(None),
        col(AffiliationInvitation.exemption_asked_at).is_(None),
        or_(col(AffiliationInvitation.revoked_at) < before, col(AffiliationInvitation.expires_at) < before),
    )
    return [row or 0 for row in db.exec(query.order_by(col(AffiliationInvitation.id)))]


def forget_invitation(db: Session, invitation_id: int, now: datetime) -> bool:
    """Deletes an abandoned invitation, and its employee, whom nothing else names; whether it was still abandoned."""
    query = select(AffiliationInvitation).where(AffiliationInvitation.id == invitation_id).with_for_update()
    row = db.exec(query.execution_options(populate_existing=True)).first()
    if row is None or invitation_id not in abandoned(db, now):
        return False
    employee = db.get_one(Employee, row.employee_id, with_for_update=True)
    db.delete(row)
    db.flush()
    if _is_only_invited(db, employee):
        _forget(db, employee)
    return True


def _is_only_invited(db: Session, employee: Employee) -> bool:
    others = select(EmploymentPeriod.id).where(
        EmploymentPeriod.employee_id == employee.id,
        or_(EmploymentPeriod.kind != PeriodKind.INVITED, col(EmploymentPeriod.ends_on).is_not(None)),
    )
    again = select(AffiliationInvitation.id).where(AffiliationInvitation.employee_id == employee.id)
    return employee.person_id is None and not any(db.exec(query).first() for query in (others, again))


def _forget(db: Session, employee: Employee) -> None:
    """Whoever is named by another table after all stays."""
    try:
        with db.begin_nested():
            for table in (EmployeeEvent, EmploymentPeriod):
                db.exec(delete(table).where(table.employee_id == employee.id))
            db.delete(employee)
            db.flush()
    except IntegrityError:
        db.expire_all()
