"""Whom to remind, and when, of exemptions whose evidence ends: each end is told once (R-30)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.employees import Employee
from portal.data.exemption_register import SOON
from portal.data.exemption_rows import Exemption, ExemptionState, StepKind
from portal.data.exemptions import add_step
from portal.data.organisations import Company, GroupContract
from portal.data.standing import closed

AHEAD = timedelta(days=90)
"""Once one exemption of a company is due, those that end within this time are told of in the same letter."""
_HANDLING = (Role.SIGNATORY, Role.ADMINISTRATOR, Role.CLERK)


@dataclass(frozen=True, slots=True)
class Due:
    """The exemptions of a company to remind of, with their employees."""

    company: Company
    rows: list[tuple[Exemption, Employee]]


def companies_to_remind(db: Session, day: date) -> list[int]:
    """Companies of which an exemption ends soon, or has ended, and was not told of."""
    query = (
        select(Employee.company_id)
        .join(Exemption, col(Exemption.employee_id) == Employee.id)
        .join(GroupContract, col(GroupContract.id) == Employee.group_contract_id)
        .where(*_untold(day + SOON))
        .distinct()
    )
    return sorted(db.exec(query))


def take_due(db: Session, company_id: int, day: date, now: datetime) -> Due | None:
    """The exemptions to tell a company of, marked as told; None when another job was quicker. The company's row is
    locked, so that each end is told once."""
    company = db.get_one(Company, company_id, with_for_update=True)
    if company_id not in companies_to_remind(db, day):
        return None
    query = (
        select(Exemption, Employee)
        .join(Employee, col(Employee.id) == Exemption.employee_id)
        .join(GroupContract, col(GroupContract.id) == Employee.group_contract_id)
        .where(Employee.company_id == company_id, *_untold(day + AHEAD))
        .order_by(col(Exemption.valid_until), col(Exemption.id))
        .execution_options(populate_existing=True)
    )
    rows = list(db.exec(query))
    for exemption, _ in rows:
        exemption.reminded_until = exemption.valid_until
        db.add(exemption)
        add_step(db, exemption, StepKind.REMINDED, now)
    return Due(company, rows)


def handlers_of(db: Session, company_id: int) -> list[Account]:
    """Those who handle a company's staff and can be written to; no outside firm."""
    query = select(Account).where(
        Account.company_id == company_id, col(Account.role).in_(_HANDLING), Account.email != "", ~closed
    )
    return list(db.exec(query.order_by(col(Account.id))))


def _untold(until: date) -> tuple[object, ...]:
    """Nobody is to be affiliated to a contract that ends first."""
    return (
        or_(col(GroupContract.ends_on).is_(None), col(GroupContract.ends_on) > col(Exemption.valid_until)),
        col(Exemption.state) == ExemptionState.ACCEPTED,
        col(Exemption.valid_until) <= until,
        col(Exemption.reminded_until).is_distinct_from(col(Exemption.valid_until)),
    )
