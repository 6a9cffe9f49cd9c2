"""Keeping a session open when its holder says so."""

from litestar import Response

from portal.permissions import Permission, requires
from portal.rendering import idle_seconds, render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/connexion/session", name="session.keep", guards=[requires(Permission.SESSION_KEEP)])
def keep(request: PortalRequest) -> Response[bytes]:
    """The request itself keeps the session open; the answer hides the warning until next time."""
    return render_fragment(request, "account/sign_in/session.html", idle_seconds=idle_seconds(request.viewer))
