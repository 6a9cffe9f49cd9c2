"""Stopping a change of bank details by the link of a letter about it, without signing in.

Whoever comes by the link reads a mailbox of the member's, or of somebody who signs: enough to stop a change, never to
make one.
"""

from litestar import Response
from litestar.response import Redirect
from sqlmodel import Session

from portal.bank_areas import BANK_AREAS, bank_area_of, organisation_of
from portal.bank_notices import tell_of_bank_change, tell_of_organisation_change
from portal.data.bank_details import BankDetails, cancel_bank_change, change_behind
from portal.data.evidence import Action
from portal.data.links import Link, LinkPurpose, find_link, use_link
from portal.data.organisation_bank import cancel_change, pending_behind
from portal.data.organisation_banks import OrganisationBankColumns
from portal.pages.account.links import dead_link
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import action, page
from portal.security import LINK
from portal.sessions import drop_cookie
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Arrêter un changement de compte bancaire"
AREAS = {area.link: area for area in BANK_AREAS}
PURPOSES = frozenset({LinkPurpose.BANK_CHANGE, *AREAS})
Change = BankDetails | OrganisationBankColumns


@page("/coordonnees-bancaires/annulation", name="bank.stop", guards=[public])
def stop_page(request: PortalRequest) -> Response[bytes]:
    row = _pending(request.db, find_link(request.db, request.link_token, request.now))
    if row is None:
        return dead_link(request)
    return render_page(
        request,
        "public/bank/stop.html",
        TITLE,
        cookies=visit_cookies(request),
        row=row,
        letters="" if isinstance(row, BankDetails) else bank_area_of(row).name,
    )


@action("/coordonnees-bancaires/annulation", name="bank.stop.submit", guards=[public])
def stop(request: PortalRequest) -> Response[bytes] | Redirect:
    with request.database.write() as db:
        link = _used(request, db)
        pending = _pending(db, link)
        is_stopped = link is not None and pending is not None and _stop(request, db, link, pending)
    if not is_stopped:
        return dead_link(request)
    cookies = [drop_cookie(request.services.settings, LINK)]
    return Redirect(request.services.urls("bank.stopped"), status_code=303, cookies=cookies)


@page("/coordonnees-bancaires/annule", name="bank.stopped", guards=[public])
def stopped_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "public/bank/stopped.html", "Le changement est annulé")


def _used(request: PortalRequest, db: Session) -> Link | None:
    link = find_link(db, request.link_token, request.now)
    if link is None or link.purpose not in PURPOSES:
        return None
    return use_link(db, request.link_token, link.purpose, request.now)


def _stop(request: PortalRequest, db: Session, link: Link, pending: Change) -> bool:
    """Gives the change up; False when that was done, or it took effect, meanwhile."""
    if isinstance(pending, BankDetails):
        return _stop_member(request, db, link, pending)
    return _stop_organisation(request, db, link, pending)


def _stop_member(request: PortalRequest, db: Session, link: Link, pending: BankDetails) -> bool:
    row = cancel_bank_change(db, pending.person_id, request.now)
    if row is not None:
        tell_of_bank_change(request.services, db, row, "bank-change-cancelled", request.now)
        request.record_of(None, db, Action.BANK_CHANGE_CANCELLED, "lien", account_id=link.account_id)
    return row is not None


def _stop_organisation(request: PortalRequest, db: Session, link: Link, pending: OrganisationBankColumns) -> bool:
    area = bank_area_of(pending)
    row = cancel_change(db, area.owner, organisation_of(pending), request.now)
    if row is not None:
        tell_of_organisation_change(request.services, db, row, "cancelled", request.now)
        request.record_of(None, db, area.acts.cancelled, "lien", account_id=link.account_id, **row.proof)
    return row is not None


def _pending(db: Session, link: Link | None) -> Change | None:
    """The pending change that a letter's link is about; nothing for any other link, or once it is over."""
    if link is None or link.purpose not in PURPOSES:
        return None
    if link.purpose in AREAS:
        return pending_behind(db, AREAS[link.purpose].owner, link.account_id, link.subject)
    return change_behind(db, link.account_id, link.subject)


HANDLERS = [stop_page, stop, stopped_page]
