"""Persons as the insurer's desk finds and reads them (R-05, R-72), whether they have an account or not.

Few, by exact marks only, never by browsing; and of each no more than who they are, under which contracts they are
covered, since when, with whom. Nothing of their care. Callers record each look-up and each reading in the evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.coverage import Beneficiary, Contract, Product
from portal.data.deaths import Death, death_of, is_dead
from portal.data.desk_accounts import MOST_FOUND, Found, accounts_of_person
from portal.data.exceptional_access import may_open
from portal.data.persons import Person
from portal.data.retention_holds import hold_on_person
from portal.data.sessions import Viewer
from portal.folding import same_name

DESK_ROLES = frozenset({Role.AGENT, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of cover, both days included; `valid_to` None while it goes on."""

    relationship: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Relative:
    """Somebody on a contract: enough to recognise them, and when they are covered."""

    name: str
    birth_date: date
    period: Period


@dataclass(frozen=True, slots=True)
class Covered:
    """A contract of the person's: `is_member` when the person holds it, who then is told who else is on it."""

    number: str
    kind: str
    product: str
    starts_on: date
    ends_on: date | None
    is_member: bool
    periods: tuple[Period, ...]
    relatives: tuple[Relative, ...]


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """What the desk reads of a person. `may_open`: the viewer may ask for an exceptional access to the rest. `is_held`:
    nothing of the person is forgotten in time (R-71). `death`: as recorded; every agent knows, so that nobody writes to
    the person."""

    person: Person
    contracts: tuple[Covered, ...]
    accounts: tuple[Found, ...]
    may_open: bool
    is_held: bool
    death: Death | None = None


def people_by_name(db: Session, viewer: Viewer, last_name: str, born: date) -> list[Person]:
    """Persons of that name born that day, however the name is spelled (accents, hyphens, case)."""
    _of_desk(viewer)
    born_then = db.exec(select(Person).where(Person.birth_date == born).order_by(col(Person.id)))
    return [one for one in born_then if same_name(one.last_name, last_name)][: MOST_FOUND + 1]


def people_by_nir(db: Session, viewer: Viewer, lookups: Sequence[str]) -> list[Person]:
    """The person whose NIR has one of these keyed hashes; twins registered under one number are two."""
    _of_desk(viewer)
    found = select(Person).where(col(Person.nir_lookup).in_(lookups)).order_by(col(Person.id))
    return list(db.exec(found.limit(MOST_FOUND + 1)))


def people_by_contract(db: Session, viewer: Viewer, number: str) -> list[Person]:
    """Those who are, or were, on the contract of this number, or of this member's number."""
    _of_desk(viewer)
    ours = select(Contract.id).where(or_(col(Contract.number) == number, col(Contract.member_number) == number))
    covered = select(Beneficiary.person_id).where(col(Beneficiary.contract_id).in_(ours))
    members = select(Contract.member_id).where(col(Contract.id).in_(ours))
    found = select(Person).where(or_(col(Person.id).in_(covered), col(Person.id).in_(members)))
    return list(db.exec(found.order_by(col(Person.id)).limit(MOST_FOUND + 1)))


def person_sheet(db: Session, viewer: Viewer, person_id: int, now: datetime) -> PersonSheet | None:
    """All that the desk may read of one person; None when there is no such person."""
    _of_desk(viewer)
    person = db.get(Person, person_id)
    if person is None:
        return None
    return PersonSheet(
        person=person,
        contracts=tuple(_contracts(db, person_id)),
        accounts=tuple(accounts_of_person(db, viewer, person_id, now)),
        may_open=may_open(db, viewer, person_id),
        is_held=hold_on_person(db, person_id) is not None,
        death=death_of(db, person_id),
    )


def address_of(db: Session, person_id: int) -> tuple[str, int | None]:
    """Where a person is written to: the address of their account, and its number, or the one that the insurer holds;
    empty without any, and for whoever died."""
    if is_dead(db, person_id):
        return "", None
    query = select(Account.email, Account.id).where(Account.person_id == person_id, Account.email != "")
    found = db.exec(query.order_by(col(Account.id).desc())).first()
    return (found[0], found[1]) if found else (db.get_one(Person, person_id).email, None)


def _contracts(db: Session, person_id: int) -> list[Covered]:
    on_it = select(Beneficiary.contract_id).where(Beneficiary.person_id == person_id)
    query = select(Contract, Product.name).join(Product, col(Product.id) == Contract.product_id)
    ours = query.where(or_(Contract.member_id == person_id, col(Contract.id).in_(on_it)))
    return [_covered(db, *row, person_id) for row in db.exec(ours.order_by(col(Contract.starts_on).desc()))]


def _covered(db: Session, contract: Contract, product: str, person_id: int) -> Covered:
    is_member = contract.member_id == person_id
    rows = _beneficiaries(db, contract.id or 0)
    return Covered(
        number=contract.number,
        kind=contract.kind,
        product=product,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        is_member=is_member,
        periods=tuple(period for period, person in rows if person.id == person_id),
        relatives=tuple(_relative(period, person) for period, person in rows if is_member and person.id != person_id),
    )


def _beneficiaries(db: Session, contract_id: int) -> list[tuple[Period, Person]]:
    query = select(Beneficiary, Person).join(Person, col(Person.id) == Beneficiary.person_id)
    found = query.where(Beneficiary.contract_id == contract_id).order_by(col(Beneficiary.valid_from))
    return [(Period(row.relationship, row.valid_from, row.valid_to), person) for row, person in db.exec(found)]


def _relative(period: Period, person: Person) -> Relative:
    return Relative(f"{person.first_name} {person.last_name}", person.birth_date, period)


def _of_desk(viewer: Viewer) -> None:
    if viewer.role not in DESK_ROLES:
        raise PermissionError("persons are looked up at the desk alone")
