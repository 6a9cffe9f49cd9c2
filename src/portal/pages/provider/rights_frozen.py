"""What a health professional sees whose checks of rights are frozen: what happened, what still works, whom to call,
what comes next (R-62)."""

from litestar import Response

from portal.data.rights_freezes import RightsFreeze
from portal.forms import typed_day
from portal.rendering import Crumb, render_page
from portal.rights_words import seen_kinds
from portal.web import PortalRequest

TITLE = "Vérifications de droits gelées"
STILL_OPEN = {
    "provider.rights.history": "Vérifications passées et leurs numéros d’engagement",
    "provider.invoices": "Factures",
    "provider.transfers": "Versements",
    "provider.contact": "Contact",
}


def frozen_page(request: PortalRequest, frozen: RightsFreeze, typed: dict[str, str] | None) -> Response[bytes]:
    """`typed`: what the user had typed when the freeze came, to be read out on the telephone."""
    site, urls = request.services.site, request.services.urls
    return render_page(
        request,
        "provider/rights/frozen.html",
        TITLE,
        status=403,
        crumbs=[Crumb("Accueil", urls("provider.home"))],
        frozen=frozen,
        is_own=frozen.account_id == request.viewer.account_id,
        kinds=seen_kinds(frozen.patterns),
        still_open=[
            (urls(name), label) for name, label in STILL_OPEN.items() if site.is_permitted(request.viewer, name)
        ],
        typed=typed,
        born=typed_day(typed["naissance"]) if typed else None,
        care=typed_day(typed["soins"]) if typed else None,
    )
