"""The start page of the employer's space: /employeur."""

from litestar import Response

from portal.data.accounts import ROLE_LABELS, Role
from portal.permissions import Permission, requires
from portal.rendering import open_navigation, render_page
from portal.routing import page
from portal.web import PortalRequest


@page("/employeur", name="employer.home", guards=[requires(Permission.EMPLOYER_HOME)])
def home(request: PortalRequest) -> Response[bytes]:
    doors = [(item.url, item.icon, item.label) for item in open_navigation(request) if not item.current]
    role = ROLE_LABELS[Role(request.viewer.role)]
    return render_page(request, "employer/home/index.html", "Bonjour", role=role, doors=doors)
