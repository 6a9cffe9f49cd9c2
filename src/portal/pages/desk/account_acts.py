"""What the desk does to an account (R-63): each act has a page that says what will happen, and needs a fresh proof of
identity. The account's holder is written to, and finds the act in the account's activity."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data import desk_acts, desk_departures
from portal.data.accounts import Account
from portal.data.activity import account_object
from portal.data.desk_accounts import Sheet
from portal.data.desk_acts import NotAllowed
from portal.data.evidence import Action
from portal.data.links import LinkPurpose, make_link
from portal.data.second_factors import reset_factors
from portal.data.software import revoke_software, software_for
from portal.entry.onboarding import Temporary, new_temporary, renew_credentials
from portal.forms import FieldError, single_values
from portal.pages.desk.account_words import CATEGORIES
from portal.pages.desk.accounts import accounts_crumb, actable, sheet_of
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.security import hash_password, new_token
from portal.software_notices import REVOKED, tell_of_software
from portal.web import PortalRequest

ACTING, CLOSING = requires(Permission.DESK_SUSPEND), requires(Permission.DESK_CLOSE)
REASON = ("categorie", "motif")
CLOSING_FIELDS = (*REASON, "confirmation")


def _lift(request: PortalRequest, db: Session, account: Account) -> None:
    if desk_acts.lift(db, request.viewer, account, request.now):
        write_to(request, db, account, "account-restored")
        _record(request, db, Action.ACCOUNT_RESTORED, account)


def _end_sessions(request: PortalRequest, db: Session, account: Account) -> None:
    ended = desk_acts.end_sessions(db, account, request.now)
    if ended:
        write_to(request, db, account, "sessions-ended")
        _record(request, db, Action.SESSION_REVOKED, account, sessions=ended)


def _reset_factors(request: PortalRequest, db: Session, account: Account) -> None:
    reset_factors(db, request.viewer, account.id or 0, request.now)
    write_to(request, db, account, "factors-reset")
    _record(request, db, Action.FACTOR_REMOVED, account)


def _resend_password(request: PortalRequest, db: Session, account: Account, temporary: Temporary) -> None:
    """Only where a delivered password still waits to be changed: staff never reset a chosen one (security: B15)."""
    if account.password_temporary_until is not None and account.email:
        renew_credentials(db, request.services, account.id or 0, temporary, request.now)
        _record(request, db, Action.CREDENTIALS_SENT, account)


def _resend_access(request: PortalRequest, db: Session, account: Account, unusable: str) -> None:
    """For a password that the holder chose: it opens nothing any more, and a link to the account's address chooses the
    next one. Staff start this; what is chosen never passes through their hands (security: B15)."""
    if account.password_temporary_until is not None or not account.email:
        return
    desk_acts.forget_password(db, account, unusable, request.now)
    token = make_link(db, account.id or 0, LinkPurpose.PASSWORD_RESET, request.now)
    href = request.services.link_url(token)
    write_to(request, db, account, "access-resent", identifier=account.identifier, href=href)
    _record(request, db, Action.CREDENTIALS_SENT, account)


def _stop_software(request: PortalRequest, db: Session, account: Account) -> None:
    software = software_for(db, account.id or 0)
    if software is not None:
        revoke_software(db, request.viewer, software.provider_id, request.now)
        tell_of_software(request.services, db, software, REVOKED, "l’assureur")
        _record(request, db, Action.SOFTWARE_REVOKED, account)


@dataclass(frozen=True, slots=True)
class Act:
    """An act without a form of its own: its page's title, what it does in the writing transaction, and what is made
    ready before it, because it is slow."""

    title: str
    run: Callable[..., None]
    prepare: Callable[[], tuple[Any, ...]] = tuple


ACTS = {
    "reprise": Act("Lever la suspension", _lift),
    "sessions": Act("Fermer ses sessions", _end_sessions),
    "facteurs": Act("Réinitialiser sa seconde protection", _reset_factors),
    "logiciel": Act("Arrêter l’accès de son logiciel", _stop_software),
    "acces": Act("Renvoyer ses accès", _resend_access, lambda: (hash_password(new_token()),)),
    "mot-de-passe": Act("Renvoyer un mot de passe temporaire", _resend_password, lambda: (new_temporary(),)),
}


@page("/gestion/comptes/{compte:str}/suspension", name="desk.account.suspension", guards=[ACTING, recently_confirmed])
def suspension_page(request: PortalRequest, compte: FromPath[str]) -> Response[bytes]:
    return _suspension_form(request, compte, dict.fromkeys(REASON, ""))


@async_action(
    "/gestion/comptes/{compte:str}/suspension", name="desk.account.suspend", guards=[ACTING, recently_confirmed]
)
async def suspend(request: PortalRequest, compte: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), REASON, longest=LONGEST + 1, texts=("motif",))
    errors = _reason_errors(sent)
    if errors:
        return _suspension_form(request, compte, sent, errors)
    return await _done(request, compte, Act("", _suspend, lambda: (_told(sent),)))


@page("/gestion/comptes/{compte:str}/fermeture", name="desk.account.closing", guards=[CLOSING, recently_confirmed])
def closing_page(request: PortalRequest, compte: FromPath[str]) -> Response[bytes]:
    return _closing_form(request, compte, dict.fromkeys(CLOSING_FIELDS, ""))


@async_action(
    "/gestion/comptes/{compte:str}/fermeture", name="desk.account.close", guards=[CLOSING, recently_confirmed]
)
async def close(request: PortalRequest, compte: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), CLOSING_FIELDS, longest=LONGEST + 1, texts=("motif",))
    sheet = sheet_of(request, compte)
    errors = _reason_errors(sent)
    if "".join(sent["confirmation"].split()) != sheet.found.identifier:
        errors.append(FieldError("confirmation", "Recopiez l’identifiant du compte pour confirmer sa fermeture."))
    if errors:
        return _closing_form(request, compte, sent, errors)
    return await _done(request, compte, Act("", _close, lambda: (_told(sent),)))


@page("/gestion/comptes/{compte:str}/actes/{acte:str}", name="desk.account.act", guards=[ACTING, recently_confirmed])
def act_page(request: PortalRequest, compte: FromPath[str], acte: FromPath[str]) -> Response[bytes]:
    act = _act(acte)
    sheet = actable(request, compte)
    target = request.services.urls("desk.account.act.submit", compte=compte, acte=acte)
    return page_of_act(request, compte, sheet, "desk/accounts/act.html", act.title, acte=acte, target=target)


@async_action(
    "/gestion/comptes/{compte:str}/actes/{acte:str}",
    name="desk.account.act.submit",
    guards=[ACTING, recently_confirmed],
)
async def submit_act(request: PortalRequest, compte: FromPath[str], acte: FromPath[str]) -> Redirect:
    return await _done(request, compte, _act(acte))


async def _done(request: PortalRequest, compte: str, act: Act) -> Redirect:
    """Runs the act in one transaction, and returns to the sheet."""
    await request.database.run_writing(_run, request, compte, act)
    return Redirect(request.services.urls("desk.account", compte=compte), status_code=303)


def _run(request: PortalRequest, compte: str, act: Act) -> None:
    account_id = request.services.keyring.reveal("account", compte)
    prepared = act.prepare()
    try:
        with request.database.write() as db:
            account = desk_acts.target(db, request.viewer, account_id or 0)
            act.run(request, db, account, *prepared)
    except NotAllowed:
        raise NotFoundException from None


def _suspend(request: PortalRequest, db: Session, account: Account, reason: str) -> None:
    if desk_departures.suspend(db, request.viewer, request.services.keyring, account, reason, request.now):
        write_to(request, db, account, "account-suspended", reason=reason)
        _record(request, db, Action.ACCOUNT_SUSPENDED, account, told=reason)


def _close(request: PortalRequest, db: Session, account: Account, reason: str) -> None:
    if desk_departures.close(db, request.viewer, request.services.keyring, account, reason, request.now):
        write_to(request, db, account, "account-closed", reason=reason)
        _record(request, db, Action.ACCOUNT_CLOSED, account, told=reason)


def write_to(request: PortalRequest, db: Session, account: Account, letter: str, **context: Any) -> None:
    """Writes to the account's holder, when there is an address to write to."""
    if account.email:
        request.services.mail.post(db, letter, account.email, account_id=account.id, **context)


