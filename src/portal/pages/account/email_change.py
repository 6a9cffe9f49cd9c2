"""Changing one's e-mail address: asked at /compte/adresse-email, confirmed from both mailboxes.

The page that confirms is public: who comes by the link of a letter reads that mailbox, and that is what it proves.
"""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.data.email_changes import (
    PendingChange,
    TooManyChanges,
    ask_email_change,
    cancel_email_changes,
    confirm_email_change,
    email_change_of,
    pending_email_change,
)
from portal.data.evidence import Action, Outcome
from portal.data.links import Link, LinkPurpose, find_link, make_link, use_link
from portal.data.own_account import own_account
from portal.forms import FieldError, email_of, single_values
from portal.pages.account.links import dead_link
from portal.pages.account.own import account_crumbs
from portal.permissions import Permission, public, recently_confirmed, requires
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.security import LINK
from portal.sessions import drop_cookie
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Votre adresse e-mail"
CONFIRM_TITLE = "Changement d’adresse e-mail"
CHANGES: list[Guard] = [requires(Permission.EMAIL_CHANGE), recently_confirmed]
WRONG = "Saisissez une adresse e-mail complète, par exemple prenom.nom@exemple.fr."
SAME = "C’est déjà votre adresse. Saisissez la nouvelle."
TOO_MANY = "Vous avez demandé plusieurs changements aujourd’hui. Réessayez demain, ou appelez-nous."
OUTCOMES = {
    "attente": "Confirmation reçue",
    "changee": "Votre nouvelle adresse est enregistrée",
    "annulee": "Le changement est annulé",
}
LETTERS = {LinkPurpose.EMAIL_CURRENT: "email-change-current", LinkPurpose.EMAIL_NEW: "email-change-new"}


@page("/compte/adresse-email", name="email.change", guards=CHANGES)
def change_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, "")


@async_action("/compte/adresse-email", name="email.change.ask", guards=CHANGES)
async def ask(request: PortalRequest) -> Response[bytes] | Redirect:
    typed = single_values(await request.form(), ("adresse",), longest=300)["adresse"]
    current = await request.database.run(own_account, request.db, request.viewer)
    new = email_of(typed)
    problem = WRONG if new is None else SAME if new.casefold() == current.email.casefold() else ""
    if new is None or problem:
        return await request.database.run(_form, request, typed, problem)
    try:
        await request.database.run_writing(_ask, request, new)
    except TooManyChanges:
        return await request.database.run(_form, request, typed, TOO_MANY)
    return Redirect(request.services.urls("email.change"), status_code=303)


@action("/compte/adresse-email/annulation", name="email.cancel", guards=[requires(Permission.EMAIL_CHANGE)])
def cancel(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        if cancel_email_changes(db, request.viewer.account_id, request.now):
            request.record(db, Action.EMAIL_CHANGE_CONFIRMED, "annulation", outcome=Outcome.REFUSED)
    return Redirect(request.services.urls("account"), status_code=303)


@page("/compte/adresse-email/confirmation", name="email.confirm", guards=[public])
def confirm_page(request: PortalRequest) -> Response[bytes]:
    link = find_link(request.db, request.link_token, request.now)
    change = _change_of(request, request.db, link) if link else None
    if link is None or change is None:
        return dead_link(request)
    return render_page(
        request,
        "account/email_change/confirm.html",
        CONFIRM_TITLE,
        cookies=visit_cookies(request),
        change=change,
        is_current=link.purpose is LinkPurpose.EMAIL_CURRENT,
    )


@action("/compte/adresse-email/confirmation", name="email.confirm.submit", guards=[public])
def confirm(request: PortalRequest) -> Response[bytes] | Redirect:
    with request.database.write() as db:
        link, change = _used(request, db)
        confirmed = confirm_email_change(db, change, link.purpose, request.now) if link and change else None
        if link and confirmed:
            _witness(request, db, link, confirmed)
    if confirmed is None:
        return dead_link(request)
    return _onward(request, "changee" if confirmed.is_confirmed else "attente")


@action("/compte/adresse-email/refus", name="email.refuse", guards=[public])
def refuse(request: PortalRequest) -> Response[bytes] | Redirect:
    """Whoever gets a letter about a change not asked for stops it; the other mailbox cannot go on alone."""
    with request.database.write() as db:
        link, change = _used(request, db)
        if link is None or change is None:
            return dead_link(request)
        cancel_email_changes(db, link.account_id, request.now)
        side, account_id = link.purpose.value, link.account_id
        request.record_of(None, db, Action.EMAIL_CHANGE_CONFIRMED, side, Outcome.REFUSED, account_id=account_id)
    return _onward(request, "annulee")


@page("/compte/adresse-email/suite", name="email.outcome", guards=[public])
def outcome_page(request: PortalRequest, etat: FromQuery[str] = "") -> Response[bytes]:
    if etat not in OUTCOMES:
        raise NotFoundException
    return render_page(request, "account/email_change/outcome.html", OUTCOMES[etat], outcome=etat)


def _form(request: PortalRequest, typed: str, problem: str = "") -> Response[bytes]:
    return render_page(
        request,
        "account/email_change/index.html",
        TITLE,
        crumbs=account_crumbs(request),
        errors=[FieldError("adresse", problem)] if problem else [],
        typed=typed,
        account=own_account(request.db, request.viewer),
        change=pending_email_change(request.db, request.viewer, request.now),
    )


def _ask(request: PortalRequest, new_email: str) -> None:
    with request.database.write() as db:
        change = ask_email_change(db, request.viewer, new_email, request.now)
        for side, to in ((LinkPurpose.EMAIL_CURRENT, change.current_email), (LinkPurpose.EMAIL_NEW, new_email)):
            if to:
                _send(request, db, change, side, to)
        request.record(db, Action.EMAIL_CHANGE_ASKED)


def _send(request: PortalRequest, db: Session, change: PendingChange, side: LinkPurpose, to: str) -> None:
    token = make_link(db, change.account_id, side, request.now, str(change.id))
    href = request.services.link_url(token)
    request.services.mail.post(
        db, LETTERS[side], to, account_id=change.account_id, href=href, new_email=change.new_email
    )


def _change_of(request: PortalRequest, db: Session, link: Link) -> PendingChange | None:
    return email_change_of(db, link.account_id, link.subject, request.now) if link.purpose in LETTERS else None


def _used(request: PortalRequest, db: Session) -> tuple[Link | None, PendingChange | None]:
    """The link of this browser, used up, and the change that it is about; nothing for any other link."""
    found = find_link(db, request.link_token, request.now)
    if found is None or found.purpose not in LETTERS:
        return None, None
    link = use_link(db, request.link_token, found.purpose, request.now)
    return link, _change_of(request, db, link) if link else None


def _witness(request: PortalRequest, db: Session, link: Link, confirmed: PendingChange) -> None:
    account_id = link.account_id
    if confirmed.is_confirmed:
        for to in filter(None, (confirmed.current_email, confirmed.new_email)):
            request.services.mail.post(db, "email-changed", to, account_id=account_id)
    request.record_of(None, db, Action.EMAIL_CHANGE_CONFIRMED, link.purpose.value, account_id=account_id)
    if confirmed.is_confirmed:
        request.record_of(None, db, Action.EMAIL_CHANGED, account_id=account_id)


def _onward(request: PortalRequest, outcome: str) -> Redirect:
    target = request.services.urls("email.outcome", {"etat": outcome})
    return Redirect(target, status_code=303, cookies=[drop_cookie(request.services.settings, LINK)])
