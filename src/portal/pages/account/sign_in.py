"""Signing in and out: /connexion, /connexion/code, /deconnexion."""

from litestar import Response
from litestar.datastructures import Cookie
from litestar.params import FromQuery
from litestar.response import Redirect

from portal.authentication import SignedIn, check_code, check_password, sign_out
from portal.data.accounts import Space
from portal.data.sessions import Stage
from portal.errors import step_url
from portal.forms import FieldError, exact_value, single_values
from portal.permissions import Permission, public, requires
from portal.rendering import render_page
from portal.routing import action, async_action, local_path, page
from portal.security import new_token
from portal.sessions import SESSION, VISIT, drop_cookie, make_cookie
from portal.web import PortalRequest

WRONG = "Identifiant ou mot de passe incorrect. Vérifiez-les, ou patientez quelques minutes après plusieurs essais."
WRONG_CODE = "Ce code n’est pas valable. Attendez le prochain code de votre application, puis saisissez-le."

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
    return _form(request, suite, identifier="")


@async_action("/connexion", name="sign-in.submit", guards=[public])
async def submit(request: PortalRequest) -> Response[bytes] | Redirect:
    form = await request.form()
    sent, password = single_values(form, ("identifiant", "suite"), longest=1001), exact_value(form, "mot-de-passe")
    identifier = "".join(sent["identifiant"].split())
    errors = _missing(identifier, password)
    signed = None if errors else await check_password(request, identifier, password)
    if signed is None:
        return _form(request, sent["suite"], identifier, errors or [FieldError("identifiant", WRONG)])
    return _welcome(request, signed, sent["suite"])


@page("/connexion/code", name="second-factor", guards=[requires(Permission.SECOND_FACTOR)])
def code_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return render_page(request, "account/sign_in/code.html", "Votre code de connexion", suite=suite)


@async_action("/connexion/code", name="second-factor.submit", guards=[requires(Permission.SECOND_FACTOR)])
async def submit_code(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("code", "suite"), longest=1001)
    signed = await request.database.run_writing(check_code, request, request.viewer, "".join(sent["code"].split()))
    if signed is None:
        errors = [FieldError("code", WRONG_CODE)]
        return render_page(
            request, "account/sign_in/code.html", "Votre code de connexion", errors=errors, suite=sent["suite"]
        )
    return _welcome(request, signed, sent["suite"])


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


def _form(
    request: PortalRequest, after: str, identifier: str, errors: list[FieldError] | None = None
) -> Response[bytes]:
    return render_page(
        request,
        "account/sign_in/index.html",
        "Connexion à votre espace",
        errors=errors or [],
        cookies=_visit(request),
        suite=local_path(after) or "",
        identifier=identifier,
    )


def _visit(request: PortalRequest) -> list[Cookie]:
    """The cookie that binds the form's token before there is a session; set once, before the form is rendered."""
    state = request.scope["state"]
    if state["visit"]:
        return []
    state["visit"] = new_token()
    return [make_cookie(request.services, VISIT, state["visit"])]


def _missing(identifier: str, password: str) -> list[FieldError]:
    errors = []
    if not identifier:
        errors.append(FieldError("identifiant", "Saisissez votre identifiant : dix chiffres, reçus par e-mail."))
    if not password:
        errors.append(FieldError("mot-de-passe", "Saisissez votre mot de passe."))
    return errors


def _welcome(request: PortalRequest, signed: SignedIn, after: str) -> Redirect:
    url = request.services.urls
    safe = local_path(after)
    if signed.stage == Stage.CODE:
        target = url("second-factor", {"suite": safe} if safe else None)
    else:
        target = safe or url("start")
    cookies = [make_cookie(request.services, SESSION, signed.token), drop_cookie(request.services.settings, VISIT)]
    return Redirect(target, status_code=303, cookies=cookies)
