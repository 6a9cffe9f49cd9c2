"""The insurer's side of an affiliation: the person, the contract and the periods of cover behind an employee.

What the insurer knows of somebody is never overwritten by what an employer declares, nor told to the employer: a person
is recognised by NIR, birth date and name together; else a new one is made, and the insurer's desk looks into it.
"""

import secrets
from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from portal.data.batches import rows_of
from portal.data.coverage import Beneficiary, Contract, ContractKind, Relationship
from portal.data.employees import Employee, EmployeeAbsence, EventKind, PeriodKind, absences_of, events_of, periods_of
from portal.data.organisations import GroupContract
from portal.data.persons import Person
from portal.data.reversal import Changes, before_of, removed_by
from portal.data.staff_categories import StaffCategory
from portal.folding import same_name
from portal.security import Keyring

_DAY = timedelta(days=1)


def recognise(db: Session, keyring: Keyring, changes: Changes, employee: Employee) -> Person:
    """The person behind an employee: the one the insurer knows under the NIR and the same identity, or a new one."""
    if employee.person_id is not None:
        return db.get_one(Person, employee.person_id)
    known = _known(db, keyring, employee)
    match = _match(known, employee)
    person = match or changes.add(_new_person(employee, with_nir=not known))
    changes.set(employee, person_id=person.id, is_identity_doubtful=bool(known) and match is None)
    return person


def is_known(db: Session, keyring: Keyring, employee: Employee) -> bool:
    """Whether `recognise` would find somebody whom the insurer knows."""
    return employee.person_id is not None or _match(_known(db, keyring, employee), employee) is not None


def open_cover(
    db: Session, keyring: Keyring, changes: Changes, employee: Employee, category: StaffCategory, starts_on: date
) -> Contract:
    """Covers an employee from a day on: alone, until the employee adds a family."""
    contract = _open_contract(db, keyring, changes, employee, category, starts_on)
    changes.add(_member_row(contract, starts_on))
    return contract


def end_cover(db: Session, changes: Changes, employee: Employee, last_day: date) -> None:
    """Ends the cover of an employee and of the family with a day, included; what would begin later is withdrawn.

    Cover that ended before stays as it is.
    """
    contract = _contract(db, employee)
    if contract is None:
        return
    if contract.ends_on is None or contract.ends_on > last_day:
        changes.set(contract, ends_on=max(last_day, contract.starts_on))
    for row in _covered(db, contract, last_day):
        _cut(changes, row, last_day)


def end_own_cover(db: Session, changes: Changes, employee: Employee, last_day: date) -> None:
    """Ends the cover of an employee alone with a day, included: of whoever is hired again while portability lasts, who
    would be covered twice. The family keeps it to its end: the employee has to add it to the new cover."""
    contract = _contract(db, employee)
    for row in _covered(db, contract, last_day) if contract else ():
        if row.relationship == Relationship.MEMBER:
            _cut(changes, row, last_day)


def suspend_cover(db: Session, changes: Changes, employee: Employee, last_day: date, resumes_on: date | None) -> None:
    """Stops cover after a day and takes it up again on another, for whoever was covered; the contract goes on."""
    contract = _contract(db, employee)
    for row in _covered(db, contract, last_day) if contract else ():
        if resumes_on is not None and (row.valid_to is None or row.valid_to >= resumes_on):
            since = max(row.valid_from, resumes_on)
            again = Beneficiary(**row.model_dump(exclude={"id", "valid_from"}), valid_from=since)
            _cut(changes, row, last_day)
            changes.add(again)
        else:
            _cut(changes, row, last_day)


