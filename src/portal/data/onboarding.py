"""New accounts, and the temporary passwords that are delivered with them (R-11).

No viewer here: these accounts have not been used yet. Callers record the act in the evidence.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from portal.data.accounts import Account
from portal.data.credentials import create_account
from portal.data.passwords import set_password
from portal.data.sign_up import Applicant
from portal.data.standing import closed, suspended
from portal.data.terms import terms_in_force
from portal.security import Keyring, new_identifier

TEMPORARY_LIFE = timedelta(hours=24)


def open_account(
    db: Session, keyring: Keyring, applicant: Applicant, email: str, password_hash: str, now: datetime
) -> Account:
    """Opens the applicant's account: its password was delivered to `email`, and works for `TEMPORARY_LIFE`."""
    account = create_account(
        db,
        keyring,
        identifier=new_identifier(),
        space=applicant.space,
        role=applicant.role,
        display_name=applicant.display_name,
        organisation=applicant.organisation,
        person_id=applicant.person_id,
        company_id=applicant.company_id,
        provider_id=applicant.provider_id,
        email=email,
        password_hash=password_hash,
        password_temporary_until=now + TEMPORARY_LIFE,
        access_ends_on=applicant.access_ends_on,
    )
    if not applicant.declaration.is_own:
        db.add(applicant.declaration.row(account.id or 0, now))
        db.flush()
    return account


def renew_temporary(db: Session, account_id: int, password_hash: str, now: datetime) -> Account:
    """Replaces the temporary password of an account whose holder has not chosen one yet."""
    set_password(db, account_id, password_hash, now, temporary_until=now + TEMPORARY_LIFE)
    return db.get_one(Account, account_id)


def find_account(db: Session, account_id: int) -> Account:
    """The account of that number; raises `NoResultFound`."""
    return db.get_one(Account, account_id)


def terms_number(db: Session, now: datetime) -> int | None:
    """The number of the terms in force, None before there are any."""
    terms = terms_in_force(db, now)
    return terms.number if terms else None


def awaiting_first_sign_in(db: Session, typed: str, today: date) -> Account | None:
    """The newest usable account of this identifier or address whose delivered password waits to be changed."""
    return _first_of(db, typed, today, col(Account.password_temporary_until).is_not(None))


def account_reached_by(db: Session, typed: str, today: date) -> Account | None:
    """The newest usable account of this identifier or address, in any case."""
    return _first_of(db, typed, today)


def _first_of(db: Session, typed: str, today: date, *conditions: Any) -> Account | None:
    named = (col(Account.identifier) == typed) | (func.lower(col(Account.email)) == typed.lower())
    lasts = col(Account.access_ends_on).is_(None) | (col(Account.access_ends_on) >= today)
    usable = select(Account).where(named, lasts, ~closed, ~suspended, *conditions)
    return db.exec(usable.order_by(col(Account.id).desc()).limit(1)).first()
