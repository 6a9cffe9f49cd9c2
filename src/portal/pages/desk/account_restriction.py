"""Lifting the restriction that an account's holder asked for (R-70; GDPR 18(3)), by whoever is charged with rights over
data: the holder is written to, and reads the reason in the account."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard

from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work
from portal.data.desk_accounts import Sheet
from portal.data.restricting import Ground
from portal.data_right_notices import lift_for_desk
from portal.data_right_words import GROUND_LABELS
from portal.forms import FieldError, written_text
from portal.pages.desk.account_acts import page_of_act
from portal.pages.desk.account_reopening import target
from portal.pages.desk.accounts import actable
from portal.pages.desk.reasons import reason_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.routing import async_action, page
from portal.web import PortalRequest

GUARDS: list[Guard] = [requires(Permission.DESK_SUSPEND), recently_confirmed]
PATH = "/gestion/comptes/{compte:str}/limitation"


@page(PATH, name="desk.account.restriction", guards=GUARDS)
def restriction_page(request: PortalRequest, compte: FromPath[str]) -> Response[bytes]:
    return _form(request, compte, "")


@async_action(PATH, name="desk.account.restriction.lift", guards=GUARDS)
async def lift_restriction(request: PortalRequest, compte: FromPath[str]) -> Response[bytes] | Redirect:
    reason = written_text(await request.form(), "motif")
    _limited(request, compte)
    if errors := reason_errors(reason):
        return _form(request, compte, reason, errors)
    await request.database.run_writing(_lift, request, compte, reason)
    return Redirect(request.services.urls("desk.account", compte=compte), status_code=303)


def _lift(request: PortalRequest, compte: str, reason: str) -> None:
    agent = agent_at_work(request.viewer, CaseLetters(request.services))
    with request.database.write() as db:
        lift_for_desk(request, db, agent, target(request, db, compte).id or 0, reason)


def _limited(request: PortalRequest, compte: str) -> Sheet:
    """The sheet of an account whose restriction the viewer may lift; 404 for any other."""
    sheet = actable(request, compte)
    if not sheet.may_lift_restriction:
        raise NotFoundException
    return sheet


def _form(request: PortalRequest, compte: str, reason: str, errors: list[FieldError] | None = None) -> Response[bytes]:
    sheet = _limited(request, compte)
    return page_of_act(
        request,
        compte,
        sheet,
        "desk/accounts/restriction.html",
        "Lever la limitation",
        errors,
        restriction=sheet.restriction,
        ground=GROUND_LABELS[Ground(sheet.restriction.ground)] if sheet.restriction else "",
        reason=reason,
    )


HANDLERS = [restriction_page, lift_restriction]
