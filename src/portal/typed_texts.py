"""What was written into a form whose session had ended meanwhile: its author gets it back, and nothing is kept."""

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from portal.csrf import SAFE_METHODS, comes_from_here
from portal.forms import written_text
from portal.permissions import Requires, policy_of
from portal.web import PortalRequest

# The fields in which people write, and what they are called on the page that gives them back.
WRITTEN = {
    "titre": "Titre",
    "factures": "Numéros de facture",
    "virement": "Référence du virement",
    "engagement": "Numéro d’engagement",
    "logiciel": "Votre logiciel",
    "erreur": "Message ou code d’erreur",
    "message": "Votre message",
    "texte": "Votre texte",
}
LONGEST = 10_000
# A form of words alone; whoever may not act makes us read no more than that.
LARGEST_FORM = 32 * 1024
PLAIN_FORM = "application/x-www-form-urlencoded"


async def keep_texts(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Application guard, before the policy refuses: reads a form of ours that came without a session, to show its texts
    to whoever wrote them, in this answer alone. Files, and what another site sends, are not read."""
    if connection.scope.get("method") in SAFE_METHODS or not isinstance(policy_of(handler), Requires):
        return
    request: PortalRequest = connection  # type: ignore[assignment]
    if request.signed_in is None and _is_small_form(request) and comes_from_here(request):
        sent = await request.form()
        texts = {name: written_text(sent, name)[:LONGEST] for name in WRITTEN if name in sent}
        request.scope["state"]["typed"] = [(WRITTEN[name], text) for name, text in texts.items() if text]


def _is_small_form(request: PortalRequest) -> bool:
    length = request.headers.get("content-length", "")
    is_plain = request.headers.get("content-type", "").startswith(PLAIN_FORM)
    return is_plain and length.isdecimal() and len(length) < 10 and int(length) <= LARGEST_FORM


def typed_texts(request: PortalRequest) -> list[tuple[str, str]]:
    """What this refused request had written: the fields' names in French, and the texts."""
    found: list[tuple[str, str]] = request.scope["state"].get("typed", [])
    return found
