"""Signing in and out: /connexion, /deconnexion."""

from collections.abc import Sequence

from litestar import Response
from litestar.params import FromQuery
from litestar.response import Redirect

from portal.data.accounts import Space
from portal.data.blocks import Block
from portal.data.sessions import Stage
from portal.entry.arrivals import SignedIn
from portal.entry.authentication import Expired, check_password, sign_out
from portal.errors import step_url
from portal.forms import FieldError, exact_value, single_values
from portal.pages.account.passkey_forms import passkey_context
from portal.permissions import Permission, public, requires
from portal.rendering import render_page
from portal.routing import action, async_action, local_path, page
from portal.sessions import SESSION, VISIT, drop_cookie, make_cookie
from portal.visits import visit_cookies
from portal.web import PortalRequest

WRONG = "Identifiant ou mot de passe incorrect. Vérifiez-les, ou patientez quelques minutes après plusieurs essais."

SECOND_STEPS = {Stage.CODE: "second-factor", Stage.EMAIL_CODE: "email-code"}
BLOCKED = "Votre espace n’est pas accessible"
EXPIRED = "Votre mot de passe provisoire a expiré"

HOMES = {
    Space.MEMBER: "member.home",
    Space.EMPLOYER: "employer.home",
    Space.PROVIDER: "provider.home",
    Space.DESK: "desk.home",
}


@page("/connexion", name="sign-in", guards=[public])
def sign_in_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes] | Redirect:
    if request.signed_in is not None:
        return Redirect(home_url(request), status_code=303)
    return sign_in_form(request, suite)


@async_action("/connexion", name="sign-in.submit", guards=[public])
async def submit(request: PortalRequest) -> Response[bytes] | Redirect:
    form = await request.form()
    sent, password = single_values(form, ("identifiant", "suite"), longest=1001), exact_value(form, "mot-de-passe")
    identifier = "".join(sent["identifiant"].split())
    errors = _missing(identifier, password)
    answer = None if errors else await check_password(request, identifier, password)
    if answer is None:
        return sign_in_form(request, sent["suite"], identifier, errors or [FieldError("identifiant", WRONG)])
    return proved(request, answer, sent["suite"])


@action("/deconnexion", name="sign-out", guards=[requires(Permission.SIGN_OUT)])
def leave(request: PortalRequest) -> Redirect:
    sign_out(request)
    dropped = drop_cookie(request.services.settings, SESSION)
    headers = {"Clear-Site-Data": '"cache", "storage"'}
    return Redirect(request.services.urls("sign-in"), status_code=303, cookies=[dropped], headers=headers)


def home_url(request: PortalRequest) -> str:
    """Where the viewer's space starts, or the step that is still due."""
    if request.viewer.stage != Stage.FULL:
        return step_url(request)
    return request.services.urls(HOMES[Space(request.viewer.space)])


def sign_in_form(
    request: PortalRequest, after: str, identifier: str = "", errors: Sequence[FieldError] = ()
) -> Response[bytes]:
    """The sign-in page, with what was typed and what is wrong with it."""
    return render_page(
        request,
        "account/sign_in/index.html",
        "Connexion à votre espace",
        errors=errors,
        cookies=visit_cookies(request),
        suite=local_path(after) or "",
        identifier=identifier,
        **passkey_context(request),
    )


def _missing(identifier: str, password: str) -> list[FieldError]:
    errors = []
    if not identifier:
        errors.append(FieldError("identifiant", "Saisissez votre identifiant : dix chiffres, reçus par e-mail."))
    if not password:
        errors.append(FieldError("mot-de-passe", "Saisissez votre mot de passe."))
    return errors


def proved(request: PortalRequest, answer: SignedIn | Block | Expired, after: str) -> Response[bytes] | Redirect:
    """The answer to whoever has proved who they are: in, or why not."""
    if isinstance(answer, Block):
        return render_page(request, "account/sign_in/blocked.html", BLOCKED, status=403, block=answer)
    if isinstance(answer, Expired):
        return render_page(request, "account/sign_in/expired.html", EXPIRED, status=403)
    return welcome(request, answer, after)


def welcome(request: PortalRequest, signed: SignedIn, after: str) -> Redirect:
    """Into the portal with the new session's cookie: the step that is due, or where the person was going."""
    url = request.services.urls
    safe = local_path(after)
    step = SECOND_STEPS.get(signed.stage)
    target = url(step, {"suite": safe} if safe else None) if step else safe or url("start")
    cookies = [make_cookie(request.services, SESSION, signed.token), drop_cookie(request.services.settings, VISIT)]
    return Redirect(target, status_code=303, cookies=cookies)
