"""What Litestar cannot read from a handler that reads its body itself: the body, and the refusals in other types."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody

from portal.api.problems import PROBLEM, Problem

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
SCHEMAS = "#/components/schemas/"
_WHY = {
    400: "Demande mal formée.",
    401: "Jeton absent, inconnu, périmé ou retiré.",
    403: "Accès gelé, convention terminée, ou preuve d’identité demandée.",
    413: "Corps trop long.",
    415: "Corps d’un autre type que application/json.",
    422: "Champs à corriger, ou clé déjà utilisée pour une autre question.",
    429: "Trop de demandes\u00a0: attendez le délai de l’en-tête Retry-After.",
    503: "Indisponible pour le moment.",
}


def documented(media: str, body: type) -> type[Operation]:
    """The class of an operation whose body is this struct. The document's components hold its schema."""

    @dataclass
    class WithBody(Operation):
        def __post_init__(self) -> None:
            schema = Reference(ref=f"{SCHEMAS}{body.__name__}")
            self.request_body = RequestBody(content={media: OpenAPIMediaType(schema=schema)}, required=True)

    return WithBody


def refusal(body: type, description: str) -> ResponseSpec:
    """A refusal in JSON of another kind than problems."""
    return ResponseSpec(body, description=description, media_type=JSON, generate_examples=False)


def problems(*statuses: int) -> dict[int, Any]:
    """Refusals told as problems."""
    return {
        status: ResponseSpec(Problem, description=_WHY[status], media_type=PROBLEM, generate_examples=False)
        for status in statuses
    }
