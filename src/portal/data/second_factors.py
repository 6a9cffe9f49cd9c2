"""An account's second factors: an application's codes, passkeys, and the recovery codes behind them (security: B12)."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.passkeys import Passkey, passkeys_of, remove_passkey, remove_passkeys_of
from portal.data.recovery_codes import drop_recovery_codes, recovery_codes_left
from portal.data.sessions import FACTOR_FREE, Viewer, end_sessions_of
from portal.security import Keyring, OneTimeCode


@dataclass(frozen=True, slots=True)
class FactorsState:
    """What protects an account besides its password. `is_required`: its space does not do without a second factor."""

    totp_on: bool
    passkeys: tuple[Passkey, ...]
    codes_left: int
    is_required: bool

    @property
    def count(self) -> int:
        """How many second factors there are; recovery codes are none by themselves."""
        return self.totp_on + len(self.passkeys)

    @property
    def one_may_leave(self) -> bool:
        """Whether one factor can be removed: a space that requires one keeps the last."""
        return self.count > 1 or not self.is_required


def factors_of(db: Session, viewer: Viewer) -> FactorsState:
    """The viewer's second factors as they are now."""
    account = db.get_one(Account, viewer.account_id)
    return FactorsState(
        totp_on=account.totp_encrypted is not None,
        passkeys=tuple(passkeys_of(db, viewer)),
        codes_left=recovery_codes_left(db, viewer),
        is_required=viewer.space not in FACTOR_FREE,
    )


def set_totp(db: Session, viewer: Viewer, keyring: Keyring, secret: str, code: str, now: datetime) -> bool:
    """Makes the application that shows this code the viewer's; False when the code is not the secret's.

    The code that proves it cannot sign in afterwards: its step is used up.
    """
    step = OneTimeCode(secret).step_of(code, now)
    if step is None:
        return False
    account = _held(db, viewer)
    account.totp_encrypted, account.totp_last_step = keyring.encrypt(secret), step
    db.flush()
    return True


def drop_totp(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Forgets the viewer's application; False when there is none, or when it is the last factor of a space that
    requires one."""
    account = _held(db, viewer)
    if account.totp_encrypted is None or not factors_of(db, viewer).one_may_leave:
        return False
    account.totp_encrypted, account.totp_last_step = None, 0
    db.flush()
    _drop_useless_codes(db, viewer, now)
    return True


def drop_passkey(db: Session, viewer: Viewer, passkey_id: int, now: datetime) -> Passkey | None:
    """Removes one of the viewer's passkeys and returns it; None when it is not the viewer's, or when it is the last
    factor of a space that requires one."""
    _held(db, viewer)
    if not factors_of(db, viewer).one_may_leave:
        return None
    removed = remove_passkey(db, viewer, passkey_id, now)
    if removed is not None:
        _drop_useless_codes(db, viewer, now)
    return removed


def reset_factors(db: Session, viewer: Viewer, account_id: int, now: datetime) -> None:
    """The desk starts an account over: no factor, no recovery code, no session (B15).

    The account's holder sets a new factor up at the next sign-in; the desk never sees nor chooses a secret.
    """
    account = db.get_one(Account, account_id, with_for_update=True)
    account.totp_encrypted, account.totp_last_step = None, 0
    db.flush()
    remove_passkeys_of(db, account_id, now)
    drop_recovery_codes(db, account_id, now)
    end_sessions_of(db, account_id, now)


def _held(db: Session, viewer: Viewer) -> Account:
    """The viewer's account, held until the transaction ends: two removals at once never leave none."""
    return db.get_one(Account, viewer.account_id, with_for_update=True)


def _drop_useless_codes(db: Session, viewer: Viewer, now: datetime) -> None:
    if factors_of(db, viewer).count == 0:
        drop_recovery_codes(db, viewer.account_id, now)
