"""Passkeys of one's own account: /compte/securite/cles."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.data.passkeys import MOST_PASSKEYS, Passkey, passkey_of
from portal.data.second_factors import factors_of
from portal.entry.browsers import browser_name, browser_of
from portal.entry.second_factors import add_passkey, passkey_creation, remove_passkey
from portal.forms import FieldError, single_values
from portal.pages.account.factors import SENSITIVE, changed, security_crumbs
from portal.pages.account.passkey_forms import LONGEST_ANSWER, json_answer, passkey_context, refusal_of
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLE = "Clés d’accès"
KIND = "passkey"
LONGEST_NAME = 60
NO_NAME = "Donnez un nom à cette clé, par exemple «\u00a0Téléphone\u00a0»."
NOT_ADDED = "La clé n’a pas pu être ajoutée. Réessayez, sur cet appareil ou sur un autre."
LAST = "C’est votre seule seconde protection, et votre espace en demande une. Ajoutez d’abord un autre moyen."


@page("/compte/securite/cles", name="passkeys", guards=SENSITIVE)
def passkeys_page(request: PortalRequest) -> Response[bytes]:
    user_agent = request.headers.get("user-agent", "")
    return _list(request, browser_name(user_agent) if browser_of(user_agent).family else "")


@action("/compte/securite/cles/options", name="passkeys.options", guards=SENSITIVE)
def options(request: PortalRequest) -> Response[bytes]:
    return json_answer(passkey_creation(request))


@async_action("/compte/securite/cles", name="passkeys.add", guards=SENSITIVE)
async def add(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("nom", "reponse"), longest=LONGEST_ANSWER)
    name = sent["nom"].strip()[:LONGEST_NAME]
    if not name:
        return await request.database.run(_list, request, "", FieldError("nom", NO_NAME))
    done = await request.database.run_writing(add_passkey, request, sent["reponse"], name)
    if done is None:
        error = FieldError("nom", refusal_of(sent["reponse"], NOT_ADDED))
        return await request.database.run(_list, request, name, error)
    return changed(request, done, "passkeys")


@page("/compte/securite/cles/{cle:str}", name="passkey", guards=SENSITIVE)
def passkey_page(request: PortalRequest, cle: FromPath[str]) -> Response[bytes]:
    return _one(request, _found(request, cle), cle)


@action("/compte/securite/cles/{cle:str}/retrait", name="passkey.remove", guards=SENSITIVE)
def remove(request: PortalRequest, cle: FromPath[str]) -> Response[bytes] | Redirect:
    passkey = _found(request, cle)
    done = remove_passkey(request, passkey.id or 0)
    if done is None:
        return _one(request, passkey, cle, FieldError("retrait", LAST))
    return changed(request, done, "passkeys")


def _found(request: PortalRequest, opaque: str) -> Passkey:
    """The viewer's own key behind the opaque identifier; another's does not exist."""
    row = request.services.keyring.reveal(KIND, opaque)
    passkey = passkey_of(request.db, request.viewer, row) if row is not None else None
    if passkey is None:
        raise NotFoundException
    return passkey


def _list(request: PortalRequest, name: str, *errors: FieldError) -> Response[bytes]:
    factors = factors_of(request.db, request.viewer)
    opaque = request.services.keyring.conceal(KIND, [key.id or 0 for key in factors.passkeys])
    return render_page(
        request,
        "account/passkeys/index.html",
        TITLE,
        crumbs=security_crumbs(request),
        errors=errors,
        keys=list(zip(opaque, factors.passkeys, strict=True)),
        is_full=len(factors.passkeys) >= MOST_PASSKEYS,
        name=name,
        **passkey_context(request),
    )


def _one(request: PortalRequest, passkey: Passkey, opaque: str, *errors: FieldError) -> Response[bytes]:
    crumbs = security_crumbs(request)
    return render_page(
        request,
        "account/passkeys/one.html",
        "Retirer une clé d’accès",
        crumbs=[*crumbs, Crumb(TITLE, request.services.urls("passkeys"))] if crumbs else [],
        errors=errors,
        key=passkey,
        opaque=opaque,
    )
