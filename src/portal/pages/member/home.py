"""The member's start page: what matters now (R-21). /adherent."""

from typing import Any

from litestar import Response

from portal.data.counters import counters
from portal.data.evidence import Action
from portal.data.leavers import own_departure
from portal.data.member_home import household_contracts, latest_payment, waiting_lines
from portal.data.visibility import persons_in, represented_name, visible_scope
from portal.formatting import today
from portal.permissions import Permission, requires
from portal.rendering import render_page, site_of
from portal.routing import page
from portal.web import PortalRequest

# Where people go most, besides what the navigation shows first.
SHORTCUTS = (
    ("member.claims", "upload", "Envoyer une facture ou un devis"),
    ("member.card", "card", "Ma carte de tiers payant"),
    ("member.simulator", "euro", "Estimer un remboursement"),
    ("member.statements", "file", "Mes relevés"),
    ("member.remote-links", "refresh", "Ma télétransmission"),
    ("member.bank", "bank", "Mes coordonnées bancaires"),
    ("messages", "message", "Écrire à la mutuelle"),
)
AFTER_WORK = ("member.portability", "calendar", "Après mon contrat de travail")
HELP = ("help", "help", "Aide et contact")


@page("/adherent", name="member.home", guards=[requires(Permission.MEMBER_HOME)])
def home(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "member/home/index.html", f"Bonjour {request.viewer.display_name}", **_context(request))


def _context(request: PortalRequest) -> dict[str, Any]:
    db, viewer, day = request.db, request.viewer, today()
    scope = visible_scope(db, viewer, day)
    contracts = household_contracts(db, viewer)
    waiting = waiting_lines(db, viewer, scope)
    request.note_read(Action.BENEFITS_READ, "accueil", persons=sorted(persons_in(scope.detailed)))
    payment = latest_payment(db, viewer, scope)
    conceal, url = request.services.keyring.conceal, request.services.urls
    mine = (AFTER_WORK, *SHORTCUTS) if own_departure(db, viewer, day) else SHORTCUTS
    shown = [each for each in mine if _is_open(request, each[0])]
    return {
        "contracts": contracts,
        "payment": payment,
        "paid_line": conceal("line", [payment.first_line_id])[0] if payment else "",
        "waiting": [(conceal("line", [line.id])[0], line) for line in waiting],
        "counters": counters(db, viewer, day.year, day),
        "names": scope.names,
        "represented": represented_name(scope, viewer),
        "day": day,
        "may_claim": _is_open(request, "member.claim.start"),
        "quick": [(url(name), *words) for name, *words in (*shown, HELP)],
    }


def _is_open(request: PortalRequest, name: str) -> bool:
    """Whether the viewer may go there now: by role and standing, and as long as the service is not withdrawn."""
    site, viewer = request.services.site, request.viewer
    return site.is_permitted(viewer, name) and site.is_offered(site_of(request), viewer, name)
