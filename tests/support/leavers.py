"""Somebody who left a company, at any time, for tests of what follows."""

from datetime import date, datetime, timedelta

from sqlmodel import Session

from portal.data.departing import let_go
from portal.data.employee_acts import Acting
from portal.data.employees import Employee
from portal.data.leaving_rules import LeavingReason
from portal.data.organisations import GroupContract
from portal.data.staff_categories import StaffCategory
from portal.security import Keyring
from tests.support import staff


def leave(
    db: Session,
    keyring: Keyring,
    clerk,
    within: tuple[GroupContract, StaffCategory],
    left_on: date,
    reason: LeavingReason = LeavingReason.DISMISSAL,
    *,
    days: int = 300,
    declared_after: int = 0,
    email: str = "paule@exemple.example",
    **values,
) -> Employee:
    """An employee hired `days` before, whose departure was declared some days after it, by the portal's own acts."""
    hired_on = left_on - timedelta(days=days - 1)
    contract, category = within
    arriving = staff.acting(keyring, clerk, at(hired_on))
    new = {"hired_on": hired_on, "starts_on": hired_on, "email": email} | values
    employee = staff.employee(db, arriving, contract, category, **new)
    leaving = staff.acting(keyring, clerk, at(left_on + timedelta(days=declared_after)))
    let_go(db, leaving, employee, left_on, reason)
    return employee


def at(day: date) -> datetime:
    """Nine in the morning, UTC, of a day."""
    return datetime.combine(day, staff.NOW.timetz())


def acting_on(keyring: Keyring, clerk, day: date) -> Acting:
    """The clerk at work that day."""
    return staff.acting(keyring, clerk, at(day))
