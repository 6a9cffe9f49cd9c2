"""Codes of an application: /second-facteur, for those who must set a factor up; /compte/securite/application."""

import zxingcpp
from litestar import Response
from litestar.response import Redirect
from litestar.types import Guard

from portal.data.second_factors import factors_of
from portal.data.sessions import Stage
from portal.entry.second_factors import Changed, confirm_totp, pending_totp, remove_totp, start_totp, totp_uri
from portal.forms import FieldError, single_values
from portal.pages.account.own import account_crumbs
from portal.pages.account.passkey_forms import passkey_context
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.sessions import SESSION, make_cookie
from portal.web import PortalRequest

TITLE = "Application de codes"
WRONG = "Ce code n’est pas valable. Vérifiez l’heure de votre téléphone, puis saisissez le code affiché maintenant."
TOO_LATE = "Le temps prévu est écoulé\u00a0: rien n’a changé. Recommencez."
LAST = "C’est votre seule seconde protection, et votre espace en demande une. Ajoutez d’abord une clé d’accès."
ALREADY_OFF = "Aucune application n’est active sur votre compte."
SENSITIVE: list[Guard] = [requires(Permission.FACTORS), recently_confirmed]
SVG = "image/svg+xml"


@page("/second-facteur", name="factor.first", guards=[requires(Permission.FACTORS)])
def first_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/factors/first.html", "Protégez votre compte", **passkey_context(request))


@page("/compte/securite/application", name="factor.app", guards=SENSITIVE)
def app_page(request: PortalRequest) -> Response[bytes]:
    return _app_page(request)


@action("/compte/securite/application/debut", name="factor.app.start", guards=SENSITIVE)
def start(request: PortalRequest) -> Redirect:
    start_totp(request)
    return Redirect(request.services.urls("factor.app"), status_code=303)


@page("/compte/securite/application/image", name="factor.app.image", guards=SENSITIVE)
def image(request: PortalRequest) -> Response[bytes]:
    """The QR code of the secret that waits for its code; 404 when none does."""
    secret = pending_totp(request)
    if secret is None:
        return Response(b"", media_type=SVG, status_code=404)
    drawn = zxingcpp.create_barcode(totp_uri(request, secret), zxingcpp.BarcodeFormat.QRCode)
    return Response(drawn.to_svg(scale=4).encode(), media_type=SVG)


@async_action("/compte/securite/application", name="factor.app.confirm", guards=SENSITIVE)
async def confirm(request: PortalRequest) -> Response[bytes] | Redirect:
    code = "".join(single_values(await request.form(), ("code",))["code"].split())
    done = await request.database.run_writing(confirm_totp, request, code)
    return changed(request, done, "factor.app") if done else await request.database.run(_app_page, request, "code")


@action("/compte/securite/application/retrait", name="factor.app.remove", guards=SENSITIVE)
def remove(request: PortalRequest) -> Response[bytes] | Redirect:
    done = remove_totp(request)
    return changed(request, done, "factor.app") if done else _app_page(request, "retrait")


def changed(request: PortalRequest, done: Changed, target: str) -> Redirect:
    """To the recovery codes when new ones wait to be noted down, else to `target`; with the session's new cookie."""
    cookies = [make_cookie(request.services, SESSION, done.token)]
    name = "recovery.codes" if done.shows_codes else target
    return Redirect(request.services.urls(name), status_code=303, cookies=cookies)


def security_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page of the account's security; none before the session is complete."""
    if request.viewer.stage != Stage.FULL:
        return []
    return [*account_crumbs(request), Crumb("Sécurité", request.services.urls("security"))]


def _app_page(request: PortalRequest, refused: str = "") -> Response[bytes]:
    """The page; `refused`: the field of what could not be done."""
    secret = pending_totp(request)
    factors = factors_of(request.db, request.viewer)
    problems = {
        "code": FieldError("code", WRONG) if secret else FieldError("debut", TOO_LATE),
        "retrait": FieldError("retrait", LAST) if factors.totp_on else FieldError("debut", ALREADY_OFF),
    }
    return render_page(
        request,
        "account/factors/app.html",
        TITLE,
        crumbs=security_crumbs(request),
        errors=[problems[refused]] if refused else [],
        factors=factors,
        groups=[secret[at : at + 4] for at in range(0, len(secret), 4)] if secret else [],
    )
