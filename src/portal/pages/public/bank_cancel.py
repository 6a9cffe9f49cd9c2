"""Stopping a change of bank details by the link of a letter about it, without signing in.

Whoever comes by the link reads a mailbox of the member's: enough to stop a change, never to make one.
"""

from litestar import Response
from litestar.response import Redirect
from sqlmodel import Session

from portal.bank_notices import tell_of_bank_change
from portal.data.bank_details import BankDetails, cancel_bank_change, change_behind
from portal.data.evidence import Action
from portal.data.links import Link, LinkPurpose, find_link, use_link
from portal.pages.account.links import dead_link
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import action, page
from portal.security import LINK
from portal.sessions import drop_cookie
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Arrêter un changement de compte bancaire"


@page("/coordonnees-bancaires/annulation", name="bank.stop", guards=[public])
def stop_page(request: PortalRequest) -> Response[bytes]:
    link = find_link(request.db, request.link_token, request.now)
    row = _pending(request.db, link)
    if row is None:
        return dead_link(request)
    return render_page(request, "public/bank/stop.html", TITLE, cookies=visit_cookies(request), row=row)


@action("/coordonnees-bancaires/annulation", name="bank.stop.submit", guards=[public])
def stop(request: PortalRequest) -> Response[bytes] | Redirect:
    with request.database.write() as db:
        link = use_link(db, request.link_token, LinkPurpose.BANK_CHANGE, request.now)
        pending = _pending(db, link)
        row = cancel_bank_change(db, pending.person_id, request.now) if pending else None
        if link is not None and row is not None:
            tell_of_bank_change(request.services, db, row, "bank-change-cancelled", request.now)
            request.record_of(None, db, Action.BANK_CHANGE_CANCELLED, "lien", account_id=link.account_id)
    if row is None:
        return dead_link(request)
    cookies = [drop_cookie(request.services.settings, LINK)]
    return Redirect(request.services.urls("bank.stopped"), status_code=303, cookies=cookies)


@page("/coordonnees-bancaires/annule", name="bank.stopped", guards=[public])
def stopped_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "public/bank/stopped.html", "Le changement est annulé")


def _pending(db: Session, link: Link | None) -> BankDetails | None:
    """The pending change that a letter's link is about; nothing for any other link, or once it is over."""
    if link is None or link.purpose is not LinkPurpose.BANK_CHANGE:
        return None
    return change_behind(db, link.account_id, link.subject)


HANDLERS = [stop_page, stop, stopped_page]
