"""Proving again who one is, before a sensitive act (security: C6): a passkey, or the password and a code."""

from collections.abc import Callable
from dataclasses import replace

from anyio import to_thread
from sqlmodel import Session

from portal.data import throttling
from portal.data.credentials import code_matches, password_hash_of
from portal.data.evidence import Action, Outcome
from portal.data.passkey_challenges import Ceremony
from portal.data.second_factors import factors_of
from portal.data.throttling import Guesses
from portal.entry.arrivals import greet
from portal.entry.authentication import hashing
from portal.entry.passkey_entry import passkey_used
from portal.entry.second_factors import renewed, use_recovery_code
from portal.security import verify_password
from portal.web import PortalRequest

CODE_DIGITS = 6
LIMITS = tuple(replace(each, purpose=each.purpose.replace("code", "confirmation")) for each in throttling.CODE_LIMITS)


async def confirm_by_password(request: PortalRequest, password: str, code: str) -> str | None:
    """The session's new token; None when the password, or the code of an account with a second factor, is not right,
    or while a delay runs. The code is the application's, or a recovery code."""
    password_hash = await request.database.run(_stored, request)
    matches = password_hash is not None and await to_thread.run_sync(
        verify_password, password, password_hash, limiter=hashing
    )
    return await request.database.run_writing(
        _settle, request, "password", lambda db: matches and _second_holds(request, db, code)
    )


def confirm_by_passkey(request: PortalRequest, answer: str) -> str | None:
    """The session's new token; None when the key's answer is not good, or while a delay runs."""
    viewer = request.viewer
    return _settle(
        request, "passkey", lambda db: passkey_used(request, db, answer, Ceremony.CONFIRM, viewer) is not None
    )


def _stored(request: PortalRequest) -> str | None:
    """The password's hash, or None while a delay runs: that also spares the processor."""
    with request.database.read() as db:
        is_delayed = throttling.is_delayed(db, _guesses(request), request.now)
        return None if is_delayed else password_hash_of(db, request.viewer)


def _settle(request: PortalRequest, by: str, is_right: Callable[[Session], bool]) -> str | None:
    guesses = _guesses(request)
    with request.database.write() as db:
        is_delayed = throttling.hold(db, guesses, request.now)
        if is_delayed or not is_right(db):
            _refuse(request, db, by, guesses, is_delayed=is_delayed)
            return None
        throttling.forget(db, guesses)
        token = renewed(request, db, confirmed=True)
        if greet(request, db, request.viewer.account_id):
            request.record(db, Action.BROWSER_KNOWN)
        request.record(db, Action.IDENTITY_CONFIRMED, by)
        return token


def _refuse(request: PortalRequest, db: Session, by: str, guesses: Guesses, *, is_delayed: bool) -> None:
    """Counts and records a wrong proof; what comes during a delay leaves one row for the whole delay."""
    if not is_delayed:
        throttling.count_failures(db, guesses, request.now)
    elif not throttling.mark_refusal(db, guesses, request.now):
        return
    request.record(db, Action.IDENTITY_CONFIRMED, by, outcome=Outcome.REFUSED)


def _second_holds(request: PortalRequest, db: Session, code: str) -> bool:
    """Only asked once the password is right: a wrong one must not use a recovery code up."""
    if factors_of(db, request.viewer).count == 0:
        return True
    if len(code) == CODE_DIGITS:
        return code_matches(db, request.viewer, request.services.keyring, code, request.now)
    return use_recovery_code(request, db, request.viewer, code)


def _guesses(request: PortalRequest) -> Guesses:
    return [(limit, str(request.viewer.account_id)) for limit in LIMITS]
