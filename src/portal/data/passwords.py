"""An account's password: whose it is, and setting another (R-11, R-12).

These functions also serve people who are not signed in, hence without a viewer: whoever calls them has checked a
password, or a link that only the account's mailbox received.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data import throttling
from portal.data.accounts import Account
from portal.data.organisations import Company, Provider
from portal.data.persons import Person
from portal.data.sessions import FACTOR_FREE, HAS_FACTOR
from portal.password_policy import words_of_birth


@dataclass(frozen=True, slots=True)
class Holder:
    """An account as choosing its password needs it. `has_factor`: a second factor that the space demands, hence that
    cannot be dropped while the password stays. `words`: what a guesser would try first."""

    account_id: int
    identifier: str
    email: str
    password_hash: str = field(repr=False)
    has_factor: bool
    is_temporary: bool
    words: tuple[str, ...] = field(repr=False)


def holder_of(db: Session, account_id: int) -> Holder:
    """Who holds the account."""
    account, has_factor = db.exec(select(Account, HAS_FACTOR).where(Account.id == account_id)).one()
    return Holder(
        account_id=account_id,
        identifier=account.identifier,
        email=account.email,
        password_hash=account.password_hash,
        has_factor=has_factor and account.space not in FACTOR_FREE,
        is_temporary=account.password_temporary_until is not None,
        words=tuple(word for word in _words(db, account) if word),
    )


def account_with(db: Session, identifier: str) -> Account | None:
    """The account of an identifier, or None."""
    return db.exec(select(Account).where(Account.identifier == identifier)).first()


def accounts_at(db: Session, email: str) -> list[Account]:
    """The accounts with this e-mail address, whatever its capitals, the oldest first."""
    query = select(Account).where(func.lower(Account.email) == email.lower()).order_by(col(Account.id))
    return list(db.exec(query)) if email else []


def set_password(
    db: Session, account_id: int, password_hash: str, now: datetime, *, temporary_until: datetime | None = None
) -> None:
    """Gives the account another password, and forgets the failures of the former one. `temporary_until`: it was
    delivered, works until then and must be changed first (R-11)."""
    throttling.forget(db, [(throttling.ACCOUNT_LOCK, str(account_id))])  # before the account, as sign-in takes them
    account = db.get_one(Account, account_id, with_for_update=True)
    account.password_hash = password_hash
    account.password_set_at = now
    account.password_temporary_until = temporary_until
    db.flush()


def _words(db: Session, account: Account) -> list[str]:
    words = [account.identifier, account.email, account.display_name, account.organisation]
    if account.person_id is not None:
        person = db.get_one(Person, account.person_id)
        words += [person.first_name, person.last_name, *words_of_birth(person.birth_date)]
    if account.company_id is not None:
        words.append(db.get_one(Company, account.company_id).name)
    if account.provider_id is not None:
        words.append(db.get_one(Provider, account.provider_id).name)
    return words
