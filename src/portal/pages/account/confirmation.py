"""Proving again who one is before a sensitive act (security: C6): /compte/confirmation."""

from litestar import Response
from litestar.params import FromQuery
from litestar.response import Redirect

from portal.data.passkey_challenges import Ceremony
from portal.data.second_factors import factors_of
from portal.entry.confirmation import confirm_by_passkey, confirm_by_password
from portal.entry.passkey_entry import passkey_question
from portal.forms import FieldError, exact_value, single_values
from portal.pages.account.passkey_forms import LONGEST_ANSWER, json_answer, passkey_context, refusal_of
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import LONGEST_PATH, action, async_action, local_path, page
from portal.sessions import SESSION, make_cookie
from portal.web import PortalRequest

TITLE = "Confirmez que c’est vous"
WRONG = "Ce que vous avez saisi n’est pas correct. Vérifiez-le, ou patientez quelques minutes après plusieurs essais."
NONE = "Saisissez votre mot de passe."
CONFIRMS = [requires(Permission.CONFIRM)]


@page("/compte/confirmation", name="confirm", guards=CONFIRMS)
def confirm_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return _form(request, suite)


@async_action("/compte/confirmation", name="confirm.submit", guards=CONFIRMS)
async def submit(request: PortalRequest) -> Response[bytes] | Redirect:
    form = await request.form()
    sent, password = single_values(form, ("code", "suite"), longest=LONGEST_PATH + 1), exact_value(form, "mot-de-passe")
    token = await confirm_by_password(request, password, sent["code"]) if password else None
    if token is None:
        return await request.database.run(_form, request, sent["suite"], "mot-de-passe", WRONG if password else NONE)
    return _done(request, token, sent["suite"])


@action("/compte/confirmation/options", name="confirm.options", guards=CONFIRMS)
def options(request: PortalRequest) -> Response[bytes]:
    return json_answer(passkey_question(request, Ceremony.CONFIRM, request.viewer))


@async_action("/compte/confirmation/cle", name="confirm.passkey", guards=CONFIRMS)
async def submit_passkey(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("reponse", "suite"), longest=LONGEST_ANSWER)
    token = await request.database.run_writing(confirm_by_passkey, request, sent["reponse"])
    if token is None:
        return await request.database.run(_form, request, sent["suite"], "cle", refusal_of(sent["reponse"]))
    return _done(request, token, sent["suite"])


def _form(request: PortalRequest, after: str, field: str = "", message: str = "") -> Response[bytes]:
    return render_page(
        request,
        "account/confirmation/index.html",
        TITLE,
        errors=[FieldError(field, message)] if message else [],
        suite=local_path(after) or "",
        factors=factors_of(request.db, request.viewer),
        **passkey_context(request),
    )


def _done(request: PortalRequest, token: str, after: str) -> Redirect:
    cookies = [make_cookie(request.services, SESSION, token)]
    return Redirect(local_path(after) or request.services.urls("start"), status_code=303, cookies=cookies)
