"""Signing in: password, then a code where one is due. Same answer and same cost for any wrong entry (B9, B10).

Passwords are hashed in a few threads of their own; the database is touched before and after, never meanwhile.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network

from anyio import CapacityLimiter, to_thread
from sqlmodel import Session

from portal.data import credentials, email_codes, throttling
from portal.data.blocks import Block, block_of
from portal.data.credentials import Credentials
from portal.data.evidence import Action, Outcome
from portal.data.sessions import Stage, Viewer, end_session
from portal.data.throttling import Delay, Guesses
from portal.entry.arrivals import SignedIn, enter, enter_by_email, is_usual, leave, tell
from portal.security import hash_password, is_identifier, needs_rehash, verify_password
from portal.sessions import plain_address
from portal.web import PortalRequest

HASHING_THREADS = 2
hashing = CapacityLimiter(HASHING_THREADS)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Expired:
    """The password is the one that was delivered, and came too late (R-11)."""


async def check_password(request: PortalRequest, identifier: str, password: str) -> SignedIn | Block | Expired | None:
    """Opens a session when identifier and password are right and no delay runs; None otherwise, whatever the cause.

    Only whoever knows the password learns that the account cannot be used, or that the password has expired.
    """
    attempt = await request.database.run(_find, request, identifier)
    if attempt.delay is Delay.KNOWN:  # a flood costs neither hashing nor writing
        return None
    comparison = Comparison(matches=False)
    if attempt.delay is Delay.NONE:
        comparison = await to_thread.run_sync(_compare, password, attempt.found.password_hash, limiter=hashing)
    return await request.database.run_writing(_settle_password, request, attempt, comparison)


def check_code(request: PortalRequest, viewer: Viewer, code: str) -> SignedIn | None:
    """Replaces the pending session by a full one when the application shows this code."""
    keyring, now = request.services.keyring, request.now
    return take_second_step(
        request, viewer, "code", lambda db: credentials.code_matches(db, viewer, keyring, code, now)
    )


def check_email_code(request: PortalRequest, viewer: Viewer, code: str) -> SignedIn | None:
    """Replaces the pending session by a full one when this code was e-mailed to it."""
    keyring, now = request.services.keyring, request.now
    return take_second_step(
        request, viewer, "email-code", lambda db: email_codes.use_code(db, viewer, keyring, code, now)
    )


def take_second_step(
    request: PortalRequest, viewer: Viewer, step: str, is_right: Callable[[Session], bool]
) -> SignedIn | None:
    """Replaces the pending session by a full one: the answer is right, no delay runs, nobody ended it meanwhile. Each
    kind of answer counts apart: wrong codes never keep a passkey out."""
    guesses = [(limit, f"{step} {viewer.account_id}") for limit in throttling.CODE_LIMITS]
    with request.database.write() as db:
        is_delayed = throttling.hold(db, guesses, request.now)
        if is_delayed or not is_right(db) or not end_session(db, viewer, request.now):
            refuse_entry(request, db, guesses, step, viewer.account_id, is_delayed=is_delayed)
            return None
        throttling.forget(db, guesses)
        return enter(request, db, viewer.account_id)


def refuse_entry(
    request: PortalRequest, db: Session, guesses: Guesses, step: str, account_id: int | None, *, is_delayed: bool
) -> None:
    """Counts and records a wrong answer; what comes during a delay leaves one row for the whole delay."""
    if not is_delayed:
        throttling.count_failures(db, guesses, request.now)
    elif not throttling.mark_refusal(db, guesses, request.now):
        return
    request.services.meters.sign_in_failures.labels(step).inc()
    reason = "delay" if is_delayed else ""
    request.record_of(None, db, Action.SESSION_REFUSED, step, Outcome.REFUSED, reason=reason, account_id=account_id)


def sign_out(request: PortalRequest) -> None:
    """Ends the viewer's session at once."""
    with request.database.write() as db:
        leave(request, db, request.viewer)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 /64, which one household holds whole."""
    parsed = plain_address(address)
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What a password is compared with, what it counts against, and whether that must wait."""

    found: Credentials
    guesses: Guesses
    delay: Delay


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether the password is right, and its new hash when the stored one is weaker than today's."""

    matches: bool
    renewed: str | None = None


