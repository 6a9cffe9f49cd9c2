"""Who is near to whom: whoever a contract names together, now or before. Staff are insured here, too (R-72).

An agent's account names no person, as a rule: what is known of its holder is its e-mail address, and the person if any.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_
from sqlmodel import Session, col, func, select

from portal.data.accounts import Account
from portal.data.coverage import Beneficiary, Contract
from portal.data.persons import Person
from portal.data.prepared import Prepared


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
    return Circle(frozenset(household_of(db, persons)), frozenset(accounts))


def is_near_to(
    db: Session, agent_id: int, *, persons: Collection[int | None], accounts: Collection[int | None]
) -> bool:
    """Whether the agent's account is one of these, or its holder one of these persons, of those whose accounts these
    are, or of their households."""
    circle = circle_of(db, agent_id)
    holders = select(Account.person_id).where(col(Account.id).in_([one for one in accounts if one]))
    named = {*persons, *db.exec(holders)}
    return not (circle.accounts.isdisjoint(accounts) and circle.persons.isdisjoint(named))


def _named_by(db: Session, email: str) -> list[tuple[int | None, int | None]]:
    """The persons and the accounts that have an address."""
    found = [(row[0], row[1]) for row in _ACCOUNTS_NAMED.rows(db, {"email": email})]
    return found + [(row[0], None) for row in _PERSONS_NAMED.rows(db, {"email": email})]


def household_of(db: Session, persons: Collection[int | None]) -> set[int]:
    """Everybody whom a contract names that names one of these persons, and themselves."""
    known = {one for one in persons if one is not None}
    if not known:
        return known
    covering = select(Beneficiary.contract_id).where(col(Beneficiary.person_id).in_(known))
    contracts = select(Contract.id).where(or_(col(Contract.member_id).in_(known), col(Contract.id).in_(covering)))
    holders = db.exec(select(Contract.member_id).where(col(Contract.id).in_(contracts)))
    covered = db.exec(select(Beneficiary.person_id).where(col(Beneficiary.contract_id).in_(contracts)))
    return {*known, *holders, *covered}


def _of_address(model: Any, *columns: Any) -> Prepared:
    return Prepared(select(*columns).where(func.lower(model.email) == bindparam("email")))


_ACCOUNTS_NAMED = _of_address(Account, col(Account.person_id), col(Account.id))
_PERSONS_NAMED = _of_address(Person, col(Person.id))
