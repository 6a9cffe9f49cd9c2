"""Reporting a fraudulent use of one's account, signed in or not (R-13): /signaler-une-fraude."""

from litestar import Response
from litestar.response import Redirect

from portal.data.fraud import LONGEST_TEXT
from portal.data.sessions import Stage
from portal.entry.fraud_reports import fraud_link, report_by_link, report_from_outside, report_own
from portal.formatting import plural
from portal.forms import FieldError, email_of, single_values, written_text
from portal.pacing import on_the_beat
from portal.pages.account.links import dead_link
from portal.pages.account.own import account_crumbs
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.security import LINK
from portal.sessions import SESSION, drop_cookie
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Signaler une fraude"
NO_IDENTIFIER = "Saisissez l’identifiant du compte\u00a0: dix chiffres."
NO_EMAIL = "Saisissez une adresse e-mail complète, par exemple prenom.nom@exemple.fr."
TOO_LONG = (
    f"Votre texte dépasse {plural(LONGEST_TEXT, 'caractère')}. Raccourcissez-le, vous pourrez en dire plus ensuite."
)
# Whoever only knows the password may be the thief: until the second step they report as a stranger does.
HALF_WAY = {Stage.CODE, Stage.EMAIL_CODE}
NOTHING_TYPED = {"identifiant": "", "adresse": "", "constat": ""}


@page("/signaler-une-fraude", name="fraud.report", guards=[public])
def report_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, "own" if _is_in(request) else "outside", NOTHING_TYPED)


@async_action("/signaler-une-fraude", name="fraud.report.submit", guards=[public])
async def submit(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await _sent(request)
    is_in = _is_in(request)
    errors = _problems(sent, names_account=not is_in)
    if errors:
        return _form(request, "own" if is_in else "outside", sent, errors)
    if is_in:
        await request.database.run_writing(report_own, request, sent["constat"])
        return _done(request, "fraud.done", SESSION)
    async with on_the_beat():
        identifier = "".join(sent["identifiant"].split())
        await request.database.run_writing(report_from_outside, request, identifier, sent["adresse"], sent["constat"])
    return _done(request, "fraud.sent")


@page("/signaler-une-fraude/confirmation", name="fraud.confirm", guards=[public])
def confirm_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, "confirm", NOTHING_TYPED) if fraud_link(request, request.db) else dead_link(request)


@async_action("/signaler-une-fraude/confirmation", name="fraud.confirm.submit", guards=[public])
async def submit_confirmation(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await _sent(request)
    errors = _problems(sent, names_account=False)
    if errors:
        return _form(request, "confirm", sent, errors)
    if not await request.database.run_writing(report_by_link, request, sent["constat"]):
        return dead_link(request)
    return _done(request, "fraud.done", LINK)


@page("/signaler-une-fraude/recu", name="fraud.sent", guards=[public])
def sent_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/fraud/sent.html", "Votre signalement est reçu")


@page("/signaler-une-fraude/fait", name="fraud.done", guards=[public])
def done_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/fraud/done.html", "Votre compte est gelé")


def _is_in(request: PortalRequest) -> bool:
    return request.signed_in is not None and request.signed_in.stage not in HALF_WAY


async def _sent(request: PortalRequest) -> dict[str, str]:
    form = await request.form()
    return single_values(form, ("identifiant", "adresse"), longest=300) | {"constat": written_text(form, "constat")}


def _problems(sent: dict[str, str], *, names_account: bool) -> list[FieldError]:
    errors = []
    if names_account and not sent["identifiant"].strip():
        errors.append(FieldError("identifiant", NO_IDENTIFIER))
    if names_account and email_of(sent["adresse"]) is None:
        errors.append(FieldError("adresse", NO_EMAIL))
    if len(sent["constat"]) > LONGEST_TEXT:
        errors.append(FieldError("constat", TOO_LONG))
    return errors


def _form(
    request: PortalRequest, template: str, typed: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    return render_page(
        request,
        f"account/fraud/{template}.html",
        TITLE,
        errors=errors or [],
        cookies=visit_cookies(request),
        crumbs=account_crumbs(request) if template == "own" else [],
        typed=typed,
    )


def _done(request: PortalRequest, name: str, *cookies: str) -> Redirect:
    dropped = [drop_cookie(request.services.settings, cookie) for cookie in cookies]
    return Redirect(request.services.urls(name), status_code=303, cookies=dropped)
