"""Whose requests an agent of the desk may neither read nor decide: their own, and their family's (R-72)."""

import msgspec
from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.complaints import Complaint, Contact
from portal.data.fraud import FraudReport
from portal.data.households import is_near_to
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


def is_party_to_item(db: Session, keyring: Keyring, agent_id: int, item: WorkItem) -> bool:
    """The same of what a row of the queue is about: a case, or a report of a fraud."""
    if item.case_id is not None:
        return is_party(db, keyring, agent_id, db.get_one(Case, item.case_id))
    account = db.get_one(Account, db.get_one(FraudReport, item.report_id).account_id)
    return is_near_to(db, agent_id, persons={account.person_id}, accounts={account.id})


def _left_own_address(db: Session, keyring: Keyring, agent_id: int, case: Case) -> bool:
    row = db.get(Complaint, case.id)
    email = db.get_one(Account, agent_id).email.casefold()
    if row is None or row.contact_encrypted is None or not email:
        return False
    return msgspec.json.decode(keyring.decrypt(row.contact_encrypted), type=Contact).email.casefold() == email
