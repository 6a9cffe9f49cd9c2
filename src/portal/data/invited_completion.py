"""An invitation finished: the employee is affiliated from the day it was for, the family with them (R-30, ADR 24).

One act, written through `Changes`, so that the employer can take it back as any other (ADR 19). What the insurer knew
before is never changed by what is typed here: a NIR known under another identity makes a new person, relatives are
always new ones, and somebody known keeps the address and the bank details that are held.
"""

import secrets
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from portal.data.affiliating import check_in_force, check_present
from portal.data.bank_details import EFFECT_AFTER, BankDetails, sealed
from portal.data.coverage import Beneficiary, Contract
from portal.data.employee_acts import Refused, leave, succeed
from portal.data.employee_cover import end_own_cover, is_known, open_cover
from portal.data.employees import (
    Employee,
    EmployeeEvent,
    EmploymentPeriod,
    EventKind,
    PeriodKind,
    periods_of,
    search_text,
)
from portal.data.invitation_drafts import Draft, FamilyMember, Identity, Step, next_step
from portal.data.invitations import AffiliationInvitation
from portal.data.invited import Asked, Gone, first_day_of
from portal.data.persons import Person
from portal.data.reversal import Changes
from portal.formatting import day_in_france
from portal.security import Keyring


def complete(db: Session, keyring: Keyring, asked: Asked, now: datetime) -> EmployeeEvent:
    """Affiliates the employee of an invitation that the caller has locked (`invited.proven_invitation`).

    Raises `Gone`, also for a draft with a question left, and `Refused` for somebody whom the company employs already,
    who is on leave without cover, or whose group contract is over.
    """
    draft, category = asked.draft, asked.category
    if asked.period is None or category is None or draft.identity is None or next_step(draft) is not Step.REVIEW:
        raise Gone
    employee = db.get_one(Employee, asked.employee.id, with_for_update=True, populate_existing=True)
    check_in_force(db, employee, day_in_france(now))
    check_present(db, employee, asked.period.starts_on)
    changes = Changes(db)
    _identify(db, keyring, changes, employee, draft.identity, asked.period)
    succeed(db, changes, asked.period, asked.period.starts_on, kind=PeriodKind.AFFILIATED, category_id=category.id or 0)
    is_new = not is_known(db, keyring, employee)
    end_own_cover(db, changes, employee, asked.period.starts_on - timedelta(days=1))
    contract = open_cover(db, keyring, changes, employee, category, asked.period.starts_on)
    _end_earlier(db, changes, employee, asked.period.starts_on - timedelta(days=1))
    for member in draft.family if draft.with_family else ():
        _cover(db, keyring, changes, contract, member)
    if is_new:
        _reach(db, keyring, changes, draft, contract.member_id, now)
    _finish(db, asked.row, now)
    return _event(db, asked, employee, changes, category.label, now)


def _identify(
    db: Session, keyring: Keyring, changes: Changes, employee: Employee, who: Identity, period: EmploymentPeriod
) -> None:
    names = {"last_name": who.last_name, "usage_name": who.usage_name, "first_name": who.first_name}
    declared = employee.last_name, employee.first_name
    changes.set(employee, **names)
    if employee.person_id is not None and declared != (who.last_name, who.first_name):
        changes.set(employee, is_identity_doubtful=True)
    changes.set(employee, search=search_text(who.last_name, who.usage_name, who.first_name, employee.matricule))
    if who.nir and employee.nir_lookup is None:
        _number(db, keyring, employee, who.nir, period)


def _number(db: Session, keyring: Keyring, employee: Employee, nir: str, period: EmploymentPeriod) -> None:
    """Never taken back: a number that was declared once names the same person. One that another row of the contract
    bears, of somebody who left, is kept without being searched by: the row before keeps its history."""
    query = select(Employee).where(
        Employee.group_contract_id == employee.group_contract_id, col(Employee.nir_lookup).in_(keyring.lookups(nir))
    )
    other = db.exec(query).first()
    later = [each for each in periods_of(db, other) if not _is_before(each, period)] if other is not None else []
    if later:
        raise Refused("already-there", "nir")
    employee.nir_encrypted = keyring.encrypt(nir)
    employee.nir_lookup = keyring.lookup(nir) if other is None else None
    db.add(employee)
    try:
        db.flush()
    except IntegrityError:  # another employee has just been given it
        raise Refused("already-there", "nir") from None


def _end_earlier(db: Session, changes: Changes, employee: Employee, last_day: date) -> None:
    """Ends the own cover of somebody who left under another row, and was recognised by the number given now."""
    query = select(Employee).where(
        Employee.group_contract_id == employee.group_contract_id,
        Employee.person_id == employee.person_id,
        Employee.id != employee.id,
    )
    for other in db.exec(query):
        end_own_cover(db, changes, other, last_day)


def _is_before(one: EmploymentPeriod, other: EmploymentPeriod) -> bool:
    return one.ends_on is not None and one.ends_on < other.starts_on


def _reach(db: Session, keyring: Keyring, changes: Changes, draft: Draft, person_id: int, now: datetime) -> None:
    """How to write to somebody new, and where to reimburse: in force after the same delay as any change (ADR 14)."""
    if draft.identity is not None and draft.identity.email:
        changes.set(db.get_one(Person, person_id), email=draft.identity.email)
    if draft.bank is not None and draft.bank.details is not None:
        values = sealed(keyring, draft.bank.details)
        changes.add(BankDetails(person_id=person_id, asked_at=now, takes_effect_at=now + EFFECT_AFTER, **values))


def _cover(db: Session, keyring: Keyring, changes: Changes, contract: Contract, member: FamilyMember) -> None:
    person = changes.add(_relative(db, keyring, member))
    changes.add(
        Beneficiary(
            contract_id=contract.id or 0,
            person_id=person.id or 0,
            relationship=member.relationship,
            valid_from=max(contract.starts_on, member.birth_date),
            valid_to=contract.ends_on,
        )
    )


def _relative(db: Session, keyring: Keyring, member: FamilyMember) -> Person:
    """A new person, always: whoever types a child's number must not come by what the insurer knows of that child."""
    known = select(Person.id).where(col(Person.nir_lookup).in_(keyring.lookups(member.nir))) if member.nir else None
    has_nir = known is not None and db.exec(known).first() is None
    return Person(
        reference=f"F-{secrets.token_hex(6).upper()}",
        last_name=member.last_name,
        first_name=member.first_name,
        birth_date=member.birth_date,
        nir_encrypted=keyring.encrypt(member.nir) if has_nir else None,
        nir_lookup=keyring.lookup(member.nir) if has_nir else None,
    )


def _finish(db: Session, row: AffiliationInvitation, now: datetime) -> None:
    """Nothing of what was typed stays here."""
    row.completed_at, row.proven_at, row.draft_encrypted = now, now, None
    db.add(row)
    db.flush()


def _event(
    db: Session, asked: Asked, employee: Employee, changes: Changes, category: str, now: datetime
) -> EmployeeEvent:
    details = msgspec.json.encode({"category": category, "invitation": asked.row.id}).decode()
    event = EmployeeEvent(
        employee_id=employee.id or 0,
        kind=EventKind.AFFILIATED,
        effective_on=first_day_of(asked),
        recorded_at=now,
        details=details,
        done=changes.as_json(),
    )
    return leave(db, employee, event)
