"""Keeping what concerns an account's holder beyond its time (R-71): a supervisor places a hold, with a reason, and
lifts it. The holder finds both in the account's activity."""

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard

from portal.data.activity import account_object
from portal.data.evidence import Action
from portal.data.retention_holds import hold_on, lift_hold, place_hold
from portal.forms import FieldError, single_values
from portal.pages.desk.account_acts import page_of_act
from portal.pages.desk.account_reopening import target
from portal.pages.desk.accounts import actable
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.routing import async_action, page
from portal.web import PortalRequest

GUARDS: list[Guard] = [requires(Permission.DESK_RETENTION), recently_confirmed]
FIELDS = ("motif", "levee")


@page("/gestion/comptes/{compte:str}/conservation", name="desk.account.hold", guards=GUARDS)
def hold_page(request: PortalRequest, compte: FromPath[str]) -> Response[bytes]:
    return _form(request, compte, "")


@async_action("/gestion/comptes/{compte:str}/conservation", name="desk.account.hold.change", guards=GUARDS)
async def change_hold(request: PortalRequest, compte: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), FIELDS, longest=LONGEST + 1, texts=("motif",))
    is_lifting = sent["levee"] == "1"
    if not is_lifting and (errors := reason_errors(sent["motif"])):
        return _form(request, compte, sent["motif"], errors)
    await request.database.run_writing(_lift if is_lifting else _place, request, compte, sent["motif"])
    return Redirect(request.services.urls("desk.account", compte=compte), status_code=303)


def _place(request: PortalRequest, compte: str, reason: str) -> None:
    with request.database.write() as db:
        account = target(request, db, compte)
        if place_hold(db, request.viewer, request.services.keyring, account, reason, request.now):
            about = account_object(account.id or 0)
            request.record(db, Action.RETENTION_HELD, about, acting_for=account.person_id)


def _lift(request: PortalRequest, compte: str, _: str) -> None:
    with request.database.write() as db:
        account = target(request, db, compte)
        if lift_hold(db, request.viewer, account, request.now):
            about = account_object(account.id or 0)
            request.record(db, Action.RETENTION_HOLD_LIFTED, about, acting_for=account.person_id)


def _form(request: PortalRequest, compte: str, reason: str, errors: list[FieldError] | None = None) -> Response[bytes]:
    sheet = actable(request, compte)
    hold = hold_on(request.db, sheet.account)
    why = request.services.keyring.decrypt(hold.reason_encrypted) if hold else ""
    title = "Données en conservation" if hold else "Mettre en conservation"
    template = "desk/accounts/hold.html"
    return page_of_act(request, compte, sheet, template, title, errors, hold=hold, why=why, reason=reason)
