"""What follows the end of the member's own employment: cover, what to send, the offer. /adherent/portabilite (R-30)."""

from typing import Any

from litestar import Response

from portal.data.evidence import Action
from portal.data.group_figures import needed_figures
from portal.data.leavers import Leaver, leaver_of, own_departure
from portal.formatting import day_in_france
from portal.leaver_documents import price_note
from portal.leaver_words import LAW, pieces, price_words, step_words, why_words
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE = "Après votre contrat de travail"


@page("/adherent/portabilite", name="member.portability", guards=[requires(Permission.PORTABILITY_READ)])
def portability_page(request: PortalRequest) -> Response[bytes]:
    today = day_in_france(request.now)
    left = own_departure(request.db, request.viewer, today)
    request.note_read(Action.PORTABILITY_READ)
    crumbs = [Crumb("Accueil", request.services.urls("member.home"))]
    context: dict[str, Any] = {"leaver": None}
    if left is not None:
        figures = needed_figures(request.db, today)
        leaver = leaver_of(request.db, left, figures, today)
        context = _context(request, leaver) | {"why": why_words(leaver.leaving, figures)}
    return render_page(request, "member/portability/index.html", TITLE, crumbs=crumbs, **context)


def _context(request: PortalRequest, leaver: Leaver) -> dict[str, Any]:
    today, leaving = day_in_france(request.now), leaver.leaving
    covered_until = leaving.covered_until
    return {
        "leaver": leaver,
        "is_covered": covered_until is not None and covered_until >= today,
        "pieces": pieces(leaving),
        "steps": step_words(leaving, leaver.steps, today, own=True),
        "prices": price_words(leaver.prices),
        "price_note": price_note(leaver),
        "may_ask": leaver.request_until is not None and today <= leaver.request_until,
        "law": LAW,
    }


HANDLERS = [portability_page]
