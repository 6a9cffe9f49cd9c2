"""A password or an identifier lost (R-12): /mot-de-passe-oublie, /mot-de-passe/nouveau, /identifiant-oublie.

The answer never says whether there is such an account: the letter does.
"""

from litestar import Response
from litestar.response import Redirect

from portal.data.links import Link
from portal.data.passwords import holder_of
from portal.entry.password_changes import (
    PasswordRefused,
    ask_reset,
    hash_chosen,
    remind_identifiers,
    reset_link,
    reset_password,
)
from portal.forms import FieldError, email_of, exact_value, single_values
from portal.pacing import on_the_beat
from portal.pages.account.links import dead_link
from portal.pages.account.password_form import FIELD, render_choice
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.security import LINK
from portal.sessions import drop_cookie
from portal.visits import visit_cookies
from portal.web import PortalRequest

FORGOTTEN = "Mot de passe oublié"
NEW = "Choisissez un nouveau mot de passe"
REMINDER = "Identifiant oublié"
NO_IDENTIFIER = "Saisissez votre identifiant\u00a0: dix chiffres, reçus par e-mail."
NO_EMAIL = "Saisissez une adresse e-mail complète, par exemple prenom.nom@exemple.fr."


@page("/mot-de-passe-oublie", name="password.forgotten", guards=[public])
def forgotten_page(request: PortalRequest) -> Response[bytes]:
    return _typed_form(request, "forgotten", FORGOTTEN, "identifiant")


@async_action("/mot-de-passe-oublie", name="password.forgotten.submit", guards=[public])
async def submit_forgotten(request: PortalRequest) -> Response[bytes] | Redirect:
    typed = single_values(await request.form(), ("identifiant",))["identifiant"]
    identifier = "".join(typed.split())
    if not identifier:
        return _typed_form(request, "forgotten", FORGOTTEN, "identifiant", typed, NO_IDENTIFIER)
    async with on_the_beat():
        await request.database.run_writing(ask_reset, request, identifier)
    return Redirect(request.services.urls("password.forgotten.sent"), status_code=303)


@page("/mot-de-passe-oublie/envoye", name="password.forgotten.sent", guards=[public])
def forgotten_sent_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/passwords/forgotten_sent.html", "Consultez votre messagerie")


@page("/mot-de-passe/nouveau", name="password.reset", guards=[public])
def reset_page(request: PortalRequest) -> Response[bytes]:
    link = reset_link(request, request.db)
    return _reset_form(request, link) if link else dead_link(request)


@async_action("/mot-de-passe/nouveau", name="password.reset.submit", guards=[public])
async def submit_reset(request: PortalRequest) -> Response[bytes] | Redirect:
    password = exact_value(await request.form(), FIELD)
    link = await request.database.run(reset_link, request, request.db)
    if link is None:
        return dead_link(request)
    try:
        holder = await request.database.run(holder_of, request.db, link.account_id)
        password_hash = await hash_chosen(request, holder, password)
    except PasswordRefused as refused:
        return await request.database.run(_reset_form, request, link, str(refused))
    if not await request.database.run_writing(reset_password, request, password_hash):
        return dead_link(request)
    dropped = [drop_cookie(request.services.settings, LINK)]
    return Redirect(request.services.urls("password.reset.done"), status_code=303, cookies=dropped)


@page("/mot-de-passe/nouveau/fait", name="password.reset.done", guards=[public])
def reset_done_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/passwords/reset_done.html", "Votre nouveau mot de passe est enregistré")


@page("/identifiant-oublie", name="identifier.forgotten", guards=[public])
def reminder_page(request: PortalRequest) -> Response[bytes]:
    return _typed_form(request, "reminder", REMINDER, "adresse")


@async_action("/identifiant-oublie", name="identifier.forgotten.submit", guards=[public])
async def submit_reminder(request: PortalRequest) -> Response[bytes] | Redirect:
    typed = single_values(await request.form(), ("adresse",), longest=300)["adresse"]
    email = email_of(typed)
    if email is None:
        return _typed_form(request, "reminder", REMINDER, "adresse", typed, NO_EMAIL)
    async with on_the_beat():
        await request.database.run_writing(remind_identifiers, request, email)
    return Redirect(request.services.urls("identifier.sent"), status_code=303)


@page("/identifiant-oublie/envoye", name="identifier.sent", guards=[public])
def reminder_sent_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/passwords/reminder_sent.html", "Consultez votre messagerie")


def _typed_form(
    request: PortalRequest, template: str, title: str, field: str, typed: str = "", problem: str = ""
) -> Response[bytes]:
    return render_page(
        request,
        f"account/passwords/{template}.html",
        title,
        errors=[FieldError(field, problem)] if problem else [],
        cookies=visit_cookies(request),
        typed=typed,
    )


def _reset_form(request: PortalRequest, link: Link, problem: str = "") -> Response[bytes]:
    holder = holder_of(request.db, link.account_id)
    return render_choice(request, "reset", NEW, holder, problem, cookies=visit_cookies(request))
