"""Second factors: /second-facteur, the step of those who must set one up; /compte/securite/application, codes."""

from litestar import Response
from litestar.params import FromQuery

from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import local_path, page
from portal.web import PortalRequest


@page("/second-facteur", name="factor.first", guards=[requires(Permission.FACTORS)])
def first_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return render_page(
        request, "account/factors/first.html", "Protégez votre compte", suite=local_path(suite) or ""
    )
