"""Whose requests an agent of the desk may neither read nor decide: their own, and their family's (R-72).

An agent's account names no person, as a rule: what is known of its holder is its e-mail address, and the person if any.
One rule (`circle_of`), asked of one request (`is_party`), or for all of them at once (`items_near`).
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, or_, union
from sqlmodel import Session, col, func, select

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.complaints import Complaint
from portal.data.coverage import Beneficiary, Contract
from portal.data.fraud import FraudReport
from portal.data.persons import Person
from portal.data.prepared import Prepared
from portal.data.work_items import WorkItem
from portal.security import Keyring

# No row has it: a list of values that may be empty is none for a prepared statement.
_NOBODY = 0


class Circle(NamedTuple):
    """Whom an agent is party with: these persons, themselves and whoever a contract names beside them, now or before;
    these accounts, their own and those of their address."""

    persons: frozenset[int]
    accounts: frozenset[int]


def circle_of(db: Session, agent_id: int) -> Circle:
    """Whom the holder of an agent's account is party with. An account of the desk may be the holder's as a member too:
    the address tells."""
    agent = db.get_one(Account, agent_id)
    same = _named_by(db, agent.email.lower()) if agent.email else []
    persons = {agent.person_id, *(person_id for person_id, _ in same)} - {None}
    accounts = {agent_id, *(account_id for _, account_id in same)} - {None}
    return Circle(frozenset(_household(db, persons)), frozenset(accounts))


def is_party(db: Session, keyring: Keyring, agent_id: int, case: Case) -> bool:
    """Whether the case is the agent's own, or of somebody whom the same contracts name: by the account, the person, or
    an e-mail address, also the one left by whoever complained without an account. `agent_id`: the account."""
    return is_near(db, agent_id, case) or _left_own_address(db, keyring, agent_id, case)


def is_near(db: Session, agent_id: int, case: Case) -> bool:
    """The same for a case that has an account, as all claims have."""
    return is_near_to(db, agent_id, persons={case.person_id, case.member_id}, accounts={case.account_id})


def is_near_to(
    db: Session, agent_id: int, *, persons: Collection[int | None], accounts: Collection[int | None]
) -> bool:
    """Whether the agent's account is one of these, or its holder one of these persons, of those whose accounts these
    are, or of their households."""
    circle = circle_of(db, agent_id)
    holders = select(Account.person_id).where(col(Account.id).in_([one for one in accounts if one]))
    named = {*persons, *db.exec(holders)}
    return not (circle.accounts.isdisjoint(accounts) and circle.persons.isdisjoint(named))


def is_party_to_item(db: Session, keyring: Keyring, agent_id: int, item: WorkItem) -> bool:
    """The same of what a row of the queue is about: a case, or a report of a fraud."""
    if item.case_id is not None:
        return is_party(db, keyring, agent_id, db.get_one(Case, item.case_id))
    account_id = db.get_one(FraudReport, item.report_id).account_id
    return is_near_to(db, agent_id, persons=(), accounts={account_id})


def items_near(db: Session, keyring: Keyring, agent_id: int) -> tuple[int, ...]:
    """Every row of the queue that the agent is party to, whatever its turn, in order; few, read from indexes."""
    circle = circle_of(db, agent_id)
    theirs = select(Account.id).where(col(Account.person_id).in_(circle.persons))
    accounts = circle.accounts | {found or _NOBODY for found in (db.exec(theirs) if circle.persons else ())}
    values = {
        "accounts": tuple(sorted(accounts)),
        "persons": tuple(sorted(circle.persons)) or (_NOBODY,),
        "left": tuple(keyring.lookups(db.get_one(Account, agent_id).email.casefold())),
    }
    return tuple(sorted(row[0] for row in _ITEMS_NEAR.rows(db, values)))


def _left_own_address(db: Session, keyring: Keyring, agent_id: int, case: Case) -> bool:
    row = db.get(Complaint, case.id)
    if row is None or row.contact_lookup is None:
        return False
    return row.contact_lookup in keyring.lookups(db.get_one(Account, agent_id).email.casefold())


def _named_by(db: Session, email: str) -> list[tuple[int | None, int | None]]:
    """The persons and the accounts that have an address."""
    found = [(row[0], row[1]) for row in _ACCOUNTS_NAMED.rows(db, {"email": email})]
    return found + [(row[0], None) for row in _PERSONS_NAMED.rows(db, {"email": email})]


def _household(db: Session, persons: Collection[int | None]) -> set[int]:
    """Everybody whom a contract names that names one of these persons, and themselves."""
    known = {one for one in persons if one is not None}
    if not known:
        return known
    covering = select(Beneficiary.contract_id).where(col(Beneficiary.person_id).in_(known))
    contracts = select(Contract.id).where(or_(col(Contract.member_id).in_(known), col(Contract.id).in_(covering)))
    holders = db.exec(select(Contract.member_id).where(col(Contract.id).in_(contracts)))
    covered = db.exec(select(Beneficiary.person_id).where(col(Beneficiary.contract_id).in_(contracts)))
    return {*known, *holders, *covered}


def _items_near() -> Select[Any]:
    case, report, item = Case.__table__.c, FraudReport.__table__.c, WorkItem.__table__.c

    def given(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        return column.in_(bindparam(name, expanding=True))

    cases = union(
        select(case.id).where(given(case.account_id, "accounts")),
        select(case.id).where(given(case.person_id, "persons")),
        select(case.id).where(given(case.member_id, "persons")),
        select(Complaint.__table__.c.case_id).where(given(Complaint.__table__.c.contact_lookup, "left")),
    ).subquery()
    reports = select(report.id).where(given(report.account_id, "accounts")).subquery()
    found = union(
        select(item.id).join(cases, cases.c.id == item.case_id),
        select(item.id).join(reports, reports.c.id == item.report_id),
    ).subquery()
    return select(found.c.id)


def _of_address(model: Any, *columns: Any) -> Prepared:
    return Prepared(select(*columns).where(func.lower(model.email) == bindparam("email")))


_ACCOUNTS_NAMED = _of_address(Account, col(Account.person_id), col(Account.id))
_PERSONS_NAMED = _of_address(Person, col(Person.id))
_ITEMS_NEAR = Prepared(_items_near())
