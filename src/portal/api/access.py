"""Who asks: a bearer token (RFC 6750), the client's certificate where a trusted proxy hands it on (RFC 8705).

A token is signed and short; it opens nothing by itself: the client, the secret that it was had for, and the account
that it acts for are read anew each time, so that ending one of them ends the token.
"""

import re
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import NamedTuple

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from sqlmodel import Session

from portal.api.problems import ApiProblem
from portal.certificates import certificate_of
from portal.data.software_access import Access, access_by_ids
from portal.data.standing import Standing
from portal.permissions import Permission, Requires, may
from portal.security import Keyring
from portal.web import PortalRequest

SCOPE = "droits"
LIFE = timedelta(minutes=10)
KIND = PURPOSE = "software-token"
_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/=-]{1,400})")
_NO_LONGER = "Ce jeton est inconnu, périmé ou retiré. Demandez-en un nouveau à /api/jeton."
_STANDINGS: dict[Standing, tuple[str, str, str]] = {
    Standing.SUSPENDED: (
        "gele",
        "Accès gelé",
        "Le compte pour lequel ce logiciel agit est suspendu\u00a0: rien n’est plus vérifié. Appelez-nous.",
    ),
    Standing.CLOSED: (
        "compte-ferme",
        "Compte fermé",
        "Le compte pour lequel ce logiciel agit est fermé. Le titulaire de la convention peut renouveler le secret.",
    ),
    Standing.ENDED: (
        "convention-terminee",
        "Convention terminée",
        "Votre convention de tiers payant est terminée\u00a0: rien n’est plus vérifié. Écrivez-nous, page Contact.",
    ),
    Standing.LEAVING: (
        "compte-ferme",
        "Compte en cours de suppression",
        "Le compte pour lequel ce logiciel agit va être effacé. Un autre titulaire peut renouveler le secret.",
    ),
}


class Claims(NamedTuple):
    """What a token says: for which client, and for which of its secrets."""

    software_id: int
    secret_id: int


class RequiresSoftware(Requires):
    """The caller presents the token of a practice's client, which may check rights now. No cookie counts."""

    def __init__(self) -> None:
        super().__init__(Permission.RIGHTS_CHECK)
        self.name = "software"

    async def __call__(self, connection: ASGIConnection, _: BaseRouteHandler) -> None:
        request: PortalRequest = connection  # type: ignore[assignment]
        claims = _claims_of(request)
        access = await request.database.run(_access_now, request, claims)
        request.scope["state"]["viewer"] = access.viewer
        request.scope["state"]["claims"] = claims


def issue_token(keyring: Keyring, access: Access, now: datetime) -> str:
    """A token for what the client may do until `LIFE` is over."""
    (opaque,) = keyring.conceal(KIND, [access.software_id])
    expires = int((now + LIFE).timestamp())
    return keyring.signer(PURPOSE).sign(f"{opaque}.{access.secret_id}.{expires}").decode()


def access_now(request: PortalRequest, db: Session) -> Access:
    """The caller's access as it is at this instant, judged anew: a body may come slowly. Raises `ApiProblem`."""
    claims: Claims = request.scope["state"]["claims"]
    return _judged(request, access_by_ids(db, *claims, request.now))


def may_ask(access: Access) -> bool:
    """Whether the account that the client acts for may still have software ask."""
    return access.viewer.standing is Standing.ACTIVE and may(access.viewer, Permission.SOFTWARE_MANAGE)


def is_presented(request: PortalRequest, access: Access) -> bool:
    """Whether the caller presents the certificate that the client is bound to, if it is bound to one."""
    return not access.certificate or compare_digest(access.certificate, certificate_of(request))


def _access_now(request: PortalRequest, claims: Claims) -> Access:
    with request.database.read() as db:
        return _judged(request, access_by_ids(db, *claims, request.now))


def _judged(request: PortalRequest, access: Access | None) -> Access:
    if access is None or not is_presented(request, access):
        raise unauthorised(_NO_LONGER, "invalid_token")
    standing = access.viewer.standing
    if standing in _STANDINGS:
        raise ApiProblem(403, *_STANDINGS[standing])
    if not may_ask(access):
        raise ApiProblem(403, *_STANDINGS[Standing.CLOSED])
    return access


def _claims_of(request: PortalRequest) -> Claims:
    """Raises `ApiProblem`: 401 without a token that we made and whose time is not over."""
    sent = request.headers.getall("authorization", [])
    if not sent:
        raise unauthorised("Présentez un jeton dans l’en-tête Authorization. Demandez-le à /api/jeton.")
    found = _BEARER.fullmatch(sent[0]) if len(sent) == 1 else None
    claims = _read(request.services.keyring, found[1], request.now) if found else None
    if claims is None:
        raise unauthorised(_NO_LONGER, "invalid_token")
    return claims


def _read(keyring: Keyring, token: str, now: datetime) -> Claims | None:
    said = (keyring.unsign(PURPOSE, token) or "").split(".")
    if len(said) != 3 or int(said[2]) <= now.timestamp():
        return None
    software_id = keyring.reveal(KIND, said[0])
    return Claims(software_id, int(said[1])) if software_id is not None else None


def unauthorised(detail: str, error: str = "") -> ApiProblem:
    """401; `error` as RFC 6750 names it, none for whoever presented nothing."""
    more = f', error="{error}"' if error else ""
    headers = {"WWW-Authenticate": f'Bearer realm="{SCOPE}", scope="{SCOPE}"{more}'}
    return ApiProblem(401, "jeton-refuse", "Jeton refusé", detail, headers=headers)
