"""One's own password: chosen at first sign-in (/mot-de-passe/premier), changed at /compte/securite/mot-de-passe."""

from litestar import Response
from litestar.params import FromQuery
from litestar.response import Redirect

from portal.data.passwords import Holder, holder_of
from portal.data.sessions import Stage
from portal.entry.password_changes import PasswordRefused, change_password, hash_chosen
from portal.forms import exact_value, single_values
from portal.pages.account.factors import security_crumbs
from portal.pages.account.password_form import FIELD, render_choice
from portal.permissions import Permission, recently_confirmed, requires
from portal.routing import LONGEST_PATH, async_action, local_path, page
from portal.sessions import SESSION, make_cookie
from portal.web import PortalRequest

FIRST = "Choisissez votre mot de passe"
CHANGE = "Changer de mot de passe"
CHOOSES = [requires(Permission.PASSWORD_CHANGE)]


@page("/mot-de-passe/premier", name="password.first", guards=CHOOSES)
def first_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes] | Redirect:
    if request.viewer.stage != Stage.PASSWORD:
        return _elsewhere(request, "password.change")
    return _first_form(request, suite)


@async_action("/mot-de-passe/premier", name="password.first.submit", guards=CHOOSES)
async def submit_first(request: PortalRequest) -> Response[bytes] | Redirect:
    if request.viewer.stage != Stage.PASSWORD:
        return _elsewhere(request, "password.change")
    form = await request.form()
    after = single_values(form, ("suite",), longest=LONGEST_PATH + 1)["suite"]
    try:
        token = await _change(request, exact_value(form, FIELD))
    except PasswordRefused as refused:
        return await request.database.run(_first_form, request, after, str(refused))
    return _done(request, token, local_path(after) or request.services.urls("start"))


@page("/compte/securite/mot-de-passe", name="password.change", guards=[*CHOOSES, recently_confirmed])
def change_page(request: PortalRequest) -> Response[bytes] | Redirect:
    if request.viewer.stage == Stage.PASSWORD:
        return _elsewhere(request, "password.first")
    return _change_form(request)


@async_action("/compte/securite/mot-de-passe", name="password.change.submit", guards=[*CHOOSES, recently_confirmed])
async def submit_change(request: PortalRequest) -> Response[bytes] | Redirect:
    if request.viewer.stage == Stage.PASSWORD:
        return _elsewhere(request, "password.first")
    try:
        token = await _change(request, exact_value(await request.form(), FIELD))
    except PasswordRefused as refused:
        return await request.database.run(_change_form, request, str(refused))
    return _done(request, token, request.services.urls("password.changed"))


@page("/compte/securite/mot-de-passe/change", name="password.changed", guards=CHOOSES)
def changed_page(request: PortalRequest) -> Response[bytes] | Redirect:
    return _page(request, "changed", "Votre mot de passe est changé")


async def _change(request: PortalRequest, password: str) -> str:
    holder = await request.database.run(_holder, request)
    password_hash = await hash_chosen(request, holder, password)
    return await request.database.run_writing(change_password, request, password_hash)


def _holder(request: PortalRequest) -> Holder:
    return holder_of(request.db, request.viewer.account_id)


def _first_form(request: PortalRequest, after: str, problem: str = "") -> Response[bytes]:
    return render_choice(request, "first", FIRST, _holder(request), problem, suite=local_path(after) or "")


def _change_form(request: PortalRequest, problem: str = "") -> Response[bytes]:
    return _page(request, "change", CHANGE, problem)


def _page(request: PortalRequest, template: str, title: str, problem: str = "") -> Response[bytes]:
    crumbs = security_crumbs(request)
    return render_choice(request, template, title, _holder(request), problem, crumbs=crumbs)


def _elsewhere(request: PortalRequest, name: str) -> Redirect:
    return Redirect(request.services.urls(name), status_code=303)


def _done(request: PortalRequest, token: str, target: str) -> Redirect:
    return Redirect(target, status_code=303, cookies=[make_cookie(request.services, SESSION, token)])
