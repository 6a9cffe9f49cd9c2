"""Refusals and failures as programs read them: `application/problem+json` (RFC 9457), in French.

What pages are refused with, programs are refused with too: the page's own handler judges and logs, and its answer is
said again as a problem.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Meta

from portal.closures import ServiceWithdrawn, UnderMaintenance
from portal.routing import is_for_programs
from portal.web import PortalRequest

PROBLEM = "application/problem+json"
TYPE = "urn:portail:probleme:"
FIRST_REFUSAL, FIRST_FAILURE = 400, 500


class FieldProblem(msgspec.Struct, frozen=True, rename={"field": "champ", "message": "message"}):
    """Ce qui ne va pas dans un champ de la demande."""

    field: Annotated[str, Meta(description="Nom du champ, ou de l’en-tête.")]
    message: Annotated[str, Meta(description="Ce qu’il faut corriger, à montrer à l’utilisateur.")]


class Problem(msgspec.Struct, frozen=True, rename={"errors": "erreurs"}):
    """Un refus ou une panne, dits selon la RFC 9457."""

    type: Annotated[str, Meta(description="Nature du problème, stable\u00a0: c’est elle que votre programme compare.")]
    title: Annotated[str, Meta(description="Le problème en quelques mots.")]
    status: Annotated[int, Meta(description="Le code HTTP de la réponse.")]
    detail: Annotated[str, Meta(description="Ce qui s’est passé et ce qu’il faut faire, à montrer à l’utilisateur.")]
    errors: Annotated[list[FieldProblem], Meta(description="Les champs à corriger, s’il y en a.")] = []
    reference: Annotated[str, Meta(description="Numéro à nous donner si vous nous appelez.")] = ""


class ApiProblem(HTTPException):
    """A refusal of the API itself. `kind`: the end of the problem's type."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        errors: list[FieldProblem] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status_code=status, detail=detail, headers=headers)
        self.kind, self.title, self.errors = kind, title, errors or []


# By the status of an answer that is not the API's own: the kind, the title, what to do.
_SAID: dict[int, tuple[str, str, str]] = {
    400: (
        "demande-mal-formee",
        "Demande mal formée",
        "Cette demande n’est pas de l’HTTP que nous comprenons. Comparez-la aux exemples de la documentation.",
    ),
    403: ("refuse", "Refusé", "Ce compte n’a pas le droit de faire cela."),
    404: ("inconnu", "Adresse inconnue", "Rien ne se trouve à cette adresse. Vérifiez-la dans /api/openapi.json."),
    405: ("methode", "Méthode refusée", "Cette adresse ne répond pas à cette méthode\u00a0: voyez l’en-tête Allow."),
    413: (
        "trop-long",
        "Demande trop longue",
        "Le corps de la demande dépasse 8\u00a0Kio. Envoyez les seuls champs prévus.",
    ),
    500: (
        "panne",
        "Panne",
        "Une erreur est survenue chez nous. Réessayez dans quelques minutes, ou appelez-nous avec la référence.",
    ),
    503: (
        "indisponible",
        "Indisponible",
        "Nous ne pouvons pas répondre à l’instant. Réessayez après le délai indiqué.",
    ),
}
_SAID_OF: dict[type[Exception], tuple[str, str, str]] = {
    ServiceWithdrawn: (
        "service-ferme",
        "Service fermé",
        "La vérification des droits est fermée pour le moment\u00a0: voyez votre espace, ou appelez-nous.",
    ),
    UnderMaintenance: (
        "maintenance",
        "Maintenance",
        "Le portail est en maintenance. Réessayez après le délai indiqué.",
    ),
}
Handler = Callable[[PortalRequest, Any], Response]


def told_to_programs(handlers: Mapping[type[Exception], Handler]) -> dict[type[Exception], Handler]:
    """The handlers of pages, whose answers become problems where a program asked."""
    return {kind: _told(handler) for kind, handler in handlers.items()} | {ApiProblem: refuse}


def refuse(request: PortalRequest, problem: ApiProblem) -> Response[bytes]:
    """A refusal of the API's own."""
    body = Problem(TYPE + problem.kind, problem.title, problem.status_code, problem.detail, problem.errors)
    return _answer(request, body, dict(problem.headers or {}))


def _told(handler: Handler) -> Handler:
    def answer(request: PortalRequest, error: Exception) -> Response:
        said = handler(request, error)
        if not (is_for_programs(request.scope["path"]) and request.services.settings.rights_api):
            return said
        status = said.status_code or FIRST_FAILURE
        kind, title, detail = _SAID_OF.get(type(error)) or _said(status)
        problem = Problem(TYPE + kind, title, status, detail, _headers_at_fault(error))
        return _answer(request, problem, dict(said.headers))

    return answer


def _said(status: int) -> tuple[str, str, str]:
    return _SAID.get(status) or _SAID[FIRST_FAILURE if status >= FIRST_FAILURE else FIRST_REFUSAL]


def _headers_at_fault(error: Exception) -> list[FieldProblem]:
    """The headers that did not have the form the API documents."""
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return []
    named = [str(each["key"]) for each in error.extra if isinstance(each, dict) and "key" in each]
    return [FieldProblem(name, "Cet en-tête n’a pas la forme attendue.") for name in named]


def _answer(request: PortalRequest, problem: Problem, headers: dict[str, str]) -> Response[bytes]:
    reference = str(request.scope["state"].get("reference", ""))
    body = msgspec.json.encode(msgspec.structs.replace(problem, reference=reference))
    return Response(body, media_type=PROBLEM, status_code=problem.status, headers=headers)
