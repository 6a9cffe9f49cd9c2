"""Who is written to about a company's bank details: everybody who signed, wherever they can be reached."""

from datetime import datetime

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.bank_changes import addresses_of
from portal.data.mandating import signatories_of
from portal.data.organisations import Company


def company_addresses(db: Session, company_id: int, now: datetime) -> list[tuple[Account, str]]:
    """Each signatory's addresses of now and of the last month, and the one that the insurer's files hold of the
    company: each once, with the account that it is written for."""
    known = db.get_one(Company, company_id).email
    found: dict[str, tuple[Account, str]] = {}
    for account in signatories_of(db, company_id):
        for email in addresses_of(db, account, known, now):
            found.setdefault(email.casefold(), (account, email))
    return list(found.values())
