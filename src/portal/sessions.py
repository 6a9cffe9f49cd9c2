"""Session middleware: from the signed cookie to the viewer, on every request; and the cookies themselves.

The session's row alone decides (data/sessions.py). Nothing is written here: the journal moves `seen_at` in batches.
"""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from litestar.datastructures import Cookie
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlmodel import Session

from portal.data.sessions import Viewer, find_viewer
from portal.fronts import Front
from portal.routing import BY_ITSELF, is_for_programs
from portal.security import LINK
from portal.settings import Settings
from portal.web import Services

SESSION = "session"
VISIT = "visit"
FOLLOWED = "followed"  # the complaint whose link this browser opened last
INVITED = "invited"  # the invitation whose link this browser opened last, and what the browser proved


def cookie_name(settings: Settings, purpose: str) -> str:
    """`__Host-` wherever the origin is https; a plain name on a loopback http address, where browsers refuse it."""
    return f"__Host-portal-{purpose}" if settings.is_https else f"portal-{purpose}"


def make_cookie(services: Services, purpose: str, token: str) -> Cookie:
    """A signed cookie that lives as long as the browser stays open (R-73)."""
    value = services.keyring.signer(purpose).sign(token).decode()
    return _cookie(services.settings, purpose, value)


def drop_cookie(settings: Settings, purpose: str) -> Cookie:
    """The cookie that removes it."""
    return _cookie(settings, purpose, "", max_age=0)


def _cookie(settings: Settings, purpose: str, value: str, max_age: int | None = None) -> Cookie:
    return Cookie(
        key=cookie_name(settings, purpose),
        value=value,
        path="/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
        max_age=max_age,
    )


class SessionMiddleware(ASGIMiddleware):
    """Puts in the scope's state the reading database session, the viewer, what the other cookies hold, and the client's
    address."""

    def __init__(self, settings: Settings) -> None:
        self._session_cookie = cookie_name(settings, SESSION)
        self._visit_cookie = cookie_name(settings, VISIT)
        self._link_cookie = cookie_name(settings, LINK)
        self._followed_cookie = cookie_name(settings, FOLLOWED)
        self._invited_cookie = cookie_name(settings, INVITED)
        self._proxies = [ip_network(proxy) for proxy in settings.trusted_proxies]

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        services: Services = scope["litestar_app"].state.services
        db = services.database.read()
        try:
            await self._prepare(scope, services, db)
            await next_app(scope, receive, send)
        finally:
            await services.database.run(db.close)

    async def _prepare(self, scope: Scope, services: Services, db: Session) -> None:
        state: dict[str, Any] = scope["state"]
        headers = dict(scope["headers"])
        told = b"" if is_for_programs(scope["path"]) else headers.get(b"cookie", b"")
        cookies = _cookies(told.decode("latin-1"))
        state["db"] = db
        state["address"] = self._address(scope, headers)
        state["visit"] = _token(services, VISIT, cookies.get(self._visit_cookie))
        state["link"] = _token(services, LINK, cookies.get(self._link_cookie))
        state["followed"] = _token(services, FOLLOWED, cookies.get(self._followed_cookie))
        state["invited"] = _token(services, INVITED, cookies.get(self._invited_cookie))
        is_by_itself = bool(scope["route_handler"].opt.get(BY_ITSELF))
        cookie = cookies.get(self._session_cookie)
        state["viewer"] = await _viewer(services, db, cookie, state["front"], is_seen=not is_by_itself)
        if scope.get("method") != "GET":
            db.close()  # its body may come slowly, and connections are few; the next query takes one again

    def _address(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """The client's address: the last one in X-Forwarded-For that is not a trusted proxy's, if the peer is one."""
        peer = (scope["client"] or ("",))[0]
        told = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        for hop in [peer, *map(str.strip, reversed(told))]:
            address = plain_address(hop)
            if address is None:
                break
            if not any(address in proxy for proxy in self._proxies):
                return str(address)
        return peer


def _token(services: Services, purpose: str, cookie: str | None) -> str | None:
    return services.keyring.unsign(purpose, cookie) if cookie else None


async def _viewer(services: Services, db: Session, cookie: str | None, front: Front, *, is_seen: bool) -> Viewer | None:
    """`is_seen`: the request counts as the person's own, and keeps the session open."""
    token = _token(services, SESSION, cookie)
    if token is None:
        return None
    now = datetime.now(UTC)
    viewer = await services.database.run(find_viewer, db, token, now)
    if viewer is None or not front.serves(viewer.space):
        return None
    if is_seen:
        services.journal.seen(viewer.session_hash, now)
    return viewer


def plain_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` spells, an IPv4 one also when it comes wrapped in IPv6; None when it spells none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs}
