"""Affiliating a company's employees: declared, invited, exempt; their category and what is declared of them (R-30)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from portal.data.batches import added, is_first, rows_of
from portal.data.employee_acts import Acting, Refused, check_effect, note, open_period, succeed
from portal.data.employee_cover import end_cover, end_own_cover, move_cover, open_cover
from portal.data.employees import (
    Employee,
    EmployeeEvent,
    EmploymentPeriod,
    EventKind,
    PeriodKind,
    absences_of,
    periods_of,
    search_text,
)
from portal.data.exemption_grounds import ExemptionGround
from portal.data.exemption_rows import EndCause
from portal.data.exemptions import declared_exempt, end_accepted
from portal.data.organisations import Company, GroupContract
from portal.data.reversal import Changes
from portal.data.staff_categories import StaffCategory

_EVENT_OF = {
    PeriodKind.AFFILIATED: EventKind.AFFILIATED,
    PeriodKind.INVITED: EventKind.INVITED,
    PeriodKind.EXEMPT: EventKind.EXEMPTED,
}


@dataclass(frozen=True, slots=True)
class NewEmployee:
    """An employee as declared. `nir`: fifteen characters with a right key, or empty; `starts_on`: of the period."""

    last_name: str
    first_name: str
    birth_date: date
    hired_on: date
    starts_on: date
    nir: str = ""
    usage_name: str = ""
    matricule: str = ""
    email: str = ""
    regime: str = "general"


def declare(
    db: Session,
    acting: Acting,
    contract: GroupContract,
    category: StaffCategory,
    new: NewEmployee,
    kind: PeriodKind,
    ground: ExemptionGround | None = None,
) -> tuple[Employee, EmployeeEvent]:
    """Declares an employee, in a state: affiliated, invited to finish, or exempt, for a `ground`. Whoever left before
    comes back under the same row. Raises `Refused`. The company's row is locked, so that two clerks do not declare one
    person twice.
    """
    lock_company(db, contract.company_id)
    back = check_declared(db, acting, contract, new)
    changes = Changes(db)
    employee = _row_for(db, acting, contract, changes, new, back)
    changes.add(
        EmploymentPeriod(employee_id=employee.id or 0, category_id=category.id or 0, kind=kind, starts_on=new.starts_on)
    )
    if kind is PeriodKind.AFFILIATED:
        end_own_cover(db, changes, employee, new.starts_on - timedelta(days=1))
        open_cover(db, acting.keyring, changes, employee, category, new.starts_on)
    if ground is not None:
        declared_exempt(changes, employee, ground, new.starts_on, acting.now, acting.viewer.account_id)
    event = _EVENT_OF[kind]
    return employee, note(db, acting, employee, event, new.starts_on, changes, category=category.label)


def lock_company(db: Session, company_id: int) -> None:
    """Lets nobody else declare somebody in this company until the transaction ends."""
    if is_first(db, (Company.__tablename__, company_id)):
        db.get_one(Company, company_id, with_for_update=True)


def affiliate_declared(
    db: Session, acting: Acting, employee: Employee, category: StaffCategory, from_day: date
) -> EmployeeEvent:
    """Affiliates an employee who was invited, from the day the invitation was for, or whose exemption ends, from a day.

    Raises `Refused`, also during or before a leave without cover, which would be covered from end to end.
    """
    period = open_period(db, employee, from_day)
    if period.kind == PeriodKind.AFFILIATED:
        raise Refused("already-affiliated")
    check_in_force(db, employee, from_day)
    check_present(db, employee, from_day)
    changes = Changes(db)
    was_exempt = period.kind == PeriodKind.EXEMPT
    end_accepted(db, changes, employee, from_day - timedelta(days=1), EndCause.AFFILIATED)
    succeed(db, changes, period, from_day, kind=PeriodKind.AFFILIATED, category_id=category.id or 0)
    end_own_cover(db, changes, employee, from_day - timedelta(days=1))
    open_cover(db, acting.keyring, changes, employee, category, from_day)
    kind = EventKind.EXEMPTION_ENDED if was_exempt else EventKind.AFFILIATED
    return note(db, acting, employee, kind, from_day, changes, category=category.label)


def check_in_force(db: Session, employee: Employee, day: date) -> None:
    """Raises `Refused` for a day after the end of the employee's group contract: nothing would end the cover."""
    contract = db.get_one(GroupContract, employee.group_contract_id)
    if contract.ends_on is not None and contract.ends_on < day:
        raise Refused("outside-contract", "jour")


def check_present(db: Session, employee: Employee, from_day: date) -> None:
    """Raises `Refused` for a leave without cover on a day or after it: it would be covered from end to end."""
    if any(not each.keeps_cover and (each.ends_on or from_day) >= from_day for each in absences_of(db, employee)):
        raise Refused("absent-uncovered", "jour")


def exempt(
    db: Session, acting: Acting, employee: Employee, from_day: date, case_code: str, changes: Changes | None = None
) -> EmployeeEvent:
    """Ends the affiliation or the invitation of an employee who asks for an exemption, from a day. `changes`: what the
    caller did already, to be taken back with the act. Raises `Refused`."""
    period = open_period(db, employee, from_day)
    if period.kind == PeriodKind.EXEMPT:
        raise Refused("already-exempt")
    changes = changes or Changes(db)
    if period.kind == PeriodKind.AFFILIATED:
        end_cover(db, changes, employee, from_day - timedelta(days=1))
    succeed(db, changes, period, from_day, kind=PeriodKind.EXEMPT, category_id=period.category_id)
    return note(db, acting, employee, EventKind.EXEMPTED, from_day, changes, case=case_code)


