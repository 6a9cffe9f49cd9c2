"""Checking who someone is: accounts found by identifier, one-time codes used once.

These functions run before anyone is signed in, hence without a viewer; they give away nothing but what sign-in needs.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, select

from portal.data.accounts import Account, Role, Space
from portal.data.sessions import HAS_FACTOR, Viewer
from portal.security import Keyring, OneTimeCode


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sign-in compares a password with. `password_hash` is None for an unknown identifier; `temporary_until`: the
    password was delivered, and works until then."""

    account_id: int | None = None
    space: str = ""
    password_hash: str | None = None
    needs_code: bool = False
    email: str = ""
    temporary_until: datetime | None = None


UNKNOWN = Credentials()


def find_credentials(db: Session, identifier: str) -> Credentials:
    """The credentials behind an identifier; `UNKNOWN` when there is none."""
    found = db.exec(select(Account, HAS_FACTOR).where(Account.identifier == identifier)).first()
    if found is None:
        return UNKNOWN
    account, has_factor = found
    return Credentials(
        account.id, account.space, account.password_hash, has_factor, account.email, account.password_temporary_until
    )


def space_of(db: Session, account_id: int) -> str:
    """The space of an account."""
    return db.get_one(Account, account_id).space


def still_holds(db: Session, found: Credentials) -> bool:
    """Whether the password that was compared is still the account's; a reset may have come first."""
    current = select(Account.password_hash).where(Account.id == found.account_id).with_for_update()
    return found.account_id is not None and db.exec(current).first() == found.password_hash


def code_matches(db: Session, viewer: Viewer, keyring: Keyring, code: str, now: datetime) -> bool:
    """Whether the one-time code is right, one step early or late included; each step works once (security: B12)."""
    account = db.get_one(Account, viewer.account_id, with_for_update=True)
    if account.totp_encrypted is None:
        return False
    step = OneTimeCode(keyring.decrypt(account.totp_encrypted)).step_of(code, now)
    if step is None or step <= account.totp_last_step:
        return False
    account.totp_last_step = step
    db.add(account)
    return True


def password_hash_of(db: Session, viewer: Viewer) -> str:
    """The hash of the viewer's own password."""
    return db.get_one(Account, viewer.account_id).password_hash


def keep_hash(db: Session, account_id: int, password_hash: str) -> None:
    """Stores the hash of an account's password."""
    account = db.get_one(Account, account_id)
    account.password_hash = password_hash
    db.flush()


def create_account(
    db: Session,
    keyring: Keyring,
    *,
    identifier: str,
    space: Space,
    role: Role,
    display_name: str,
    password_hash: str,
    organisation: str = "",
    person_id: int | None = None,
    company_id: int | None = None,
    provider_id: int | None = None,
    email: str = "",
    phone: str = "",
    password_temporary_until: datetime | None = None,
    access_ends_on: date | None = None,
    totp_secret: str | None = None,
) -> Account:
    """Creates an account; the TOTP secret is stored encrypted. `password_temporary_until`: the password was delivered,
    works until then and must be changed first (R-11)."""
    account = Account(
        identifier=identifier,
        space=space,
        role=role,
        display_name=display_name,
        password_hash=password_hash,
        organisation=organisation,
        person_id=person_id,
        company_id=company_id,
        provider_id=provider_id,
        email=email.strip(),
        phone=phone,
        password_temporary_until=password_temporary_until,
        access_ends_on=access_ends_on,
        totp_encrypted=keyring.encrypt(totp_secret) if totp_secret else None,
    )
    db.add(account)
    db.flush()
    return account
