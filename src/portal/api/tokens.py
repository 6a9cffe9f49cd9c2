"""POST /api/jeton: a practice's software exchanges its secret for a token (RFC 6749, client credentials)."""

from base64 import b64decode
from datetime import datetime
from math import ceil
from typing import Annotated, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from litestar import Response
from msgspec import Meta
from sqlmodel import Session

from portal.api.access import LIFE, SCOPE, is_presented, issue_token, may_ask
from portal.api.documented import FORM, documented, problems, refusal
from portal.api.problems import ApiProblem
from portal.data.evidence import Action, Outcome
from portal.data.software_access import Access, access_by_secret
from portal.data.throttling import SOFTWARE_ADDRESS, SOFTWARE_TOKENS, Guesses, allow, back_at, count_failures, hold
from portal.permissions import public
from portal.routing import FOR_PROGRAMS, async_action
from portal.web import PortalRequest

GRANT = "client_credentials"
MOST_FIELDS = 20
HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CHALLENGE = {"WWW-Authenticate": 'Basic realm="jeton", charset="UTF-8"'}


class TokenWanted(msgspec.Struct, frozen=True):
    """La demande d’un jeton, en application/x-www-form-urlencoded."""

    grant_type: Annotated[Literal["client_credentials"], Meta(description="Toujours client_credentials.")]
    scope: Annotated[Literal["droits"], Meta(description="Ce que le jeton permet\u00a0: seulement droits.")] = "droits"
    client_id: Annotated[
        str, Meta(max_length=200, description="L’identifiant du client, s’il n’est pas donné par HTTP Basic.")
    ] = ""
    client_secret: Annotated[
        str, Meta(max_length=200, description="Son secret, s’il n’est pas donné par HTTP Basic.")
    ] = ""


class TokenGiven(msgspec.Struct, frozen=True):
    """Le jeton."""

    access_token: Annotated[str, Meta(description="Le jeton, à présenter dans l’en-tête Authorization.")]
    token_type: Annotated[Literal["Bearer"], Meta(description="Toujours Bearer.")]
    expires_in: Annotated[int, Meta(description="Sa durée de vie, en secondes.")]
    scope: Annotated[Literal["droits"], Meta(description="Ce qu’il permet.")]


class TokenRefused(msgspec.Struct, frozen=True):
    """Un refus, selon la RFC 6749, §5.2."""

    error: Annotated[
        Literal["invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"],
        Meta(description="La nature du refus."),
    ]
    error_description: Annotated[str, Meta(description="Ce qu’il faut corriger, en ASCII comme la norme le veut.")]


class Refused(NamedTuple):
    """A refusal of RFC 6749 §5.2, whose description may hold ASCII alone."""

    error: str
    description: str
    status: int = 400


class Credentials(NamedTuple):
    """What the client says of itself."""

    client_id: str
    secret: str

    @property
    def is_wellformed(self) -> bool:
        """Whether both are there, in the characters that RFC 6749 (appendix A) lets them have."""
        return all(text and text.isascii() and text.isprintable() for text in self)


UNKNOWN = Refused("invalid_client", "Client inconnu, secret faux ou certificat absent.", 401)
STOPPED = Refused("unauthorized_client", "Ce client ne peut plus rien demander: voyez votre espace professionnel.")
TWICE = Refused("invalid_request", "Donnez l'identifiant et le secret une seule fois: par HTTP Basic ou dans le corps.")
MALFORMED = Refused("invalid_request", "Envoyez des champs application/x-www-form-urlencoded, chacun une seule fois.")
NO_GRANT = Refused("invalid_request", "Donnez grant_type=client_credentials.")
OTHER_GRANT = Refused("unsupported_grant_type", "Seul grant_type=client_credentials est admis.")
OTHER_SCOPE = Refused("invalid_scope", "Seul scope=droits existe.")


@async_action(
    "/api/jeton",
    name="api.token",
    guards=[public],
    opt={FOR_PROGRAMS: True},
    request_max_body_size=8 * 1024,
    operation_class=documented(FORM, TokenWanted),
    operation_id="demander_un_jeton",
    summary="Demander un jeton",
    description="Échange l’identifiant et le secret du logiciel contre un jeton de dix minutes.",
    response_description="Le jeton.",
    tags=["Jeton"],
    security=[{"client": []}, {}],
    responses={
        400: refusal(TokenRefused, "Demande refusée."),
        401: refusal(TokenRefused, "Client inconnu."),
        **problems(413, 429, 503),
    },
    include_in_schema=True,
)
async def give_token(request: PortalRequest) -> Response[TokenGiven]:
    """Never answers a browser: there is no cookie in it, and no page."""
    wanted = _wanted(request, await request.body())
    told = wanted if isinstance(wanted, Refused) else await request.database.run_writing(_give, request, wanted)
    if not isinstance(told, Refused):
        return Response(told, media_type="application/json", headers=HEADERS)
    headers = HEADERS | (CHALLENGE if told.status == 401 else {})
    body = TokenRefused(told.error, told.description)  # type: ignore[arg-type]  # each error above is one of them
    return Response(body, media_type="application/json", status_code=told.status, headers=headers)  # type: ignore[arg-type]


