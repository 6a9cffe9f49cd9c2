"""The card without network: the document that a device keeps, the worker that shows it, and what makes it installable.

Nothing but this card is ever kept: today's, as a document without menu, form or name of the account (R-25). What HTTP
caches keep stays nothing at all (`no-store`); signing out erases the device's copy.
"""

from litestar import Response
from litestar.exceptions import NotFoundException

from portal.data.cards import wallet_on
from portal.data.evidence import Action
from portal.formatting import today
from portal.pages.member.card import READS, TITLE, card_context, persons_on
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest

SCOPE = "/adherent/carte"
FILES = ("css/portal.css", "fonts/figtree-latin-5.3.0.woff2", "img/mark.svg")


@page("/adherent/carte/hors-ligne", name="member.card.kept", guards=READS)
def kept_page(request: PortalRequest) -> Response[bytes]:
    """Today's card as the device keeps it; 404 without one, which makes the device forget an earlier one."""
    cards = list(wallet_on(request.db, request.viewer, today(), today()).cards)
    if not cards:
        raise NotFoundException
    numbers = ", ".join(card.cover.contract_number for card in cards)
    request.note_read(Action.CARD_READ, numbers, persons=persons_on(cards), kept="appareil")
    return render_page(request, "member/card/kept.html", TITLE, now=request.now, **card_context(request, cards))


@page("/carte/manifeste.json", name="card.manifest", guards=[public])
def manifest(request: PortalRequest) -> Response[bytes]:
    """What makes the card installable on a telephone's first screen."""
    return _rendered(request, "manifest.json", "application/manifest+json")


@page("/carte/hors-ligne.js", name="card.worker", guards=[public])
def worker(request: PortalRequest) -> Response[bytes]:
    """The service worker, allowed for the card's pages alone."""
    answer = _rendered(request, "worker.js", "text/javascript")
    answer.headers["Service-Worker-Allowed"] = SCOPE
    return answer


def _rendered(request: PortalRequest, template: str, media_type: str) -> Response[bytes]:
    found = request.services.templates.get_template(f"pages/member/card/{template}")
    return Response(found.render(files=FILES, scope=SCOPE).encode(), media_type=media_type)


HANDLERS = [kept_page, manifest, worker]