def resume_cover(db: Session, changes: Changes, employee: Employee, absence: EmployeeAbsence, resumes_on: date) -> None:
    """Covers again, from a day on, those whose cover a leave stopped, until the end that each cover had before; where
    the leave's end was known, cover that begins after it is brought forward. The absence is as it was until now.

    A contract that ended meanwhile covers nobody again, nor does one that follows an exemption.
    """
    contract = _contract(db, employee)
    is_over = contract is not None and contract.ends_on is not None and contract.ends_on < resumes_on
    if contract is None or is_over or _was_exempt(db, employee, absence.starts_on, resumes_on):
        return
    for held in _suspended(db, employee, absence):
        since, until = max(held.valid_from, resumes_on), _first_of(held.valid_to, contract.ends_on)
        if until is not None and until < since:
            continue
        following = _held_from(db, contract, held.person_id, since)
        if following is None:
            values = held.model_dump(exclude={"id", "contract_id", "valid_from", "valid_to"})
            changes.add(Beneficiary(**values, contract_id=contract.id or 0, valid_from=since, valid_to=until))
        elif absence.ends_on is not None and following.valid_from == max(held.valid_from, absence.ends_on + _DAY):
            changes.set(following, valid_from=since)


def move_cover(
    db: Session, keyring: Keyring, changes: Changes, employee: Employee, category: StaffCategory, from_day: date
) -> None:
    """Covers an employee by the guarantees of another category from a day on, and the family with the employee; a leave
    that suspends cover goes on suspending it.

    A category with the same guarantees changes nothing.
    """
    contract = _contract(db, employee)
    if contract is None or contract.product_id == category.product_id:
        return
    carried = [row.model_dump(exclude={"id", "contract_id"}) for row in _covered(db, contract, from_day - _DAY)]
    end_cover(db, changes, employee, from_day - _DAY)
    following = _open_contract(db, keyring, changes, employee, category, from_day)
    if not any(row["relationship"] == Relationship.MEMBER for row in carried) and not _is_suspended(
        db, employee, from_day
    ):
        changes.add(_member_row(following, from_day))
    for row in carried:
        since = max(row.pop("valid_from"), from_day)
        changes.add(Beneficiary(**row, contract_id=following.id or 0, valid_from=since))


def persons_covered(db: Session, contract_ids: Iterable[int], day: date) -> dict[int, int]:
    """How many persons each contract covers on a day; contracts that cover nobody are absent."""
    query = select(Beneficiary.contract_id, Beneficiary.person_id).where(
        col(Beneficiary.contract_id).in_(list(contract_ids)), *_held_on(day)
    )
    counts: dict[int, int] = {}
    for contract_id, _ in set(db.exec(query)):
        counts[contract_id] = counts.get(contract_id, 0) + 1
    return counts


def _contract(db: Session, employee: Employee) -> Contract | None:
    if employee.contract_id is None:
        return None
    return next(iter(rows_of(db, Contract, lock=True, id=employee.contract_id)), None)


def _covered(db: Session, contract: Contract, last_day: date) -> list[Beneficiary]:
    """Those whom a contract covers beyond a day."""
    rows = rows_of(db, Beneficiary, lock=True, contract_id=contract.id)
    return [row for row in rows if row.valid_to is None or row.valid_to > last_day]


def _cut(changes: Changes, row: Beneficiary, last_day: date) -> None:
    if row.valid_from > last_day:
        changes.remove(row)
    else:
        changes.set(row, valid_to=last_day)


def _suspended(db: Session, employee: Employee, absence: EmployeeAbsence) -> list[Beneficiary]:
    """Whose cover a leave stopped, as it was before by what the act noted; whoever's cover was changed since is not
    among them. Where no act tells, everybody whose cover ended the day before the leave."""
    last_day = absence.starts_on - _DAY
    query = select(Beneficiary).join(Contract, col(Contract.id) == Beneficiary.contract_id)
    query = query.where(Contract.member_id == employee.person_id, Beneficiary.valid_to == last_day)
    stopped = {row.person_id: row for row in db.exec(query.order_by(col(Beneficiary.id)))}
    done = _noted(db, employee, absence)
    if done is None:
        return [_as_it_was(row, None) for row in stopped.values()]
    before = before_of(done, Beneficiary, "valid_to")
    persons = {row.person_id: before[row.id or 0] for row in db.exec(select(Beneficiary).where(_numbered(before)))}
    held = [_as_it_was(row, persons[each]) for each, row in stopped.items() if each in persons]
    return held + removed_by(done, Beneficiary)