def _give(request: PortalRequest, sent: Credentials) -> TokenGiven | Refused:
    """Counts, judges, records; whatever comes of it is committed. Raises `ApiProblem` when nothing was judged."""
    with request.database.write() as db:
        here = [(SOFTWARE_ADDRESS, request.client_address)]
        if hold(db, here, request.now):
            told = "Trop d’essais refusés depuis cette adresse. Vérifiez le secret, puis attendez."
            raise too_many(request, told, back_at(db, here, request.now))
        access = access_by_secret(db, sent.client_id, sent.secret, request.now)
        if access is None or not is_presented(request, access):
            count_failures(db, here, request.now)
            _record(request, db, access, UNKNOWN.error)
            return UNKNOWN
        if not may_ask(access):
            _record(request, db, access, STOPPED.error)
            return STOPPED
        uses: Guesses = [(SOFTWARE_TOKENS, str(access.software_id))]
        if not allow(db, uses, request.now):
            told = "Trop de jetons demandés\u00a0: gardez chacun dix minutes."
            raise too_many(request, told, back_at(db, uses, request.now))
        _record(request, db, access)
        token = issue_token(request.services.keyring, access, request.now)
    return TokenGiven(token, "Bearer", int(LIFE.total_seconds()), SCOPE)  # type: ignore[arg-type]


def too_many(request: PortalRequest, detail: str, until: datetime | None) -> ApiProblem:
    """429; `until`: when it is worth trying again."""
    seconds = max(1, ceil((until - request.now).total_seconds())) if until else 1
    return ApiProblem(429, "trop-de-demandes", "Trop de demandes", detail, headers={"Retry-After": str(seconds)})


def _record(request: PortalRequest, db: Session, access: Access | None, reason: str = "") -> None:
    """Never the secret, nor what was typed in an identifier's place."""
    viewer = access.viewer if access else None
    outcome = Outcome.REFUSED if reason else Outcome.OK
    object_ = access.client_id if access else ""
    request.record_of(viewer, db, Action.SOFTWARE_TOKEN_ISSUED, object_, outcome, reason=reason)


def _wanted(request: PortalRequest, body: bytes) -> Credentials | Refused:
    """Who asks for what, as RFC 6749 reads it: what it does not know is ignored, what stands twice is refused."""
    fields = _fields(request, body)
    if fields is None:
        return MALFORMED
    grant, scope = fields.get("grant_type", ""), fields.get("scope", SCOPE)
    if grant != GRANT:
        return OTHER_GRANT if grant else NO_GRANT
    if scope != SCOPE:
        return OTHER_SCOPE
    return _credentials(request, fields)


def _fields(request: PortalRequest, body: bytes) -> dict[str, str] | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        return None
    fields = {name: value for name, value in pairs if value}  # sent without a value is as good as not sent (§3.2)
    return fields if kind == FORM and len(fields) == len([name for name, value in pairs if value]) else None


def _credentials(request: PortalRequest, fields: dict[str, str]) -> Credentials | Refused:
    headers = request.headers.getall("authorization", [])
    sent = Credentials(fields.get("client_id", ""), fields.get("client_secret", ""))
    if not headers:
        return sent if sent.is_wellformed else UNKNOWN
    basic = _basic(headers[0]) if len(headers) == 1 else None
    if sent.secret:
        return TWICE
    if basic is None or sent.client_id not in {"", basic.client_id}:
        return UNKNOWN
    return basic


def _basic(header: str) -> Credentials | None:
    """Identifier and secret, each encoded as a form's value before they are joined (§2.3.1)."""
    scheme, _, value = header.partition(" ")
    try:
        told = b64decode(value.strip(), validate=True).decode("utf-8")
    except ValueError:
        return None
    identifier, colon, secret = told.partition(":")
    found = Credentials(unquote_plus(identifier), unquote_plus(secret))
    return found if scheme.lower() == "basic" and colon and found.is_wellformed else None
