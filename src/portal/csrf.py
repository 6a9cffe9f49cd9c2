"""Cross-site request forgery: a token bound to the session, and the browser's own word on where a request comes from.

Signed in, the token is bound to the session; before that, to a random visit cookie. Both checks must pass.
"""

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from markupsafe import Markup

from portal.data.sessions import Viewer, find_viewer_by_hash
from portal.forms import exact_value
from portal.permissions import deny_undeclared
from portal.routing import FOR_PROGRAMS
from portal.web import PortalRequest

FIELD = "jeton"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class CsrfRefused(PermissionDeniedException):
    """The form was not sent from a page of ours in this session."""


def csrf_input(request: PortalRequest) -> Markup:
    """The hidden field that each form with method=post carries."""
    token = request.services.keyring.csrf_token(binding_of(request) or "")
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


async def csrf_guard(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Application guard of every unsafe method. Raises `CsrfRefused`, or `DuplicateField` for two tokens.

    Programs send no cookie that counts (`sessions.py` sees to it), so that no browser can be made to act for one.
    """
    if connection.scope.get("method") in SAFE_METHODS or handler.opt.get(FOR_PROGRAMS):
        return
    request: PortalRequest = connection  # type: ignore[assignment]
    if not comes_from_here(request):
        raise CsrfRefused
    binding = binding_of(request)
    token = exact_value(await request.form(), FIELD)
    if not binding or not request.services.keyring.csrf_matches(binding, token):
        raise CsrfRefused
    if request.signed_in is not None:
        await _look_again(request, handler)


async def _look_again(request: PortalRequest, handler: BaseRouteHandler) -> None:
    """A body may come slowly, and its sender lose the session, the role or the account meanwhile: judge them anew."""
    viewer = await request.database.run(_viewer_now, request)
    request.scope["state"]["viewer"] = viewer
    await deny_undeclared(request, handler)


def _viewer_now(request: PortalRequest) -> Viewer | None:
    with request.database.read() as db:
        return find_viewer_by_hash(db, request.viewer.session_hash, request.now)


def binding_of(request: PortalRequest) -> str | None:
    """What tells this browser from another: its session, or before that, its visit; None when it has neither."""
    viewer = request.signed_in
    visit = request.scope["state"].get("visit")
    return f"session:{viewer.session_hash}" if viewer else visit and f"visit:{visit}"


def comes_from_here(request: PortalRequest) -> bool:
    """Whether the browser says that a page of ours, or nobody's, sent this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    # Browsers too old for Sec-Fetch-Site send "null" from our own pages, since those say `no-referrer`.
    origin = request.headers.get("origin", "null")
    return origin in {"null", request.front.settings.origin}
