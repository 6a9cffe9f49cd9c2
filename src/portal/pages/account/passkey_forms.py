"""What every page with a passkey button shares: what the button needs, and the JSON that its script asks for."""

from typing import Any

from litestar import Response

from portal.entry.passkeys import party_of
from portal.web import PortalRequest

LONGEST_ANSWER = 20_000
NOT_GOOD = "La clé d’accès n’a pas été reconnue. Réessayez, ou choisissez un autre moyen."
NO_ANSWER = "Les clés d’accès ont besoin de JavaScript, que ce navigateur n’utilise pas. Choisissez un autre moyen."


def passkey_context(request: PortalRequest) -> dict[str, Any]:
    """`passkeys_here`: whether they work under the address that the browser shows; `passkey_origin`: where they do."""
    party = party_of(request.front.settings)
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return {"passkeys_here": host.lower() == party.id, "passkey_origin": party.origin}


def refusal_of(answer: str, message: str = NOT_GOOD) -> str:
    """What to say of an answer that is not good; a text browser, which shows hidden forms too, sends none at all."""
    return message if answer else NO_ANSWER


def json_answer(options: str) -> Response[bytes]:
    """The options of a WebAuthn call."""
    return Response(options.encode(), media_type="application/json")
