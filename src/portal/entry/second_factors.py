"""What people do with their second factors, each act whole: the change, the session's new token, letter, evidence.

A change ends every other session of the account (security: C5). Raises `NotAuthorizedException` when the session that
asks was ended meanwhile: nothing has changed then.
"""

from typing import NamedTuple

import pyotp
from litestar.exceptions import NotAuthorizedException
from sqlmodel import Session

from portal.csrf import binding_of
from portal.data import passkeys as keys
from portal.data import pending_secrets, recovery_codes
from portal.data.evidence import Action
from portal.data.own_account import own_account
from portal.data.passkey_challenges import Ceremony, issue_challenge, use_challenge
from portal.data.pending_secrets import Kind
from portal.data.second_factors import drop_passkey, drop_totp, factors_of, set_totp
from portal.data.sessions import Viewer, end_other_sessions, renew_session
from portal.entry.arrivals import tell
from portal.entry.passkeys import challenge_of_registration, registration_options, verified_registration
from portal.web import PortalRequest

SECRET_LETTERS = 32
APPLICATION = "application"


class Changed(NamedTuple):
    """The session's new token, and whether new recovery codes wait to be noted down."""

    token: str
    shows_codes: bool = False


def start_totp(request: PortalRequest) -> None:
    """Makes a secret of 160 bits, to be shown to this session until a code proves that the application has it."""
    secret = pyotp.random_base32(SECRET_LETTERS)
    with request.database.write() as db:
        pending_secrets.keep_secret(db, request.viewer, request.services.keyring, Kind.TOTP, secret, request.now)


def pending_totp(request: PortalRequest) -> str | None:
    """The secret that waits for its code, in Base32."""
    return pending_secrets.find_secret(request.db, request.viewer, request.services.keyring, Kind.TOTP, request.now)


def totp_uri(request: PortalRequest, secret: str) -> str:
    """What the application reads in the QR code."""
    identifier = own_account(request.db, request.viewer).identifier
    return pyotp.TOTP(secret).provisioning_uri(name=identifier, issuer_name=request.services.settings.insurer_name)


def confirm_totp(request: PortalRequest, code: str) -> Changed | None:
    """Turns the application on; None when the code is not the waiting secret's, or none waits any more."""
    viewer, keyring, now = request.viewer, request.services.keyring, request.now
    with request.database.write() as db:
        secret = pending_secrets.find_secret(db, viewer, keyring, Kind.TOTP, now)
        if secret is None or not set_totp(db, viewer, keyring, secret, code, now):
            return None
        pending_secrets.forget_secret(db, viewer, Kind.TOTP)
        return _added(request, db, Action.FACTOR_ADDED, APPLICATION, "une application de codes")


def remove_totp(request: PortalRequest) -> Changed | None:
    """Turns the application off; None when it must stay."""
    with request.database.write() as db:
        if not drop_totp(db, request.viewer, request.now):
            return None
        return _removed(request, db, Action.FACTOR_REMOVED, APPLICATION, "l’application de codes")


def renew_codes(request: PortalRequest) -> Changed | None:
    """Ten new recovery codes, to be shown to this session; None when there is no factor that they would stand for."""
    with request.database.write() as db:
        if not factors_of(db, request.viewer).count:
            return None
        _make_codes(request, db)
        token = _changed(request, db)
        tell(request, db, request.viewer.account_id, "recovery-codes-made")
        request.record(db, Action.RECOVERY_CODES_MADE)
        return Changed(token, shows_codes=True)


def shown_codes(request: PortalRequest) -> list[str]:
    """The codes that this session may still read; none once they are noted down."""
    kept = pending_secrets.find_secret(
        request.db, request.viewer, request.services.keyring, Kind.RECOVERY_CODES, request.now
    )
    return kept.split() if kept else []


def hide_codes(request: PortalRequest) -> None:
    """The codes are noted down: they are not shown again."""
    with request.database.write() as db:
        pending_secrets.forget_secret(db, request.viewer, Kind.RECOVERY_CODES)


