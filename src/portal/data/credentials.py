"""Checking who someone is: accounts found by identifier, one-time codes used once.

These functions run before anyone is signed in, hence without a viewer; they give away nothing but what sign-in needs.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from portal.data.accounts import Account, AccountSuspension, Role, Space
from portal.data.sessions import Viewer
from portal.security import Keyring, OneTimeCode

CODE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sign-in compares a password with. `password_hash` is None for an unknown identifier."""

    account_id: int | None
    password_hash: str | None
    needs_code: bool
    is_suspended: bool


UNKNOWN = Credentials(None, None, needs_code=False, is_suspended=False)


def find_credentials(db: Session, identifier: str) -> Credentials:
    """The credentials behind an identifier; `UNKNOWN` when there is none."""
    account = db.exec(select(Account).where(Account.identifier == identifier)).first()
    if account is None:
        return UNKNOWN
    return Credentials(
        account.id, account.password_hash, account.totp_encrypted is not None, _is_suspended(db, account)
    )


def code_matches(db: Session, viewer: Viewer, keyring: Keyring, code: str, now: datetime) -> bool:
    """Whether the one-time code is right, one step early or late included; each step works once (security: B12)."""
    account = db.get_one(Account, viewer.account_id, with_for_update=True)
    if account.totp_encrypted is None:
        return False
    totp = OneTimeCode(keyring.decrypt(account.totp_encrypted), interval=CODE_SECONDS)
    step = next((step for step in _steps(now) if totp.verify(code, for_time=step * CODE_SECONDS)), None)
    if step is None or step <= account.totp_last_step:
        return False
    account.totp_last_step = step
    db.add(account)
    return True


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
    totp_secret: str | None = None,
) -> Account:
    """Creates an account; the TOTP secret is stored encrypted."""
    account = Account(
        identifier=identifier,
        space=space,
        role=role,
        display_name=display_name,
        password_hash=password_hash,
        organisation=organisation,
        person_id=person_id,
        totp_encrypted=keyring.encrypt(totp_secret) if totp_secret else None,
    )
    db.add(account)
    db.flush()
    return account


def _steps(now: datetime) -> tuple[int, int, int]:
    step = int(now.timestamp()) // CODE_SECONDS
    return step, step - 1, step + 1


def _is_suspended(db: Session, account: Account) -> bool:
    open_suspension = select(AccountSuspension.id).where(
        AccountSuspension.account_id == account.id, col(AccountSuspension.ended_at).is_(None)
    )
    return db.exec(open_suspension).first() is not None
