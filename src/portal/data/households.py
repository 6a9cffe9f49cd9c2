"""Who is near somebody: whoever a contract of theirs names, or named. Staff who are insured here, too (R-72).

An agent's account names no person, as a rule: what is known of its holder is its e-mail address, and the person if any.
"""

from collections.abc import Collection

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.coverage import Beneficiary, Contract
from portal.data.persons import Person


def is_near_to(
    db: Session, agent_id: int, *, persons: Collection[int | None], accounts: Collection[int | None]
) -> bool:
    """Whether the agent's account is one of these, or its holder one of these persons or of their households.
    `agent_id`: the account."""
    agent, household = db.get_one(Account, agent_id), household_of(db, persons)
    if agent_id in accounts or agent.person_id in household:
        return True
    email = agent.email.lower()
    if not email:
        return False
    theirs = or_(col(Account.person_id).in_(household), col(Account.id).in_([one for one in accounts if one]))
    of_accounts = select(Account.id).where(func.lower(Account.email) == email, theirs, Account.id != agent_id)
    of_persons = select(Person.id).where(func.lower(Person.email) == email, col(Person.id).in_(household))
    return any(db.exec(query.limit(1)).first() is not None for query in (of_accounts, of_persons))


def household_of(db: Session, persons: Collection[int | None]) -> set[int]:
    """Everybody whom a contract names that names one of these persons, and themselves."""
    known = {one for one in persons if one is not None}
    covering = select(Beneficiary.contract_id).where(col(Beneficiary.person_id).in_(known))
    contracts = select(Contract.id).where(or_(col(Contract.member_id).in_(known), col(Contract.id).in_(covering)))
    holders = db.exec(select(Contract.member_id).where(col(Contract.id).in_(contracts)))
    covered = db.exec(select(Beneficiary.person_id).where(col(Beneficiary.contract_id).in_(contracts)))
    return {*known, *holders, *covered}