def passkey_creation(request: PortalRequest) -> str:
    """What the browser is asked for a new passkey, as JSON."""
    viewer = request.viewer
    with request.database.write() as db:
        challenge = issue_challenge(db, binding_of(request) or "", Ceremony.ENROL, request.now)
        handle = keys.handle_of(db, viewer)
        known = [key.credential_id for key in keys.passkeys_of(db, viewer)]
        identifier = own_account(db, viewer).identifier
    return registration_options(request.front.settings, challenge, handle, identifier, known)


def add_passkey(request: PortalRequest, answer: str, name: str) -> Changed | None:
    """Adds the key that the browser made; None when the answer is not good."""
    with request.database.write() as db:
        passkey = _registered(request, db, answer, name)
        if passkey is None:
            return None
        return _added(request, db, Action.PASSKEY_ADDED, str(passkey.id), f"la clé d’accès «\u00a0{name}\u00a0»")


def remove_passkey(request: PortalRequest, passkey_id: int) -> Changed | None:
    """Removes one of the viewer's keys; None when there is no such key, or it must stay."""
    with request.database.write() as db:
        passkey = drop_passkey(db, request.viewer, passkey_id, request.now)
        if passkey is None:
            return None
        words = f"la clé d’accès «\u00a0{passkey.name}\u00a0»"
        return _removed(request, db, Action.PASSKEY_REMOVED, str(passkey.id), words)


def renewed(request: PortalRequest, db: Session, *, confirmed: bool = False) -> str:
    """The session's new token (security: C2); what the session was being shown moves along."""
    token = renew_session(db, request.viewer, request.now, confirmed=confirmed)
    if token is None:
        raise NotAuthorizedException
    pending_secrets.follow_session(db, request.viewer, token)
    return token


def use_recovery_code(request: PortalRequest, db: Session, viewer: Viewer, typed: str) -> bool:
    """Uses one of the viewer's recovery codes up, and tells its holder how many are left."""
    if not recovery_codes.use_recovery_code(db, viewer, typed, request.now):
        return False
    left = recovery_codes.recovery_codes_left(db, viewer)
    tell(request, db, viewer.account_id, "recovery-code-used", left=left, is_low=left <= recovery_codes.FEW)
    request.record_of(viewer, db, Action.RECOVERY_CODE_USED, left=left)
    return True


def _registered(request: PortalRequest, db: Session, answer: str, name: str) -> keys.Passkey | None:
    challenge = challenge_of_registration(answer)
    if challenge is None:
        return None
    if not use_challenge(db, challenge, binding_of(request) or "", Ceremony.ENROL, request.now):
        return None
    made = verified_registration(request.front.settings, answer, challenge)
    return keys.add_passkey(db, request.viewer, made, name, request.now) if made else None


def _added(request: PortalRequest, db: Session, act: Action, object_: str, factor: str) -> Changed:
    """A new factor ends the other sessions; recovery codes stand behind every factor."""
    needs_codes = factors_of(db, request.viewer).codes_left == 0
    if needs_codes:
        _make_codes(request, db)
    token = _changed(request, db)
    tell(request, db, request.viewer.account_id, "factor-added", factor=factor)
    request.record(db, act, object_)
    if needs_codes:
        request.record(db, Action.RECOVERY_CODES_MADE)
    return Changed(token, needs_codes)


def _removed(request: PortalRequest, db: Session, act: Action, object_: str, factor: str) -> Changed:
    token = _changed(request, db)
    tell(request, db, request.viewer.account_id, "factor-removed", factor=factor)
    request.record(db, act, object_)
    return Changed(token)


def _make_codes(request: PortalRequest, db: Session) -> None:
    viewer, now = request.viewer, request.now
    codes = " ".join(recovery_codes.make_recovery_codes(db, viewer, now))
    pending_secrets.keep_secret(db, viewer, request.services.keyring, Kind.RECOVERY_CODES, codes, now)


def _changed(request: PortalRequest, db: Session) -> str:
    end_other_sessions(db, request.viewer, request.now)
    return renewed(request, db)
