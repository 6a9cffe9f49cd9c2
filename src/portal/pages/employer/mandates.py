"""Outside firms that act for the company, under a mandate: /employeur/utilisateurs/mandats (R-02, R-10, R-72).

Those who manage the company's users give, change and take back; each act asks for a recent proof of identity, and is
told by letter to the firm and to whoever signed the contract.
"""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.activity import account_object
from portal.data.evidence import Action
from portal.data.mandates import Area, Mandate
from portal.data.mandating import (
    HeldMandate,
    HolderGone,
    MandateMoved,
    Wish,
    change_mandate,
    find_mandate,
    give_mandate,
    holder_of,
    mandates_of,
    revoke_mandate,
)
from portal.data.team import AlreadyInvited, Invitation
from portal.data.throttling import TEAM_LETTERS, allow
from portal.entry.onboarding import deliver_credentials, new_temporary, renew_credentials
from portal.formatting import today
from portal.forms import FieldError
from portal.mandate_notices import CHANGED, GIVEN, REVOKED, tell_of_mandate
from portal.mandate_words import AREA_LABELS, extent_choices, scope_in_words
from portal.pages.account.team import KNOWN, TOO_MANY
from portal.pages.employer.mandate_forms import (
    empty_values,
    latest_day,
    read_mandate,
    read_new_mandate,
    stored_values,
)
from portal.pages.employer.views import home_crumb
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLE, PATH, KIND = "Mandats", "/employeur/utilisateurs/mandats", "mandate"
ONE = f"{PATH}/{{mandate:str}}"
READS: list[Guard] = [requires(Permission.EMPLOYER_TEAM)]
MANAGES: list[Guard] = [requires(Permission.EMPLOYER_TEAM_MANAGE), recently_confirmed]
GONE = "Le compte est fermé. Retirez ce mandat, puis donnez-en un nouveau."
MOVED = "Ce mandat a été modifié ou retiré entre-temps. Revenez à la liste pour voir où il en est."


