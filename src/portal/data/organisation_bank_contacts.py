"""Who is written to about an organisation's bank details: all who sign for it, wherever they can be reached."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.bank_changes import addresses_of
from portal.data.organisation_banks import BankOwner, signatories


def organisation_addresses(
    db: Session, owner: BankOwner[Any], organisation_id: int, now: datetime
) -> list[tuple[Account, str]]:
    """Each signatory's addresses of now and of the last month, and the one that the insurer's files hold of the
    organisation: each once, with the account that it is written for."""
    known: str = db.get_one(owner.organisation, organisation_id).email
    found: dict[str, tuple[Account, str]] = {}
    for account in signatories(db, owner, organisation_id):
        for email in addresses_of(db, account, known, now):
            found.setdefault(email.casefold(), (account, email))
    return list(found.values())
