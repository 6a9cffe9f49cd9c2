"""The start page of the provider's space: what may be done, and what waits. /professionnel (R-03)"""

from litestar import Response

from portal.data.accounts import ROLE_LABELS, Role
from portal.pages.provider.tasks import KINDS
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import page
from portal.tasks import tasks_of
from portal.web import PortalRequest

SERVICES = {
    "provider.rights.history": ("clock", "Vérifications passées"),
    "provider.invoices": ("receipt", "Factures"),
    "provider.transfers": ("bank", "Versements"),
    "provider.contact": ("message", "Contact"),
    "provider.agreement": ("file", "Convention"),
    "provider.bank": ("bank", "Compte bancaire"),
    "provider.team": ("users", "Utilisateurs"),
}
# Where the API is on.
SOFTWARE = {"provider.software": ("key", "Logiciel")}


@page("/professionnel", name="provider.home", guards=[requires(Permission.PROVIDER_HOME)])
def home(request: PortalRequest) -> Response[bytes]:
    site, urls = request.services.site, request.services.urls
    offered = SERVICES | (SOFTWARE if request.services.settings.rights_api else {})
    services = [(urls(name), *words) for name, words in offered.items() if site.is_permitted(request.viewer, name)]
    # A queue waits: what is asked most stands first, whatever waits besides.
    may_check = site.is_permitted(request.viewer, "provider.rights")
    role = ROLE_LABELS[Role(request.viewer.role)]
    tasks = tasks_of(request, request.db, KINDS)
    return render_page(
        request,
        "provider/home/index.html",
        "Bonjour",
        role=role,
        services=services,
        may_check=may_check,
        tasks=tasks,
    )
