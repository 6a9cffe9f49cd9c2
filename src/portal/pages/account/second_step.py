"""The second step of signing in: /connexion/code, by the application's code, a passkey, or a recovery code."""

from litestar import Response
from litestar.params import FromQuery
from litestar.response import Redirect

from portal.data.passkey_challenges import Ceremony
from portal.data.second_factors import factors_of
from portal.entry.authentication import check_code
from portal.entry.passkey_entry import passkey_question
from portal.entry.second_step import take_passkey, take_recovery_code
from portal.forms import FieldError, single_values
from portal.pages.account.passkey_forms import LONGEST_ANSWER, json_answer, passkey_context, refusal_of
from portal.pages.account.sign_in import welcome
from portal.permissions import Permission, public, requires
from portal.rendering import render_page
from portal.routing import LONGEST_PATH, action, async_action, page
from portal.web import PortalRequest

WRONG_CODE = "Ce code n’est pas valable. Attendez le prochain code de votre application, puis saisissez-le."
WRONG_RECOVERY = (
    "Ce code de secours n’est pas valable. Vérifiez-le\u00a0: chacun ne sert qu’une fois. "
    "Après plusieurs essais, patientez quelques minutes."
)
ANSWERS = [requires(Permission.SECOND_FACTOR)]


@page("/connexion/code", name="second-factor", guards=ANSWERS)
def code_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return _code_form(request, suite)


@async_action("/connexion/code", name="second-factor.submit", guards=ANSWERS)
async def submit_code(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("code", "suite"), longest=LONGEST_PATH + 1)
    signed = await request.database.run_writing(check_code, request, request.viewer, "".join(sent["code"].split()))
    if signed is None:
        return await request.database.run(_code_form, request, sent["suite"], FieldError("code", WRONG_CODE))
    return welcome(request, signed, sent["suite"])


@action("/connexion/code/options", name="second-factor.options", guards=ANSWERS)
def options(request: PortalRequest) -> Response[bytes]:
    return json_answer(passkey_question(request, Ceremony.SECOND_STEP, request.viewer))


@async_action("/connexion/code/cle", name="second-factor.passkey", guards=ANSWERS)
async def submit_passkey(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("reponse", "suite"), longest=LONGEST_ANSWER)
    signed = await request.database.run_writing(take_passkey, request, request.viewer, sent["reponse"])
    if signed is None:
        error = FieldError("cle", refusal_of(sent["reponse"]))
        return await request.database.run(_code_form, request, sent["suite"], error)
    return welcome(request, signed, sent["suite"])


@page("/connexion/code/secours", name="second-factor.recovery", guards=ANSWERS)
def recovery_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return _recovery_form(request, suite)


@async_action("/connexion/code/secours", name="second-factor.recover", guards=ANSWERS)
async def submit_recovery(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("code-de-secours", "suite"), longest=LONGEST_PATH + 1)
    typed = sent["code-de-secours"]
    signed = await request.database.run_writing(take_recovery_code, request, request.viewer, typed)
    if signed is None:
        return _recovery_form(request, sent["suite"], FieldError("code-de-secours", WRONG_RECOVERY))
    return welcome(request, signed, sent["suite"])


@page("/connexion/acces-perdu", name="factor.lost", guards=[public])
def lost_page(request: PortalRequest) -> Response[bytes]:
    """What to do when nothing is left: the desk starts over, after checking who asks (B15)."""
    return render_page(request, "account/second_step/lost.html", "Vous avez tout perdu\u00a0?")


def _code_form(request: PortalRequest, after: str, *errors: FieldError) -> Response[bytes]:
    factors = factors_of(request.db, request.viewer)
    title = "Votre code de connexion" if factors.totp_on else "Votre clé d’accès"
    return render_page(
        request,
        "account/second_step/code.html",
        title,
        errors=errors,
        suite=after,
        factors=factors,
        **passkey_context(request),
    )


def _recovery_form(request: PortalRequest, after: str, *errors: FieldError) -> Response[bytes]:
    return render_page(request, "account/second_step/recovery.html", "Un code de secours", errors=errors, suite=after)
