"""Signing in: password, then a code where the account has one. Same answer and same cost for any wrong entry (B9, B10).

Passwords are hashed in a few threads of their own; the database is touched before and after, never meanwhile.
"""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from anyio import CapacityLimiter, to_thread
from sqlmodel import Session

from portal.data import credentials, throttling
from portal.data.credentials import Credentials
from portal.data.evidence import Action, Outcome
from portal.data.sessions import Stage, Viewer, end_session, open_session
from portal.data.throttling import ACCOUNT_CODE, ACCOUNT_PASSWORD, ADDRESS_PASSWORD, Limit
from portal.security import is_identifier, verify_password
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
    found = await request.database.run(_find, request, identifier)
    matches = await to_thread.run_sync(verify_password, password, found.password_hash, limiter=_hashing)
    return await request.database.run(_settle_password, request, identifier, found, matches)


def check_code(request: PortalRequest, viewer: Viewer, code: str) -> SignedIn | None:
    """Replaces the pending session by a full one when the code is right and no delay runs."""
    with request.database.write() as db:
        blocked = throttling.is_blocked(db, ACCOUNT_CODE, str(viewer.account_id), request.now)
        right = not blocked and credentials.code_matches(db, viewer, request.services.keyring, code, request.now)
        if not right:
            throttling.count_failure(db, ACCOUNT_CODE, str(viewer.account_id), request.now)
            request.record(db, Action.SESSION_REFUSED, "code", outcome=Outcome.REFUSED)
            return None
        throttling.forget_failures(db, ACCOUNT_CODE, str(viewer.account_id))
        end_session(db, viewer, request.now)
        return _open(request, db, viewer.account_id, Stage.FULL)


def sign_out(request: PortalRequest) -> None:
    """Ends the viewer's session at once."""
    with request.database.write() as db:
        end_session(db, request.viewer, request.now)
        request.record(db, Action.SESSION_CLOSED)


def _find(request: PortalRequest, identifier: str) -> Credentials:
    return credentials.find_credentials(request.db, identifier) if is_identifier(identifier) else credentials.UNKNOWN


def _settle_password(request: PortalRequest, identifier: str, found: Credentials, matches: bool) -> SignedIn | None:
    subjects = _subjects(request, identifier)
    with request.database.write() as db:
        blocked = any(throttling.is_blocked(db, limit, subject, request.now) for limit, subject in subjects)
        if blocked or not matches or found.is_suspended or found.account_id is None:
            for limit, subject in subjects:
                throttling.count_failure(db, limit, subject, request.now)
            request.record(
                db, Action.SESSION_REFUSED, "password", outcome=Outcome.REFUSED, account_id=found.account_id
            )
            return None
        throttling.forget_failures(db, *subjects[0])
        return _open(request, db, found.account_id, Stage.CODE if found.needs_code else Stage.FULL)


def _subjects(request: PortalRequest, identifier: str) -> list[tuple[Limit, str]]:
    lookup = request.services.keyring.lookup
    return [(ACCOUNT_PASSWORD, lookup(identifier)), (ADDRESS_PASSWORD, lookup(network_of(request.client_address)))]


def _open(request: PortalRequest, db: Session, account_id: int, stage: Stage) -> SignedIn:
    browser = request.headers.get("user-agent", "")
    token = open_session(db, account_id, stage, request.now, request.client_address, browser)
    request.record(db, Action.SESSION_OPENED, stage.value, account_id=account_id)
    return SignedIn(token, stage, account_id)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 /64, which one household holds whole."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
