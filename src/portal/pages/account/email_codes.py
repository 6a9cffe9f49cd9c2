"""The code e-mailed to whoever signs in from a browser not seen before: /connexion/code-email."""

from litestar import Response
from litestar.params import FromQuery
from litestar.response import Redirect

from portal.data.passwords import holder_of
from portal.entry.arrivals import send_code
from portal.entry.authentication import check_email_code
from portal.forms import FieldError, single_values
from portal.pages.account.sign_in import welcome
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import LONGEST_PATH, async_action, local_path, page
from portal.web import PortalRequest

TITLE = "Le code reçu par e-mail"
WRONG = (
    "Ce code n’est pas valable\u00a0: il sert une fois, pendant dix minutes, et cinq essais. "
    "Vérifiez-le, ou demandez-en un autre."
)
TOO_MANY = "Plusieurs codes sont déjà partis. Cherchez le dernier dans votre messagerie, ou réessayez dans une heure."
ANSWERS = [requires(Permission.EMAIL_CODE)]


@page("/connexion/code-email", name="email-code", guards=ANSWERS)
def code_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return _form(request, suite)


@async_action("/connexion/code-email", name="email-code.submit", guards=ANSWERS)
async def submit(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("code", "suite"), longest=LONGEST_PATH + 1)
    code = "".join(sent["code"].split())
    signed = await request.database.run_writing(check_email_code, request, request.viewer, code)
    if signed is None:
        return await request.database.run(_form, request, sent["suite"], WRONG)
    return welcome(request, signed, sent["suite"])


@async_action("/connexion/code-email/envoi", name="email-code.resend", guards=ANSWERS)
async def resend(request: PortalRequest) -> Response[bytes] | Redirect:
    after = single_values(await request.form(), ("suite",), longest=LONGEST_PATH + 1)["suite"]
    if not await request.database.run_writing(_send, request):
        return await request.database.run(_form, request, after, TOO_MANY)
    safe = local_path(after)
    return Redirect(request.services.urls("email-code", {"suite": safe} if safe else None), status_code=303)


def _send(request: PortalRequest) -> bool:
    with request.database.write() as db:
        return send_code(request, db, request.viewer)


def _form(request: PortalRequest, after: str, problem: str = "") -> Response[bytes]:
    return render_page(
        request,
        "account/email_codes/index.html",
        TITLE,
        errors=[FieldError("code", problem)] if problem else [],
        suite=local_path(after) or "",
        address=_masked(holder_of(request.db, request.viewer.account_id).email),
    )


def _masked(email: str) -> str:
    """« a•••@exemple.fr »: enough for its holder to know which mailbox to open."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
