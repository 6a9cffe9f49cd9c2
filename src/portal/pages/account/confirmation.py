"""Proving again who one is before a sensitive act (security: C6): /compte/confirmation."""

from litestar import Response
from litestar.params import FromQuery

from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import local_path, page
from portal.web import PortalRequest


@page("/compte/confirmation", name="confirm", guards=[requires(Permission.CONFIRM)])
def confirm_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return render_page(
        request, "account/confirmation/index.html", "Confirmez que c’est vous", suite=local_path(suite) or ""
    )
