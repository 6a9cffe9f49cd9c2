"""Signing in: password, then a code where the account has one. Same answer and same cost for any wrong entry (B9, B10).

Passwords are hashed in a few threads of their own; the database is touched before and after, never meanwhile.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network

from anyio import CapacityLimiter, to_thread
from sqlmodel import Session

from portal.data import credentials, throttling
from portal.data.credentials import Credentials
from portal.data.evidence import Action, Outcome
from portal.data.sessions import Stage, Viewer, end_session, find_viewer, open_session
from portal.data.throttling import Guesses
from portal.security import hash_password, is_identifier, needs_rehash, verify_password
from portal.sessions import plain_address
from portal.web import PortalRequest

HASHING_THREADS = 2
_hashing = CapacityLimiter(HASHING_THREADS)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session's token, and what is still to be done with it."""

    token: str
    stage: Stage
    account_id: int


async def check_password(request: PortalRequest, identifier: str, password: str) -> SignedIn | None:
    """Opens a session when identifier and password are right and no delay runs; None otherwise, whatever the cause."""
    guesses = _password_guesses(request, identifier)
    found, is_delayed = await request.database.run(_find, request, identifier, guesses)
    if is_delayed:  # not even hashed: a delay also spares the processor
        comparison = Comparison(matches=False)
    else:
        comparison = await to_thread.run_sync(_compare, password, found.password_hash, limiter=_hashing)
    return await request.database.run_writing(_settle_password, request, guesses, found, comparison)


def check_code(request: PortalRequest, viewer: Viewer, code: str) -> SignedIn | None:
    """Replaces the pending session by a full one: the code is right, no delay runs, nobody ended it meanwhile."""
    guesses = [(limit, str(viewer.account_id)) for limit in throttling.CODE_LIMITS]
    with request.database.write() as db:
        is_delayed = throttling.hold(db, guesses, request.now)
        is_right = not is_delayed and credentials.code_matches(db, viewer, request.services.keyring, code, request.now)
        if not is_right or not end_session(db, viewer, request.now):
            _refuse(request, db, guesses, "code", viewer.account_id, is_delayed=is_delayed)
            return None
        throttling.forget(db, guesses)
        return _open(request, db, viewer.account_id, Stage.FULL)


def sign_out(request: PortalRequest) -> None:
    """Ends the viewer's session at once."""
    with request.database.write() as db:
        _close(request, db, request.viewer)


def _find(request: PortalRequest, identifier: str, guesses: Guesses) -> tuple[Credentials, bool]:
    """Read with a session of its own: hashing takes long, and the request's would keep a connection meanwhile."""
    with request.database.read() as db:
        found = credentials.find_credentials(db, identifier) if is_identifier(identifier) else credentials.UNKNOWN
        return found, throttling.is_delayed(db, guesses, request.now)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether the password is right, and its new hash when the stored one is weaker than today's."""

    matches: bool
    renewed: str | None = None


def _compare(password: str, password_hash: str | None) -> Comparison:
    matches = verify_password(password, password_hash)
    is_weak = matches and password_hash is not None and needs_rehash(password_hash)
    return Comparison(matches, hash_password(password) if is_weak else None)


def _settle_password(
    request: PortalRequest, guesses: Guesses, found: Credentials, comparison: Comparison
) -> SignedIn | None:
    with request.database.write() as db:
        is_delayed = throttling.hold(db, guesses, request.now)
        if is_delayed or not comparison.matches or found.is_suspended or found.account_id is None:
            _refuse(request, db, guesses, "password", found.account_id, is_delayed=is_delayed)
            return None
        throttling.forget(db, guesses[:1])
        if comparison.renewed:
            credentials.keep_hash(db, found.account_id, comparison.renewed)
        if request.signed_in is not None:
            _close(request, db, request.signed_in)
        return _open(request, db, found.account_id, Stage.CODE if found.needs_code else Stage.FULL)


def _password_guesses(request: PortalRequest, identifier: str) -> Guesses:
    """What a password guess counts against: the account first, known or not, then the address."""
    lookup = request.services.keyring.lookup
    network = network_of(request.client_address)
    return [(throttling.ACCOUNT_PASSWORD, lookup(identifier)), (throttling.ADDRESS_PASSWORD, lookup(network))]


def _refuse(
    request: PortalRequest, db: Session, guesses: Guesses, step: str, account_id: int | None, *, is_delayed: bool
) -> None:
    if not is_delayed:
        throttling.count_failures(db, guesses, request.now)
    reason = "delay" if is_delayed else ""
    request.record_of(None, db, Action.SESSION_REFUSED, step, Outcome.REFUSED, reason=reason, account_id=account_id)


def _close(request: PortalRequest, db: Session, viewer: Viewer) -> None:
    if end_session(db, viewer, request.now):
        request.record_of(viewer, db, Action.SESSION_CLOSED)


def _open(request: PortalRequest, db: Session, account_id: int, stage: Stage) -> SignedIn:
    browser = request.headers.get("user-agent", "")
    token = open_session(db, account_id, stage, request.now, request.client_address, browser)
    request.record_of(find_viewer(db, token, request.now), db, Action.SESSION_OPENED, stage.value)
    return SignedIn(token, stage, account_id)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 /64, which one household holds whole."""
    parsed = plain_address(address)
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
