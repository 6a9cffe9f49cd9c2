"""Public pages: the way in, help, legal pages."""

from urllib.parse import urlsplit

from litestar import Response
from litestar.response import Redirect

from portal.formatting import today
from portal.pages.account.sign_in import home_url
from portal.permissions import public
from portal.rendering import render_page
from portal.retention_words import bands_on
from portal.routing import page
from portal.web import PortalRequest


@page("/", name="home", guards=[public])
def home(request: PortalRequest) -> Response[bytes] | Redirect:
    """The way in for users; under the desk's own name, the desk's."""
    if not request.front.users:
        return start_of(request)
    return render_page(request, "public/home/index.html", "Votre espace santé en ligne")


@page("/accueil", name="start", guards=[public])
def start(request: PortalRequest) -> Redirect:
    """The viewer's own start page, whatever the space."""
    return start_of(request)


def start_of(request: PortalRequest) -> Redirect:
    """To where the viewer's space starts; to the sign-in page for whoever is not signed in."""
    return Redirect(home_url(request) if request.signed_in else request.services.urls("sign-in"), status_code=303)


@page("/aide", name="help", guards=[public])
def help_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "public/home/help.html", "Aide et contact")


@page("/accessibilite", name="accessibility", guards=[public])
def accessibility(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "public/home/accessibility.html", "Accessibilité")


@page("/confidentialite", name="privacy", guards=[public])
def privacy(request: PortalRequest) -> Response[bytes]:
    service = urlsplit(request.services.settings.geocoder_url).hostname or ""
    return render_page(
        request,
        "public/home/privacy.html",
        "Confidentialité et cookies",
        address_service=service,
        retention=bands_on(today()),
    )