def _record(request: PortalRequest, db: Session, action: Action, account: Account, **details: Any) -> None:
    request.record(db, action, account_object(account.id or 0), acting_for=account.person_id, **details)


def _act(name: str) -> Act:
    if name not in ACTS:
        raise NotFoundException
    return ACTS[name]


def _reason_errors(sent: dict[str, str]) -> list[FieldError]:
    errors = (
        [] if sent["categorie"] in CATEGORIES else [FieldError("categorie", "Choisissez une raison dans la liste.")]
    )
    return errors + reason_errors(sent["motif"])


def _told(sent: dict[str, str]) -> str:
    """The reason as the account's holder reads it."""
    return f"{CATEGORIES[sent['categorie']]}. {sent['motif']}"


def _suspension_form(
    request: PortalRequest, compte: str, sent: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    sheet = actable(request, compte)
    template = "desk/accounts/suspension.html"
    return page_of_act(request, compte, sheet, template, "Suspendre ce compte", errors, sent=sent)


def _closing_form(
    request: PortalRequest, compte: str, sent: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    sheet = actable(request, compte)
    return page_of_act(
        request, compte, sheet, "desk/accounts/closing.html", "Fermer ce compte pour toujours", errors, sent=sent
    )


def page_of_act(
    request: PortalRequest,
    compte: str,
    sheet: Sheet,
    template: str,
    title: str,
    errors: list[FieldError] | None = None,
    **context: Any,
) -> Response[bytes]:
    """A page about an act on an account, below its sheet; its holder finds in the journal that it was read."""
    about = account_object(sheet.found.id)
    request.note_read(Action.ACCOUNT_READ, about, acting_for=sheet.found.person_id, purpose="suivi")
    back = request.services.urls("desk.account", compte=compte)
    return render_page(
        request,
        template,
        title,
        crumbs=[accounts_crumb(request), Crumb(sheet.found.display_name, back)],
        errors=errors or [],
        sheet=sheet,
        compte=compte,
        back=back,
        categories=list(CATEGORIES.items()),
        **context,
    )
