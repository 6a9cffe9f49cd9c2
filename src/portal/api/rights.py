"""POST /api/droits: the check of rights of /professionnel/droits, for a practice's software (R-42, R-51, R-62).

Same rule, same limits, same evidence: what the page calls, this calls.
"""

from datetime import datetime
from typing import Annotated, Any

from litestar import Response
from litestar.params import HeaderParameter
from sqlalchemy.exc import NoResultFound

from portal.api.access import RequiresSoftware, access_now
from portal.api.answers import RightsGiven, given
from portal.api.documented import JSON, documented, problems
from portal.api.problems import ApiProblem, FieldProblem
from portal.api.questions import RightsQuestion, read_question, several_persons, wrong_fields
from portal.api.tokens import too_many
from portal.data.evidence import Action
from portal.data.rights_checks import ChecksFrozen, FreezeDue, ProofNeeded, TooManyChecks
from portal.data.rights_questions import MarksNeeded
from portal.data.software_checks import Asked, Given, KeyUsed, answer_once, hold_practice
from portal.pages.provider.rights import AT_ONCE, record_check
from portal.permissions import has_just_confirmed
from portal.rights_freezing import freeze_rights
from portal.routing import FOR_PROGRAMS, async_action
from portal.web import PortalRequest

KEY = "Idempotency-Key"
USED = "Cette clé a déjà servi pour une autre question. Une nouvelle question demande une nouvelle clé."
TOO_OFTEN = (
    "Trop de vérifications, ou trop de questions sans résultat, en peu de temps, par ce logiciel ou dans l’espace "
    "professionnel. Rien n’a été cherché. Attendez quelques minutes\u00a0; si un patient attend, appelez-nous."
)
FROZEN = (
    "Les vérifications de ce compte, ou de votre structure, sont gelées\u00a0: elles ne ressemblaient pas à vos "
    "habitudes. Rien n’a été cherché. Le titulaire de la convention est prévenu\u00a0; appelez-nous."
)
UNUSUAL = (
    "Ces vérifications sont inhabituelles (nuit, questions sans résultat, numéros qui se suivent…). Rien n’a été "
    "cherché. Le titulaire qui a créé l’accès, ou renouvelé son secret en dernier, ouvre la page Logiciel de l’espace "
    "professionnel et confirme son identité\u00a0; puis le logiciel renvoie la demande."
)


@async_action(
    "/api/droits",
    name="api.rights",
    guards=[RequiresSoftware()],
    opt={FOR_PROGRAMS: True},
    request_max_body_size=8 * 1024,
    operation_class=documented(JSON, RightsQuestion),
    operation_id="verifier_des_droits",
    summary="Vérifier les droits d’une personne",
    description="Répond, pour une seule personne désignée exactement, ce que dit sa carte de tiers payant le jour des "
    "soins, limité aux soins de votre profession. Chaque réponse est comptée, conservée comme preuve, et visible de la "
    "personne dans son espace.",
    response_description="La réponse, quel que soit l’état des droits.",
    tags=["Droits"],
    security=[{"jeton": ["droits"]}],
    responses=problems(400, 401, 403, 413, 415, 422, 429, 503),
    include_in_schema=True,
)
async def check(
    request: PortalRequest,
    key: Annotated[
        str | None,
        HeaderParameter(
            name=KEY,
            min_length=1,
            max_length=100,
            pattern="^[A-Za-z0-9._-]{1,100}$",
            description="Une clé par question, à renvoyer telle quelle si la réponse s’est perdue\u00a0: la même clé "
            "et la même question donnent la même réponse et le même numéro d’engagement, sans être comptées de "
            "nouveau.",
        ),
    ] = None,
) -> Response[RightsGiven]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        detail = "Envoyez la question en JSON, avec l’en-tête Content-Type: application/json."
        raise ApiProblem(415, "type-refuse", "Type refusé", detail)
    sent, question = read_question(await request.body())
    asked = Asked(question, sent.text, sent.user, key or "")
    return Response(await request.database.run_writing(_answer, request, asked), media_type=JSON)


def _answer(request: PortalRequest, asked: Asked) -> RightsGiven:
    """The errors of the page, as problems."""
    try:
        told = _check(request, asked, request.now)
    except ChecksFrozen:
        raise frozen() from None
    except MarksNeeded:
        raise several_persons() from None
    except KeyUsed:
        raise wrong_fields([FieldProblem(KEY, USED)]) from None
    except TooManyChecks as waiting:
        raise too_many(request, TOO_OFTEN, waiting.back_at) from None
    except ProofNeeded:
        raise ApiProblem(403, "preuve-demandee", "Preuve d’identité demandée", UNUSUAL) from None
    except NoResultFound:
        raise ApiProblem(403, "refuse", "Refusé", "Ce compte n’est celui d’aucun professionnel.") from None
    if told is None:
        raise frozen()
    return told


def frozen() -> ApiProblem:
    """403 until the desk has called back."""
    return ApiProblem(403, "gele", "Vérifications gelées", FROZEN)


def _check(request: PortalRequest, asked: Asked, now: datetime) -> RightsGiven | None:
    """Judges the caller again, answers, keeps the answer, records the act, in one transaction; None when that
    transaction froze the checks instead."""
    with request.database.write() as db:
        hold_practice(db, request.viewer)
        access = access_now(request, db)
        is_proven = has_just_confirmed(access.viewer, now)
        try:
            answer = answer_once(db, access, request.services.keyring, asked, now, is_proven=is_proven)
        except FreezeDue as due:
            freeze_rights(request, db, access.viewer, due.seen)
            return None
        about: dict[str, Any] = {"software": access.client_id, "operator": asked.operator}
        past = answer.past
        if answer.made is not None:
            record_check(request, db, access.viewer, answer.made, **about)
        else:
            persons = _readers_of(answer, now)
            about |= {"persons": persons}
            request.record_of(access.viewer, db, Action.RIGHTS_CHECK_READ, past.check.engagement, **about)
        return given(past)


def _readers_of(answer: Given, now: datetime) -> list[int]:
    """Whose journal tells that the answer was given again: nobody's while it is the check itself that is repeated."""
    check = answer.past.check
    is_fresh = now - check.asked_at < AT_ONCE
    return [check.person_id] if check.person_id is not None and not is_fresh else []