def _noted(db: Session, employee: Employee, absence: EmployeeAbsence) -> str | None:
    for event in events_of(db, employee):
        if event.kind == EventKind.ABSENT and event.undone_at is None and event.effective_on == absence.starts_on:
            return event.done
    return None


def _numbered(numbers: Iterable[int]) -> ColumnElement[bool]:
    return col(Beneficiary.id).in_(list(numbers))


def _as_it_was(row: Beneficiary, until: date | None) -> Beneficiary:
    return Beneficiary(**row.model_dump(exclude={"id", "valid_to"}), valid_to=until)


def _held_from(db: Session, contract: Contract, person_id: int, day: date) -> Beneficiary | None:
    """The first period of a person's under a contract that holds a day, or begins later."""
    beyond = or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) >= day)
    query = select(Beneficiary).where(Beneficiary.contract_id == contract.id, Beneficiary.person_id == person_id)
    return db.exec(query.where(beyond).order_by(col(Beneficiary.valid_from))).first()


def _was_exempt(db: Session, employee: Employee, first: date, last: date) -> bool:
    within = (each for each in periods_of(db, employee) if each.starts_on <= last and (each.ends_on or last) >= first)
    return any(each.kind != PeriodKind.AFFILIATED for each in within)


def _is_suspended(db: Session, employee: Employee, day: date) -> bool:
    return any(
        not each.keeps_cover and each.starts_on <= day and (each.ends_on is None or each.ends_on >= day)
        for each in absences_of(db, employee)
    )


def _first_of(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _held_on(day: date) -> tuple[object, ...]:
    return (
        Beneficiary.valid_from <= day,
        or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) >= day),
    )


def _known(db: Session, keyring: Keyring, employee: Employee) -> list[Person]:
    if employee.nir_encrypted is None:
        return []
    lookups = keyring.lookups(keyring.decrypt(employee.nir_encrypted))
    known = (person for lookup in lookups for person in rows_of(db, Person, nir_lookup=lookup))
    return sorted(known, key=lambda person: person.id or 0)


def _match(known: list[Person], employee: Employee) -> Person | None:
    return next((person for person in known if _is_same(person, employee)), None)


def _is_same(person: Person, employee: Employee) -> bool:
    names = (employee.last_name, employee.usage_name)
    is_named = any(name and same_name(name, person.last_name) for name in names)
    return is_named and person.birth_date == employee.birth_date


def _new_person(employee: Employee, *, with_nir: bool) -> Person:
    return Person(
        reference=f"E-{secrets.token_hex(6).upper()}",
        last_name=employee.last_name,
        first_name=employee.first_name,
        birth_date=employee.birth_date,
        nir_encrypted=employee.nir_encrypted if with_nir else None,
        nir_lookup=employee.nir_lookup if with_nir else None,
        email=employee.email,
    )


def _open_contract(
    db: Session, keyring: Keyring, changes: Changes, employee: Employee, category: StaffCategory, starts_on: date
) -> Contract:
    person = recognise(db, keyring, changes, employee)
    contract = changes.add(_new_contract(db, employee, category, person.id or 0, starts_on))
    changes.set(employee, contract_id=contract.id)
    return contract


def _member_row(contract: Contract, starts_on: date) -> Beneficiary:
    return Beneficiary(
        contract_id=contract.id or 0,
        person_id=contract.member_id,
        relationship=Relationship.MEMBER,
        valid_from=starts_on,
    )


def _new_contract(
    db: Session, employee: Employee, category: StaffCategory, person_id: int, starts_on: date
) -> Contract:
    number = f"E-{secrets.token_hex(5).upper()}"
    return Contract(
        number=number,
        kind=ContractKind.GROUP_MANDATORY if category.is_mandatory else ContractKind.GROUP_OPTIONAL,
        member_id=person_id,
        product_id=category.product_id,
        member_number=_member_number(),
        regime=employee.regime,
        is_responsible=db.get_one(GroupContract, category.group_contract_id).is_responsible,
        starts_on=starts_on,
    )


def _member_number() -> str:
    return f"{secrets.randbelow(90_000_000) + 10_000_000}"
