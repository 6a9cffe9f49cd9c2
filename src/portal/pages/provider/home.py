"""The start page of the provider's space: /professionnel."""

from litestar import Response

from portal.data.accounts import ROLE_LABELS, Role
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest


@page("/professionnel", name="provider.home", guards=[requires(Permission.PROVIDER_HOME)])
def home(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "provider/home/index.html", "Bonjour", role=ROLE_LABELS[Role(request.viewer.role)])
