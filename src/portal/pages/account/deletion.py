"""Deleting one's own account (R-66): /compte/suppression. Open too while terms are due (R-16).

The page that confirms is public: who comes by the letter's link reads the account's mailbox.
"""

from litestar import Response
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.data.deletion import REGRET, Deletion, ask_deletion, cancel_deletion, confirm_deletion, deletion_under_way
from portal.data.evidence import Action
from portal.data.links import LinkPurpose, find_link, make_link, use_link
from portal.data.own_account import email_of_account, own_account
from portal.formatting import day_in_france, long_date
from portal.pages.account.links import dead_link
from portal.pages.account.own import account_crumbs
from portal.permissions import Permission, public, recently_confirmed, requires
from portal.rendering import render_page
from portal.routing import action, page
from portal.security import LINK
from portal.sessions import drop_cookie
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Supprimer votre compte"
ASKS: list[Guard] = [requires(Permission.DELETION), recently_confirmed]


@page("/compte/suppression", name="deletion.ask", guards=ASKS)
def ask_page(request: PortalRequest) -> Response[bytes]:
    return render_page(
        request,
        "account/deletion/index.html",
        TITLE,
        crumbs=account_crumbs(request),
        account=own_account(request.db, request.viewer),
        deletion=deletion_under_way(request.db, request.viewer, request.now),
        days=REGRET.days,
    )


@action("/compte/suppression", name="deletion.ask.submit", guards=ASKS)
def ask(request: PortalRequest) -> Redirect:
    """Without an address there is no letter to confirm by: the page offers no button then, and nothing happens here."""
    with request.database.write() as db:
        to = own_account(db, request.viewer).email
        if to:
            _ask(request, db, to)
    return Redirect(request.services.urls("deletion.ask"), status_code=303)


@action("/compte/suppression/annulation", name="deletion.cancel", guards=[requires(Permission.DELETION_CANCEL)])
def cancel(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        if cancel_deletion(db, request.viewer, request.now):
            to, account_id = own_account(db, request.viewer).email, request.viewer.account_id
            request.services.mail.post(db, "deletion-cancelled", to, account_id=account_id)
            request.record(db, Action.DELETION_CANCELLED)
    return Redirect(request.services.urls("start"), status_code=303)


@page("/compte/suppression/confirmation", name="deletion.confirm", guards=[public])
def confirm_page(request: PortalRequest) -> Response[bytes]:
    link = find_link(request.db, request.link_token, request.now)
    if link is None or link.purpose is not LinkPurpose.DELETION:
        return dead_link(request)
    title, cookies = "Confirmer la suppression", visit_cookies(request)
    return render_page(request, "account/deletion/confirm.html", title, cookies=cookies, days=REGRET.days)


@action("/compte/suppression/confirmation", name="deletion.confirm.submit", guards=[public])
def confirm(request: PortalRequest) -> Response[bytes] | Redirect:
    with request.database.write() as db:
        link = use_link(db, request.link_token, LinkPurpose.DELETION, request.now)
        deletion = confirm_deletion(db, link.account_id, link.subject, request.now) if link else None
        if deletion is not None:
            _confirm(request, db, deletion)
    if deletion is None:
        return dead_link(request)
    dropped = drop_cookie(request.services.settings, LINK)
    return Redirect(request.services.urls("deletion.outcome"), status_code=303, cookies=[dropped])


@page("/compte/suppression/suite", name="deletion.outcome", guards=[public])
def outcome_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/deletion/outcome.html", "La suppression est confirmée", days=REGRET.days)


def _ask(request: PortalRequest, db: Session, to: str) -> None:
    account_id = request.viewer.account_id
    deletion_id = ask_deletion(db, request.viewer, request.now)
    token = make_link(db, account_id, LinkPurpose.DELETION, request.now, str(deletion_id))
    href = request.services.link_url(token)
    request.services.mail.post(db, "deletion-asked", to, account_id=account_id, href=href, days=REGRET.days)
    request.record(db, Action.DELETION_ASKED)


def _confirm(request: PortalRequest, db: Session, deletion: Deletion) -> None:
    account_id, until = deletion.account_id, deletion.erase_after or request.now
    day = long_date(day_in_france(until))
    href = request.services.settings.origin + request.services.urls("sign-in")
    to = email_of_account(db, account_id)
    request.services.mail.post(db, "deletion-confirmed", to, account_id=account_id, day=day, href=href)
    request.record_of(None, db, Action.DELETION_CONFIRMED, account_id=account_id)
