"""The demonstration's own page, served under `portal demo` only: accounts, password, the codes of the moment."""

from typing import Any

from litestar import Response

from portal.permissions import public
from portal.rendering import render_page
from portal.routing import page
from portal.security import OneTimeCode
from portal.web import DemoHelp, PortalRequest


@page("/demonstration", name="demo", guards=[public])
def demonstration(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "public/demonstration/index.html", "Comptes de démonstration", **_context(request))


def _context(request: PortalRequest) -> dict[str, Any]:
    demo: DemoHelp | None = request.services.demo
    if demo is None:
        raise LookupError("the demonstration page is only routed under `portal demo`")
    return {
        "accounts": demo.accounts,
        "password": demo.password,
        "code": OneTimeCode(demo.totp_secret).now(),
        "secret": demo.totp_secret,
    }
