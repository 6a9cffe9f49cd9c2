"""Whose requests an agent of the desk may neither read nor decide: their own, and their family's (R-72).

An agent's account names no person, as a rule: what is known of its holder is its e-mail address, and the person if any.
"""

from collections.abc import Collection

import msgspec
from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.complaints import Complaint, Contact
from portal.data.coverage import Beneficiary, Contract
from portal.data.deaths import Death
from portal.data.fraud import FraudReport
from portal.data.persons import Person
from portal.data.work_items import WorkItem
from portal.security import Keyring


def is_party(db: Session, keyring: Keyring, agent_id: int, case: Case) -> bool:
    """Whether the case is the agent's own, or of somebody whom the same contracts name: by the account, the person, or
    an e-mail address, also the one left by whoever complained without an account. `agent_id`: the account."""
    return is_near(db, agent_id, case) or _left_own_address(db, keyring, agent_id, case)


def is_near(db: Session, agent_id: int, case: Case) -> bool:
    """The same for a case that has an account, as all claims have."""
    author = db.get(Account, case.account_id) if case.account_id else None
    named = {case.person_id, case.member_id, author.person_id if author else None}
    return is_near_to(db, agent_id, persons=named, accounts={case.account_id})


def is_near_to(
    db: Session, agent_id: int, *, persons: Collection[int | None], accounts: Collection[int | None]
) -> bool:
    """Whether the agent's account is one of these, or its holder one of these persons or of their households."""
    agent, household = db.get_one(Account, agent_id), _household(db, persons)
    if agent_id in accounts or agent.person_id in household:
        return True
    email = agent.email.lower()
    if not email:
        return False
    theirs = or_(col(Account.person_id).in_(household), col(Account.id).in_([one for one in accounts if one]))
    of_accounts = select(Account.id).where(func.lower(Account.email) == email, theirs, Account.id != agent_id)
    of_persons = select(Person.id).where(func.lower(Person.email) == email, col(Person.id).in_(household))
    return any(db.exec(query.limit(1)).first() is not None for query in (of_accounts, of_persons))


def is_party_to_item(db: Session, keyring: Keyring, agent_id: int, item: WorkItem) -> bool:
    """The same of what a row of the queue is about: a case, a death, or a report of a fraud."""
    if item.case_id is not None:
        return is_party(db, keyring, agent_id, db.get_one(Case, item.case_id))
    if item.death_id is not None:
        return is_near_to(db, agent_id, persons={db.get_one(Death, item.death_id).person_id}, accounts=set())
    account = db.get_one(Account, db.get_one(FraudReport, item.report_id).account_id)
    return is_near_to(db, agent_id, persons={account.person_id}, accounts={account.id})


def _left_own_address(db: Session, keyring: Keyring, agent_id: int, case: Case) -> bool:
    row = db.get(Complaint, case.id)
    email = db.get_one(Account, agent_id).email.casefold()
    if row is None or row.contact_encrypted is None or not email:
        return False
    return msgspec.json.decode(keyring.decrypt(row.contact_encrypted), type=Contact).email.casefold() == email


def _household(db: Session, persons: Collection[int | None]) -> set[int]:
    """Everybody whom a contract names that names one of these persons, and themselves."""
    known = {one for one in persons if one is not None}
    covering = select(Beneficiary.contract_id).where(col(Beneficiary.person_id).in_(known))
    contracts = select(Contract.id).where(or_(col(Contract.member_id).in_(known), col(Contract.id).in_(covering)))
    holders = db.exec(select(Contract.member_id).where(col(Contract.id).in_(contracts)))
    covered = db.exec(select(Beneficiary.person_id).where(col(Beneficiary.contract_id).in_(contracts)))
    return {*known, *holders, *covered}
