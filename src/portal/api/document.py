"""GET /api/openapi.json: the API described by Litestar from its handlers, without any page or script."""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Response
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OAuthFlow, OAuthFlows, SecurityScheme, Server

from portal.api import rights, tokens
from portal.api.access import SCOPE
from portal.api.documented import JSON, SCHEMAS
from portal.api.questions import RightsQuestion
from portal.permissions import public
from portal.routing import page
from portal.web import PortalRequest

DESCRIPTION = (
    "Vérification des droits par le logiciel d’un professionnel de santé\u00a0: la même règle, les mêmes limites et la "
    "même preuve que dans l’espace professionnel. Le titulaire de la convention crée le client et son secret dans son "
    "espace, page Logiciel."
)


@page("/api/openapi.json", name="api.document", guards=[public])
def document(request: PortalRequest) -> Response[bytes]:
    return Response(_encoded(request.services.settings.origin), media_type=JSON)


@lru_cache
def _encoded(origin: str) -> bytes:
    """The document of the API at this address."""
    described = _describe(origin)
    # Bodies that the handlers read themselves: their schemas come from the same structs.
    bodies = (RightsQuestion, tokens.TokenWanted)
    _, schemas = msgspec.json.schema_components(bodies, ref_template=f"{SCHEMAS}{{name}}")
    described["components"]["schemas"] |= schemas
    return msgspec.json.encode(described)


def _describe(origin: str) -> dict[str, Any]:
    """Made by an application of the API's handlers alone, which serves nothing: Litestar would add routes to ours."""
    config = OpenAPIConfig(
        title="Droits des personnes couvertes",
        version="1",
        description=DESCRIPTION,
        servers=[Server(url=origin)],
        components=Components(security_schemes=_schemes()),
        render_plugins=[JsonRenderPlugin()],
    )
    handlers = [tokens.give_token, rights.check]
    # It answers nobody: no logging of its own, which would take over the process's.
    described = Litestar(handlers, request_class=PortalRequest, openapi_config=config, logging_config=None)
    return described.openapi_schema.to_schema()


def _schemes() -> dict[str, Any]:
    flow = OAuthFlow(token_url="/api/jeton", scopes={SCOPE: "Vérifier des droits."})  # noqa: S106  (an address)
    return {
        "jeton": SecurityScheme(type="oauth2", flows=OAuthFlows(client_credentials=flow)),
        "client": SecurityScheme(type="http", scheme="basic", description="L’identifiant du client et son secret."),
    }


HANDLERS = [tokens.give_token, rights.check, document]
