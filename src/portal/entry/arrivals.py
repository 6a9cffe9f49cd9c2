"""Arriving in an account: the session that is opened, the code for a browser not seen before, the word to its holder.

A browser is recognised by a keyed hash of its family, its system and the neighbourhood of its network. The code and
the letter are an alert: whoever reads the mailbox can answer them, so they are no second factor.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from typing import Any

from sqlmodel import Session

from portal.data import throttling
from portal.data.email_codes import make_code
from portal.data.evidence import Action, Outcome
from portal.data.known_browsers import is_known, remember
from portal.data.passwords import holder_of
from portal.data.sessions import Stage, Viewer, end_session, find_viewer, open_session
from portal.entry.browsers import browser_name, browser_of
from portal.formatting import local_time
from portal.sessions import plain_address
from portal.web import PortalRequest

CODE_LETTERS = (
    throttling.quota("email-code-letter", 5, throttling.HOUR),
    throttling.quota("email-code-letter-day", 20, throttling.DAY),
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session's token, and what is still to be done with it."""

    token: str
    stage: Stage
    account_id: int


def enter(request: PortalRequest, db: Session, account_id: int, stage: Stage = Stage.FULL) -> SignedIn:
    """Opens a session under a token that the browser never had; whoever was signed in with it is signed out.

    Once somebody has wholly proved who they are (FULL), the account's holder is told when the browser is new.
    """
    if request.signed_in is not None:
        leave(request, db, request.signed_in)
    token = open_session(db, account_id, stage, request.now, request.client_address, _user_agent(request))
    is_new = stage is Stage.FULL and greet(request, db, account_id)
    viewer = find_viewer(db, token, request.now)
    request.record_of(viewer, db, Action.SESSION_OPENED, stage.value)
    if is_new:
        request.record_of(viewer, db, Action.BROWSER_KNOWN)
    return SignedIn(token, stage, account_id)


def greet(request: PortalRequest, db: Session, account_id: int) -> bool:
    """Whether the browser is new; its holder is told. A first sign-in is its holder's own: the browser is remembered
    once the delivered password is changed."""
    if holder_of(db, account_id).is_temporary or not recognise(request, db, account_id):
        return False
    tell(request, db, account_id, "new-sign-in")
    return True


def enter_by_email(request: PortalRequest, db: Session, account_id: int) -> SignedIn:
    """Opens a session that waits for a code, and e-mails the code."""
    signed = enter(request, db, account_id, Stage.EMAIL_CODE)
    viewer = find_viewer(db, signed.token, request.now)
    if viewer is not None:
        send_code(request, db, viewer)
    return signed


def send_code(request: PortalRequest, db: Session, viewer: Viewer) -> bool:
    """E-mails a new code to the viewer's waiting session; False when too many letters have left already."""
    is_allowed = throttling.allow(db, [(limit, str(viewer.account_id)) for limit in CODE_LETTERS], request.now)
    if is_allowed:
        code = make_code(db, viewer, request.services.keyring, request.now)
        tell(request, db, viewer.account_id, "email-code", number=code)
    outcome = Outcome.OK if is_allowed else Outcome.REFUSED
    request.record_of(viewer, db, Action.EMAIL_CODE_SENT, outcome=outcome)
    return is_allowed


def browser_marks(request: PortalRequest, account_id: int) -> tuple[str, ...]:
    """The keyed marks of this browser, as `data/known_browsers.py` keeps them for the account."""
    return tuple(_marks(request, account_id))


def is_usual(request: PortalRequest, db: Session, account_id: int) -> bool:
    """Whether the account was used from this browser before."""
    return is_known(db, account_id, _marks(request, account_id))


def recognise(request: PortalRequest, db: Session, account_id: int) -> bool:
    """Remembers this browser for the account; whether it was new."""
    return remember(db, account_id, _marks(request, account_id), request.now)


def tell(request: PortalRequest, db: Session, account_id: int, letter: str, **words: Any) -> None:
    """A letter to the account's holder, where an address is known, saying from where and when this was asked."""
    to = holder_of(db, account_id).email
    if to:
        request.services.mail.post(db, letter, to, account_id=account_id, **_where(request), **words)


def leave(request: PortalRequest, db: Session, viewer: Viewer) -> None:
    """Ends a session, unless it has ended already."""
    if end_session(db, viewer, request.now):
        request.record_of(viewer, db, Action.SESSION_CLOSED)


def neighbourhood(address: str) -> str:
    """The network around an address: what a household or a company keeps when its address changes."""
    parsed = plain_address(address)
    if parsed is None:
        return address
    return str(ip_network((parsed, 16 if isinstance(parsed, IPv4Address) else 32), strict=False))


def _where(request: PortalRequest) -> dict[str, str]:
    return {
        "browser": browser_name(_user_agent(request)),
        "address": request.client_address,
        "when": local_time(request.now),
    }


def _marks(request: PortalRequest, account_id: int) -> list[str]:
    browser = browser_of(_user_agent(request))
    near = neighbourhood(request.client_address)
    return request.services.keyring.lookups(f"browser {account_id} {browser.family} {browser.system} {near}")


def _user_agent(request: PortalRequest) -> str:
    return request.headers.get("user-agent", "")
