"""Who reads whose benefits: an adult dependant's switch, and what a member sees of it. /adherent/partage."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.own_account import own_account
from portal.data.sharing import Sharing, own_sharings, shared_with, start_sharing, stop_sharing
from portal.data.standing import Standing
from portal.formatting import today
from portal.forms import FieldError, single_values
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Qui voit vos prestations"
MEMBER = "member"
ON, OFF = "oui", "non"
READS = [requires(Permission.SHARING)]
NO_CHOICE = "Choisissez de partager, ou non."


@page("/adherent/partage", name="member.sharing", guards=READS)
def sharing_page(request: PortalRequest) -> Response[bytes]:
    request.note_read(Action.SHARING_READ, "partage")
    return _page(request, request.db)


@async_action("/adherent/partage", name="member.sharing.choose", guards=READS)
async def choose(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_choose, request, sent)


def _choose(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, ("avec", "partage"), 60)
    with request.database.read() as db:
        member_id = request.services.keyring.reveal(MEMBER, raw["avec"])
        sharing = next((one for one in own_sharings(db, request.viewer, today()) if one.member_id == member_id), None)
        if sharing is None:
            raise NotFoundException
        if raw["partage"] not in {ON, OFF}:
            return _page(request, db, [FieldError("partage", NO_CHOICE)])
    _turn(request, sharing, is_on=raw["partage"] == ON)
    return Redirect(request.services.urls("member.sharing"), status_code=303)


def _turn(request: PortalRequest, sharing: Sharing, *, is_on: bool) -> None:
    """Turns the switch, in one transaction with its evidence and its letter. Taking back is always possible; giving is
    not, once the cover has ended (R-64)."""
    if is_on and request.viewer.standing != Standing.ACTIVE:
        raise PermissionDeniedException
    act = start_sharing if is_on else stop_sharing
    with request.database.write() as db:
        if act(db, request.viewer, sharing.member_id, request.now):
            _confirm(request, db, is_on=is_on)
            request.record(
                db, Action.SHARING_STARTED if is_on else Action.SHARING_STOPPED, "partage", persons=[sharing.member_id]
            )


def _confirm(request: PortalRequest, db: Session, *, is_on: bool) -> None:
    """Writes to the dependant alone: the member learns it in the member's own space, if at all."""
    email = own_account(db, request.viewer).email
    if email:
        href = request.services.settings.origin + request.services.urls("member.sharing")
        request.services.mail.post(
            db, "sharing-changed", email, account_id=request.viewer.account_id, is_on=is_on, href=href
        )


def _page(request: PortalRequest, db: Session, errors: list[FieldError] | None = None) -> Response[bytes]:
    own = own_sharings(db, request.viewer, today())
    names = request.services.keyring.conceal(MEMBER, (one.member_id for one in own))
    return render_page(
        request,
        "member/sharing/index.html",
        TITLE,
        crumbs=[Crumb("Accueil", request.services.urls("member.home"))],
        errors=errors or [],
        own=list(zip(names, own, strict=True)),
        others=shared_with(db, request.viewer, today()),
        may_give=request.viewer.standing == Standing.ACTIVE,
    )


HANDLERS = [sharing_page, choose]
