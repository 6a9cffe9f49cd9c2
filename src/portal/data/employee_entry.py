"""What is entered about one employee by hand: a declaration that is made once, a NIR given later (R-30)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from portal.data.affiliating import NewEmployee, correct, declare, lock_company
from portal.data.employee_acts import Acting, Refused, note
from portal.data.employees import Employee, EmployeeEvent, EventKind, PeriodKind, periods_of
from portal.data.organisations import GroupContract
from portal.data.reversal import Changes
from portal.data.rules import add_months
from portal.data.staff_categories import StaffCategory
from portal.folding import same_name

PRESSED_TWICE = timedelta(minutes=10)
_EVENTS = {PeriodKind.AFFILIATED: EventKind.AFFILIATED, PeriodKind.INVITED: EventKind.INVITED}


def contract_of(db: Session, category: StaffCategory) -> GroupContract:
    """The contract of a category that the caller has reached."""
    return db.get_one(GroupContract, category.group_contract_id)


def earliest_effect(acting: Acting, contract: GroupContract) -> date:
    """The first day from which an affiliation may count today."""
    return max(add_months(acting.today, -acting.figures.backdating_months), contract.starts_on)


def enter_once(
    db: Session, acting: Acting, contract: GroupContract, category: StaffCategory, new: NewEmployee, kind: PeriodKind
) -> tuple[Employee, bool]:
    """Affiliates or invites an employee, or gives the one whom this account entered a moment ago by the same form
    (pressed twice); whether the employee is new. Raises `Refused`, also for a namesake born the same day of whom a NIR
    is not known. The company's row is locked first."""
    lock_company(db, contract.company_id)
    twin = _twin(db, acting, contract, new)
    if twin is not None:
        if _is_same_press(db, acting, twin, kind):
            return twin, False
        raise Refused("already-there", "nom")
    return declare(db, acting, contract, category, new, kind)[0], True


def correct_entry(db: Session, acting: Acting, employee: Employee, nir: str, **values: Any) -> EmployeeEvent | None:
    """Corrects what was declared, and adds a NIR where there was none; a NIR that was given once is changed by the
    insurer alone. Raises `Refused`."""
    _check_days(db, employee, values)
    event = correct(db, acting, employee, **values)
    if not nir or employee.nir_lookup is not None:
        return event
    _add_nir(db, acting, employee, nir)
    try:
        return note(db, acting, employee, EventKind.CORRECTED, acting.today, Changes(db), fields=["nir"])
    except IntegrityError:  # a colleague has just given it to another employee
        raise Refused("known-number", "nir") from None


def _check_days(db: Session, employee: Employee, values: Mapping[str, Any]) -> None:
    """Birth, hiring and affiliation in that order; of whoever was hired again, those of the employment that goes on."""
    hired_on, born_on = values.get("hired_on", employee.hired_on), values.get("birth_date", employee.birth_date)
    begun = [each.starts_on for each in periods_of(db, employee) if each.starts_on >= employee.hired_on]
    if begun and hired_on > begun[0]:
        raise Refused("hired-later", "embauche")
    if born_on >= hired_on:
        raise Refused("born-later", "naissance")


def _add_nir(db: Session, acting: Acting, employee: Employee, nir: str) -> None:
    """Never taken back: a number that was declared once names the same person. The insurer's desk looks into it."""
    lookups = acting.keyring.lookups(nir)
    query = select(Employee.id).where(
        Employee.group_contract_id == employee.group_contract_id, col(Employee.nir_lookup).in_(lookups)
    )
    if db.exec(query).first() is not None:
        raise Refused("known-number", "nir")
    employee.nir_encrypted, employee.nir_lookup = acting.keyring.encrypt(nir), acting.keyring.lookup(nir)
    employee.is_identity_doubtful = employee.person_id is not None
    db.add(employee)


def _twin(db: Session, acting: Acting, contract: GroupContract, new: NewEmployee) -> Employee | None:
    """Somebody of the same names and birth date whom the contract holds then, unless two NIR tell them apart."""
    query = select(Employee).where(Employee.group_contract_id == contract.id, Employee.birth_date == new.birth_date)
    return next((each for each in db.exec(query) if _is_twin(db, acting, each, new)), None)


def _is_twin(db: Session, acting: Acting, employee: Employee, new: NewEmployee) -> bool:
    if not (same_name(employee.last_name, new.last_name) and same_name(employee.first_name, new.first_name)):
        return False
    is_other = new.nir and employee.nir_lookup and employee.nir_lookup not in acting.keyring.lookups(new.nir)
    is_there = any(each.ends_on is None or each.ends_on >= new.starts_on for each in periods_of(db, employee))
    return is_there and not is_other


def _is_same_press(db: Session, acting: Acting, employee: Employee, kind: PeriodKind) -> bool:
    query = select(EmployeeEvent).where(EmployeeEvent.employee_id == employee.id)
    event = db.exec(query.order_by(col(EmployeeEvent.id).desc())).first()
    if event is None or event.kind != _EVENTS.get(kind) or event.by != acting.viewer.account_id:
        return False
    return acting.now - event.recorded_at < PRESSED_TWICE and event.undone_at is None
