"""Keeping what concerns a person beyond its time, with an account or without (R-71): a supervisor places a hold, with a
reason, and lifts it; both are in the person's activity."""

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from portal.data.evidence import Action
from portal.data.retention_holds import hold_on_person, lift_hold_on_person, place_hold_on_person
from portal.forms import FieldError, single_values
from portal.pages.desk.account_holds import FIELDS, GUARDS
from portal.pages.desk.people import name_of, people_crumb, sheet_of
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

PATH = "/gestion/personnes/{personne:str}/conservation"
ABOUT = "personne"


@page(PATH, name="desk.person.hold", guards=GUARDS)
def hold_page(request: PortalRequest, personne: FromPath[str]) -> Response[bytes]:
    return _form(request, personne, "")


@async_action(PATH, name="desk.person.hold.change", guards=GUARDS)
async def change_hold(request: PortalRequest, personne: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), FIELDS, longest=LONGEST + 1)
    is_lifting = sent["levee"] == "1"
    if not is_lifting and (errors := reason_errors(sent["motif"])):
        return _form(request, personne, sent["motif"], errors)
    await request.database.run_writing(_lift if is_lifting else _place, request, personne, sent["motif"].strip())
    return Redirect(request.services.urls("desk.person", personne=personne), status_code=303)


def _place(request: PortalRequest, personne: str, reason: str) -> None:
    person_id = sheet_of(request, personne).person.id or 0
    with request.database.write() as db:
        if place_hold_on_person(db, request.viewer, request.services.keyring, person_id, reason, request.now):
            request.record(db, Action.RETENTION_HELD, ABOUT, acting_for=person_id)


def _lift(request: PortalRequest, personne: str, _: str) -> None:
    person_id = sheet_of(request, personne).person.id or 0
    with request.database.write() as db:
        if lift_hold_on_person(db, request.viewer, person_id, request.now):
            request.record(db, Action.RETENTION_HOLD_LIFTED, ABOUT, acting_for=person_id)


def _form(
    request: PortalRequest, personne: str, reason: str, errors: list[FieldError] | None = None
) -> Response[bytes]:
    sheet = sheet_of(request, personne)
    request.note_read(Action.PERSON_READ, "conservation", acting_for=sheet.person.id)
    hold = hold_on_person(request.db, sheet.person.id or 0)
    back = request.services.urls("desk.person", personne=personne)
    return render_page(
        request,
        "desk/people/hold.html",
        "Données en conservation" if hold else "Mettre en conservation",
        crumbs=[people_crumb(request), Crumb(name_of(sheet.person), back)],
        errors=errors or [],
        name=name_of(sheet.person),
        has_account=bool(sheet.accounts),
        hold=hold,
        why=request.services.keyring.decrypt(hold.reason_encrypted) if hold else "",
        reason=reason,
        personne=personne,
        back=back,
    )


HANDLERS = [hold_page, change_hold]
