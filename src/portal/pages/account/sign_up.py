"""Signing up: /inscription, one form for each space, and the letters sent again (R-04, R-10, R-11, R-14, R-15)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect

from portal.data.acceptances import NotInForce
from portal.data.onboarding import terms_number
from portal.entry.onboarding import receive_resend, receive_sign_up
from portal.forms import FieldError, single_values
from portal.pages.account import sign_up_forms as forms
from portal.pages.account.terms_form import OUTDATED
from portal.permissions import public
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.visits import visit_cookies
from portal.web import PortalRequest

TOO_MANY = "Trop de demandes en peu de temps. Réessayez dans une heure, ou appelez-nous."
NOTHING_TYPED = "Saisissez votre identifiant ou votre adresse e-mail."


@dataclass(frozen=True, slots=True)
class Door:
    """One space's form: its template and title, and how it is read."""

    template: str
    title: str
    fields: Sequence[str]
    read: Callable[[FormMultiDict], forms.Read]


MEMBER = Door("member", "Ouvrir un espace adhérent", forms.MEMBER_FIELDS, forms.read_member)
EMPLOYER = Door("employer", "Ouvrir un espace employeur", forms.EMPLOYER_FIELDS, forms.read_employer)
PROVIDER = Door("provider", "Ouvrir un espace professionnel", forms.PROVIDER_FIELDS, forms.read_provider)


@page("/inscription", name="sign-up", guards=[public])
def spaces(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/sign_up/index.html", "Ouvrir votre espace")


@page("/inscription/adherent", name="sign-up.member", guards=[public])
def member_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, MEMBER)


@async_action("/inscription/adherent", name="sign-up.member.submit", guards=[public])
async def submit_member(request: PortalRequest) -> Response[bytes] | Redirect:
    return await _submit(request, MEMBER)


@page("/inscription/employeur", name="sign-up.employer", guards=[public])
def employer_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, EMPLOYER)


@async_action("/inscription/employeur", name="sign-up.employer.submit", guards=[public])
async def submit_employer(request: PortalRequest) -> Response[bytes] | Redirect:
    return await _submit(request, EMPLOYER)


@page("/inscription/professionnel", name="sign-up.provider", guards=[public])
def provider_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, PROVIDER)


@async_action("/inscription/professionnel", name="sign-up.provider.submit", guards=[public])
async def submit_provider(request: PortalRequest) -> Response[bytes] | Redirect:
    return await _submit(request, PROVIDER)


@page("/inscription/e-mails", name="sign-up.sent", guards=[public])
def sent_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/sign_up/sent.html", "Vérifiez vos e-mails")


@page("/inscription/renvoi", name="sign-up.resend", guards=[public])
def resend_page(request: PortalRequest) -> Response[bytes]:
    return _resend_form(request)


@async_action("/inscription/renvoi", name="sign-up.resend.submit", guards=[public])
async def submit_resend(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("compte",), longest=254)
    typed = "".join(sent["compte"].split())
    if not typed:
        return _resend_form(request, [FieldError("compte", NOTHING_TYPED)])
    answering = await request.database.run_writing(receive_resend, request, typed)
    return _sent(request, answering) if answering else _resend_form(request, [FieldError("", TOO_MANY)], typed)


async def _submit(request: PortalRequest, door: Door) -> Response[bytes] | Redirect:
    read = door.read(await request.form())
    errors = read.errors
    if read.claim is not None:
        try:
            answering = await request.database.run_writing(receive_sign_up, request, read.claim, read.email, read.terms)
            if answering:
                return _sent(request, answering)
            errors = [FieldError("", TOO_MANY)]
        except NotInForce:
            errors = [FieldError("accepte", OUTDATED)]
            read.values["accepte"] = ""
    return await request.database.run(_form, request, door, read.values, errors)


def _sent(request: PortalRequest, answering: BackgroundTask) -> Redirect:
    return Redirect(request.services.urls("sign-up.sent"), status_code=303, background=answering)


def _form(
    request: PortalRequest, door: Door, values: dict[str, str] | None = None, errors: Sequence[FieldError] = ()
) -> Response[bytes]:
    url = request.services.urls
    number = terms_number(request.db, request.now)
    return render_page(
        request,
        f"account/sign_up/{door.template}.html",
        door.title,
        crumbs=_crumbs(request),
        errors=errors,
        cookies=visit_cookies(request),
        values=values or dict.fromkeys(door.fields, ""),
        version=number or "",
        terms_url=url("terms.version", number=str(number)) if number else url("terms"),
        situations=forms.SITUATIONS,
        links=forms.LINK_CHOICES,
    )


def _resend_form(request: PortalRequest, errors: Sequence[FieldError] = (), typed: str = "") -> Response[bytes]:
    title = "Recevoir à nouveau vos e-mails"
    context: dict[str, Any] = {"cookies": visit_cookies(request), "crumbs": _crumbs(request), "typed": typed}
    return render_page(request, "account/sign_up/resend.html", title, errors=errors, **context)


def _crumbs(request: PortalRequest) -> list[Crumb]:
    return [Crumb("Ouvrir votre espace", request.services.urls("sign-up"))]
