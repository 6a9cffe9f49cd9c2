"""What every page with a passkey button shares: what the button needs, and the JSON that its script asks for."""

from typing import Any

from litestar import Response

from portal.passkeys import party_of
from portal.web import PortalRequest

LONGEST_ANSWER = 20_000
NOT_GOOD = "La clé d’accès n’a pas été reconnue. Réessayez, ou choisissez un autre moyen."


def passkey_context(request: PortalRequest) -> dict[str, Any]:
    """`passkeys_here`: whether they work under the address that the browser shows; `passkey_origin`: where they do."""
    party = party_of(request.services.settings)
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return {"passkeys_here": host.lower() == party.id, "passkey_origin": party.origin}


def json_answer(options: str) -> Response[bytes]:
    """The options of a WebAuthn call."""
    return Response(options.encode(), media_type="application/json")