def _find(request: PortalRequest, identifier: str) -> _Attempt:
    """Read with a session of its own: hashing takes long, and the request's would keep a connection meanwhile."""
    with request.database.read() as db:
        found = credentials.find_credentials(db, identifier) if is_identifier(identifier) else credentials.UNKNOWN
        if not request.front.serves(found.space):
            # Nobody tries, delays or locks an account of the desk by the users' name.
            found, identifier = credentials.UNKNOWN, f"elsewhere {identifier}"
        guesses = _password_guesses(request, identifier, found.account_id)
        return _Attempt(found, guesses, throttling.delay_of(db, guesses, request.now))


def _compare(password: str, password_hash: str | None) -> Comparison:
    matches = verify_password(password, password_hash)
    is_weak = matches and password_hash is not None and needs_rehash(password_hash)
    return Comparison(matches, hash_password(password) if is_weak else None)


def _settle_password(
    request: PortalRequest, attempt: _Attempt, comparison: Comparison
) -> SignedIn | Block | Expired | None:
    found, guesses = attempt.found, attempt.guesses
    with request.database.write() as db:
        is_delayed = throttling.hold(db, guesses, request.now)
        is_right = comparison.matches and not is_delayed and credentials.still_holds(db, found)
        if not is_right or found.account_id is None:
            _refuse_password(request, db, attempt, is_delayed=is_delayed)
            return None
        throttling.forget(db, [guesses[0], guesses[-1]])  # the account's, not the address's
        if comparison.renewed:
            credentials.keep_hash(db, found.account_id, comparison.renewed)
        return _refusal(request, db, found, found.account_id) or _let_in(request, db, found, found.account_id)


def _refuse_password(request: PortalRequest, db: Session, attempt: _Attempt, *, is_delayed: bool) -> None:
    account_id, lock = attempt.found.account_id, attempt.guesses[-1]
    is_alarming = not is_delayed and throttling.ring_alarm(db, request.now)
    refuse_entry(request, db, attempt.guesses, "password", account_id, is_delayed=is_delayed)
    if account_id is not None and not is_delayed and throttling.hold(db, [lock], request.now):
        tell(request, db, account_id, "password-locked")
        request.record_of(None, db, Action.PASSWORD_LOCKED, account_id=account_id)
    if is_alarming:
        logger.warning("%s wrong passwords in %s", throttling.ALARM.allowed, throttling.ALARM.window)
        request.record_of(None, db, Action.SESSION_REFUSED, "alarm", Outcome.REFUSED, reason="many failures")


def _refusal(request: PortalRequest, db: Session, found: Credentials, account_id: int) -> Block | Expired | None:
    """What keeps whoever knows the password out; recorded."""
    block = block_of(db, account_id, request.now)
    is_late = found.temporary_until is not None and request.now >= found.temporary_until
    refusal = block or (Expired() if is_late else None)
    if refusal is not None:
        reason = block.kind.value if block else "expired"
        request.record_of(
            None, db, Action.SESSION_REFUSED, "password", Outcome.REFUSED, reason=reason, account_id=account_id
        )
    return refusal


def _let_in(request: PortalRequest, db: Session, found: Credentials, account_id: int) -> SignedIn:
    if found.needs_code:
        return enter(request, db, account_id, Stage.CODE)
    is_first = found.temporary_until is not None
    if found.email and not is_first and not is_usual(request, db, account_id):
        return enter_by_email(request, db, account_id)
    return enter(request, db, account_id)


def _password_guesses(request: PortalRequest, identifier: str, account_id: int | None) -> Guesses:
    """What a password guess counts against: the account first, known or not, then the address; the lock last."""
    lookup = request.services.keyring.lookup
    name = lookup(identifier)
    lock = (throttling.NOBODY_LOCK, name) if account_id is None else (throttling.ACCOUNT_LOCK, str(account_id))
    network = lookup(network_of(request.client_address))
    return [(throttling.ACCOUNT_PASSWORD, name), (throttling.ADDRESS_PASSWORD, network), lock]