def change_category(
    db: Session, acting: Acting, employee: Employee, category: StaffCategory, from_day: date
) -> EmployeeEvent:
    """Moves an employee to another category of the same contract from a day on, cover with it. Raises `Refused`."""
    period = check_category_change(db, acting, employee, category, from_day)
    before = db.get_one(StaffCategory, period.category_id).label
    changes = Changes(db)
    succeed(db, changes, period, from_day, kind=PeriodKind(period.kind), category_id=category.id or 0)
    if period.kind == PeriodKind.AFFILIATED:
        move_cover(db, acting.keyring, changes, employee, category, from_day)
    details = {"before": before, "category": category.label}
    return note(db, acting, employee, EventKind.CATEGORY_CHANGED, from_day, changes, **details)


def check_category_change(
    db: Session, acting: Acting, employee: Employee, category: StaffCategory, from_day: date
) -> EmploymentPeriod:
    """The period that a change of category would end, or change. Raises `Refused`."""
    check_effect(acting, from_day, "jour")
    period = open_period(db, employee, from_day)
    if category.group_contract_id != employee.group_contract_id:
        raise Refused("other-contract", "categorie")
    if period.category_id == category.id:
        raise Refused("same-category", "categorie")
    return period


def correct(db: Session, acting: Acting, employee: Employee, **values: Any) -> EmployeeEvent | None:
    """Corrects what the employer declared (columns of `Employee`); None when nothing changes. What the insurer knows of
    the person stays: a new identity is looked into by its desk. Raises `Refused`."""
    changed = check_correction(db, employee, values)
    if not changed:
        return None
    changes = Changes(db)
    changes.set(employee, **changed)
    names = (employee.last_name, employee.usage_name, employee.first_name, employee.matricule)
    changes.set(employee, search=search_text(*names))
    if employee.person_id is not None and {"last_name", "first_name", "birth_date"} & changed.keys():
        changes.set(employee, is_identity_doubtful=True)
    try:
        return note(db, acting, employee, EventKind.CORRECTED, acting.today, changes, fields=sorted(changed))
    except IntegrityError:  # a colleague has just given it to another employee
        raise Refused("matricule-taken", "matricule") from None


def check_correction(db: Session, employee: Employee, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that differ from what was declared. Raises `Refused`."""
    if "matricule" in values:
        values = values | {"matricule": values["matricule"] or None}
        _check_matricule(db, employee.group_contract_id, values["matricule"], employee.id)
    return {name: value for name, value in values.items() if getattr(employee, name) != value}


def _check_days(acting: Acting, contract: GroupContract, new: NewEmployee) -> None:
    check_effect(acting, new.starts_on, "effet")
    if new.hired_on > new.starts_on:
        raise Refused("hired-later", "embauche")
    if not contract.starts_on <= new.starts_on <= (contract.ends_on or new.starts_on):
        raise Refused("outside-contract", "effet")
    if new.birth_date >= new.hired_on:
        raise Refused("born-later", "naissance")


def check_declared(db: Session, acting: Acting, contract: GroupContract, new: NewEmployee) -> Employee | None:
    """Judges a declaration; gives the row of one who left before, to be taken up again. Raises `Refused`."""
    _check_days(acting, contract, new)
    employee = _back(db, acting, contract, new)
    if employee is not None and any(
        period.ends_on is None or period.ends_on >= new.starts_on for period in periods_of(db, employee)
    ):
        raise Refused("already-there", "nir")
    _check_matricule(db, contract.id or 0, new.matricule or None, employee.id if employee else None)
    return employee


def _back(db: Session, acting: Acting, contract: GroupContract, new: NewEmployee) -> Employee | None:
    if not new.nir:
        return None
    known = [
        employee
        for lookup in acting.keyring.lookups(new.nir)
        for employee in rows_of(db, Employee, group_contract_id=contract.id, nir_lookup=lookup)
    ]
    return known[0] if known else None


def _row_for(
    db: Session, acting: Acting, contract: GroupContract, changes: Changes, new: NewEmployee, back: Employee | None
) -> Employee:
    employee = back
    if employee is None:
        employee = added(db, _new_row(acting, contract, new))
    changes.set(employee, **_names(new), matricule=new.matricule or None, email=new.email, regime=new.regime)
    changes.set(employee, search=search_text(new.last_name, new.usage_name, new.first_name, new.matricule or None))
    return employee


def _new_row(acting: Acting, contract: GroupContract, new: NewEmployee) -> Employee:
    """Never taken back: a NIR that was declared once names the same person."""
    return Employee(
        company_id=contract.company_id,
        group_contract_id=contract.id or 0,
        **_names(new),
        search="",
        nir_encrypted=acting.keyring.encrypt(new.nir) if new.nir else None,
        nir_lookup=acting.keyring.lookup(new.nir) if new.nir else None,
    )


def _names(new: NewEmployee) -> dict[str, Any]:
    return {
        "last_name": new.last_name,
        "usage_name": new.usage_name,
        "first_name": new.first_name,
        "birth_date": new.birth_date,
        "hired_on": new.hired_on,
    }


def _check_matricule(db: Session, contract_id: int, matricule: str | None, employee_id: int | None) -> None:
    if matricule is None:
        return
    named = rows_of(db, Employee, group_contract_id=contract_id, matricule=matricule)
    if any(each.id != employee_id and each.matricule == matricule for each in named):
        raise Refused("matricule-taken", "matricule")
