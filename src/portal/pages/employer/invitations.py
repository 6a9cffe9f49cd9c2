"""Invitations of employees to finish their affiliation: the list, one more, sent again, withdrawn (R-30)."""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data import throttling
from portal.data.employee_acts import Refused
from portal.data.employee_entry import contract_of
from portal.data.evidence import Action
from portal.data.invitations import (
    LIVES,
    RENEWABLE,
    AffiliationInvitation,
    Invited,
    find_invitation,
    invitations,
    invite,
    revoke,
    send_again,
)
from portal.data.staff_categories import StaffCategory
from portal.employee_words import REFUSALS
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.invitation_notices import tell_invited
from portal.invitation_words import STATE_LABELS, TOO_MANY_INVITED, TOO_MANY_LETTERS
from portal.pages.employer.employee import category_names, employee_crumbs
from portal.pages.employer.employee_forms import Reader
from portal.pages.employer.employees import CHANGES, READS
from portal.pages.employer.invitation_forms import FIELDS, New, read_invitation
from portal.pages.employer.views import acting, employee_names
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Invitations à s’affilier"
INVITATION = "affiliation-invitation"


@page("/employeur/salaries/invitations", name="employer.invitations", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    return show_list(request, request.db)


@page("/employeur/salaries/invitations/nouvelle", name="employer.invitation.new", guards=CHANGES)
def new_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, request.db, dict.fromkeys(FIELDS, ""))


@async_action("/employeur/salaries/invitations/nouvelle", name="employer.invitation.send", guards=CHANGES)
async def send(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_send, request, await request.form())


@async_action(
    "/employeur/salaries/invitations/{invitation:str}/renvoi", name="employer.invitation.again", guards=CHANGES
)
async def again(request: PortalRequest, invitation: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_again, request, invitation)


@async_action(
    "/employeur/salaries/invitations/{invitation:str}/retrait", name="employer.invitation.revoke", guards=CHANGES
)
async def withdraw(request: PortalRequest, invitation: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_withdraw, request, invitation)


# --- shared with invitations by the list ---


def show_list(request: PortalRequest, db: Session, problem: str = "") -> Response[bytes]:
    """The company's invitations; `problem`: why an act on one of them could not be done."""
    before = request.query_params.get("apres")
    number = request.revealed(INVITATION, before) if before is not None else None
    found, more = invitations(db, request.viewer, request.now, number)
    request.note_read(Action.INVITATIONS_READ, "liste", employees=len(found))
    keyring = request.services.keyring
    names = keyring.conceal(INVITATION, (each.row.id or 0 for each in found))
    persons = employee_names(request, (each.employee.id or 0 for each in found))
    shown = [_shown(*each) for each in zip(found, names, persons, strict=True)]
    return render_page(
        request,
        "employer/invitations/index.html",
        TITLE,
        errors=[FieldError("invitations", problem)] if problem else [],
        crumbs=employee_crumbs(request),
        invitations=shown,
        next=names[-1] if more else "",
        may_change=request.services.site.is_permitted(request.viewer, "employer.invitation.send"),
        days=LIVES.days,
    )


def invitation_crumbs(request: PortalRequest) -> list[Crumb]:
    """The steps above the pages about invitations."""
    return [*employee_crumbs(request), Crumb(TITLE, request.services.urls("employer.invitations"))]


def invited_one(request: PortalRequest, db: Session, new: New, category: StaffCategory) -> None:
    """Invites one employee, with the letter. Raises `Refused`."""
    if not throttling.allow(db, [_company_quota(request)], request.now):
        raise Refused("too-many-invited", "email")
    doing = acting(request, db)
    employee, row, token = invite(db, doing, contract_of(db, category), category, new)
    if token:
        tell_invited(request.services, db, employee, row, token, new.starts_on)
        request.record(db, Action.EMPLOYEE_INVITED, f"salarie:{row.employee_id}")


def _send(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, FIELDS, day_in_france(request.now))
    with request.database.read() as db:
        read = read_invitation(reader, category_names(request, db))
    if read is not None:
        try:
            with request.database.write() as db:
                invited_one(request, db, *read)
            return _to_list(request)
        except Refused as refused:
            reader.wrong(refused.field or "email", words_of(refused))
    with request.database.read() as db:
        return _form(request, db, reader.raw, reader.errors)


def words_of(refused: Refused) -> str:
    """Why an invitation could not be sent, and what to do."""
    return TOO_MANY_INVITED if refused.code == "too-many-invited" else REFUSALS[refused.code]


def _again(request: PortalRequest, opaque: str) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = _locked(request, db, opaque)
            if not throttling.allow(db, [_letter_quota(found.row), _company_quota(request)], request.now):
                problem = TOO_MANY_LETTERS
            else:
                problem = _sent_again(request, db, found)
    except Refused as refused:
        problem = REFUSALS[refused.code]
    return _answer(request, problem)


def _sent_again(request: PortalRequest, db: Session, found: Invited) -> str:
    row, token = send_again(db, acting(request, db), found.row)
    tell_invited(request.services, db, found.employee, row, token, found.starts_on or found.employee.hired_on)
    request.record(db, Action.INVITATION_RENEWED, f"salarie:{row.employee_id}")
    return ""


def _withdraw(request: PortalRequest, opaque: str) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = _locked(request, db, opaque)
            revoke(db, acting(request, db), found.row)
            request.record(db, Action.INVITATION_REVOKED, f"salarie:{found.row.employee_id}")
    except Refused as refused:
        return _answer(request, REFUSALS[refused.code])
    return _to_list(request)


def _answer(request: PortalRequest, problem: str) -> Response[bytes] | Redirect:
    if not problem:
        return _to_list(request)
    with request.database.read() as db:
        return show_list(request, db, problem)


def _locked(request: PortalRequest, db: Session, opaque: str) -> Invited:
    found = find_invitation(db, request.viewer, request.revealed(INVITATION, opaque), request.now, lock=True)
    if found is None:
        raise NotFoundException
    return found


def _to_list(request: PortalRequest) -> Redirect:
    return Redirect(request.services.urls("employer.invitations"), status_code=303)


def _shown(invited: Invited, name: str, person: str) -> dict[str, Any]:
    label, tone = STATE_LABELS[invited.state]
    is_open = invited.state in RENEWABLE
    return {"invited": invited, "name": name, "person": person, "label": label, "tone": tone, "is_open": is_open}


def _company_quota(request: PortalRequest) -> tuple[throttling.Limit, str]:
    return throttling.INVITATION_LETTERS[1], f"company:{request.viewer.company_id}"


def _letter_quota(row: AffiliationInvitation) -> tuple[throttling.Limit, str]:
    return throttling.INVITATION_LETTERS[0], f"employee:{row.employee_id}"


def _form(
    request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    return render_page(
        request,
        "employer/invitations/new.html",
        "Inviter un salarié",
        errors=errors or [],
        crumbs=invitation_crumbs(request),
        raw=raw,
        categories=[(name, each.label) for name, each in category_names(request, db).items()],
        days=LIVES.days,
    )


HANDLERS = [list_page, new_page, send, again, withdraw]