@page(PATH, name="employer.mandates", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    held = mandates_of(request.db, request.viewer)
    shown = list(zip(held, _names(request, held), [scope_in_words(one.scope) for one in held], strict=True))
    day = today()
    return render_page(
        request,
        "employer/mandates/index.html",
        TITLE,
        crumbs=_crumbs(request)[:-1],
        open_mandates=[row for row in shown if row[0].is_open_on(day)],
        past_mandates=[row for row in shown if not row[0].is_open_on(day)],
        manages=request.services.site.is_permitted(request.viewer, "employer.mandate.new"),
        day=day,
    )


@page(f"{PATH}/nouveau", name="employer.mandate.new", guards=MANAGES)
def new_page(request: PortalRequest) -> Response[bytes]:
    return _new(request, empty_values(), [])


@async_action(f"{PATH}/nouveau", name="employer.mandate.give", guards=MANAGES)
async def give(request: PortalRequest) -> Response[bytes] | Redirect:
    values, asked, errors = read_new_mandate(await request.form())
    if asked is not None:
        try:
            if await request.database.run_writing(_give, request, *asked):
                return _done(request)
            errors = [FieldError("", TOO_MANY)]
        except AlreadyInvited:
            errors = [FieldError("email", KNOWN)]
    return _new(request, values, errors)


@page(ONE, name="employer.mandate", guards=MANAGES)
def mandate_page(request: PortalRequest, mandate: FromPath[str]) -> Response[bytes]:
    held = _found(request, request.db, mandate)
    return _mandate(request, held, mandate, stored_values(held), [])


@async_action(ONE, name="employer.mandate.change", guards=MANAGES)
async def change(request: PortalRequest, mandate: FromPath[str]) -> Response[bytes] | Redirect:
    held = await request.database.run(_found_now, request, mandate)
    values, wish, errors = read_mandate(await request.form())
    if wish is not None:
        try:
            if await request.database.run_writing(_change, request, held, wish):
                return _done(request)
            errors = [FieldError("", TOO_MANY)]
        except MandateMoved:
            errors = [FieldError("", MOVED)]
        except HolderGone:
            errors = [FieldError("", GONE)]
    return _mandate(request, held, mandate, values, errors)


@action(f"{ONE}/retrait", name="employer.mandate.revoke", guards=MANAGES)
def revoke(request: PortalRequest, mandate: FromPath[str]) -> Response[bytes] | Redirect:
    held = _found_now(request, mandate)
    try:
        with request.database.write() as db:
            ended = revoke_mandate(db, request.viewer, held.id, request.now)
            _tell(request, db, ended, REVOKED, Action.MANDATE_REVOKED)
    except MandateMoved:
        return _mandate(request, held, mandate, stored_values(held), [FieldError("", MOVED)])
    return _done(request)


@action(f"{ONE}/renvoi", name="employer.mandate.resend", guards=MANAGES)
def send_again(request: PortalRequest, mandate: FromPath[str]) -> Response[bytes] | Redirect:
    held = _found_now(request, mandate)
    temporary = new_temporary()
    with request.database.write() as db:
        is_allowed = _may_write(request, db)
        now = _found(request, db, mandate)
        if is_allowed and now.is_waiting and now.is_open_on(today()):
            renew_credentials(db, request.services, now.account_id, temporary, request.now, is_invited=True)
            request.record(db, Action.CREDENTIALS_SENT, account_object(now.account_id))
    if is_allowed:
        return _done(request)
    return _mandate(request, held, mandate, stored_values(held), [FieldError("", TOO_MANY)])


def _give(request: PortalRequest, invitation: Invitation, wish: Wish) -> bool:
    temporary = new_temporary()
    with request.database.write() as db:
        if not _may_write(request, db):
            return False
        keyring, viewer = request.services.keyring, request.viewer
        account, mandate = give_mandate(db, viewer, keyring, invitation, temporary.password_hash, wish, request.now)
        deliver_credentials(db, request.services, account, temporary, is_invited=True)
        _tell(request, db, mandate, GIVEN, Action.MANDATE_GIVEN, account)
        return True


def _change(request: PortalRequest, held: HeldMandate, wish: Wish) -> bool:
    with request.database.write() as db:
        if not _may_write(request, db):
            return False
        made = change_mandate(db, request.viewer, held.id, wish, request.now)
        _tell(request, db, made, CHANGED, Action.MANDATE_CHANGED)
        return True


def _tell(
    request: PortalRequest, db: Session, mandate: Mandate, what: str, done: Action, holder: Account | None = None
) -> None:
    tell_of_mandate(request.services, db, mandate, holder or holder_of(db, mandate), what)
    request.record(db, done, account_object(mandate.account_id), scope=mandate.scope)


def _may_write(request: PortalRequest, db: Session) -> bool:
    return allow(db, [(TEAM_LETTERS, str(request.viewer.account_id))], request.now)


def _found_now(request: PortalRequest, mandate: str) -> HeldMandate:
    with request.database.read() as db:
        return _found(request, db, mandate)


def _found(request: PortalRequest, db: Session, mandate: str) -> HeldMandate:
    held = find_mandate(db, request.viewer, request.revealed(KIND, mandate))
    if held is None:
        raise NotFoundException
    return held


def _new(request: PortalRequest, values: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    return render_page(
        request,
        "employer/mandates/new.html",
        "Donner un mandat",
        crumbs=_crumbs(request),
        errors=errors,
        values=values,
        areas=_areas(),
        latest=latest_day(),
    )


def _mandate(
    request: PortalRequest, held: HeldMandate, opaque: str, values: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    return render_page(
        request,
        "employer/mandates/mandate.html",
        held.firm or "Mandat",
        crumbs=_crumbs(request),
        errors=errors,
        values=values,
        held=held,
        opaque=opaque,
        scope=scope_in_words(held.scope),
        areas=_areas(),
        latest=latest_day(),
        is_over=held.ended_at is not None,
        day=today(),
    )


def _areas() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    return [(area.value, AREA_LABELS[area], extent_choices(area)) for area in Area]


def _names(request: PortalRequest, held: list[HeldMandate]) -> list[str]:
    return request.services.keyring.conceal(KIND, (one.id for one in held))


def _done(request: PortalRequest) -> Redirect:
    return Redirect(request.services.urls("employer.mandates"), status_code=303)


def _crumbs(request: PortalRequest) -> list[Crumb]:
    url = request.services.urls
    return [home_crumb(request), Crumb("Utilisateurs", url("employer.team")), Crumb(TITLE, url("employer.mandates"))]
