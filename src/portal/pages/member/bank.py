"""The member's bank details for reimbursements: seen, changed with brakes. /adherent/coordonnees-bancaires."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.bank_forms import read_details
from portal.bank_notices import tell_of_bank_change
from portal.bank_words import STATE_LABELS
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked, AlreadyThere, BankState, TooManyChanges
from portal.data.bank_details import ask_bank_change, bank_history, cancel_bank_change, in_force
from portal.data.evidence import Action
from portal.data.own_account import own_account
from portal.forms import FieldError, single_values
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLE = "Vos coordonnées bancaires"
OBJECT = "coordonnees-bancaires"
READS = [requires(Permission.BANK_READ)]
CHANGES: list[Guard] = [requires(Permission.BANK_CHANGE), recently_confirmed]
STOPS = [requires(Permission.BANK_CHANGE)]
SAME = (
    "Vos remboursements vont déjà sur ce compte, au nom de ce titulaire, ou vont bientôt y aller. Rien n’est à changer."
)
TOO_MANY = "Vous avez demandé plusieurs changements aujourd’hui. Réessayez demain, ou appelez-nous."


@page("/adherent/coordonnees-bancaires", name="member.bank", guards=READS)
def bank_page(request: PortalRequest) -> Response[bytes]:
    history = bank_history(request.db, request.viewer, request.services.keyring)
    request.note_read(Action.BANK_READ, OBJECT)
    return render_page(
        request,
        "member/bank/index.html",
        TITLE,
        crumbs=[_home(request)],
        current=next((given for given in history if given.state is BankState.IN_FORCE), None),
        pending=next((given for given in history if given.state is BankState.PENDING), None),
        history=history,
        labels=STATE_LABELS,
        may_change=request.services.site.is_permitted(request.viewer, "member.bank.ask"),
    )


@page("/adherent/coordonnees-bancaires/modifier", name="member.bank.change", guards=CHANGES)
def change_page(request: PortalRequest) -> Response[bytes]:
    holder = own_account(request.db, request.viewer).identity.name
    return _form(request, request.db, {"iban": "", "titulaire": holder})


@async_action("/adherent/coordonnees-bancaires/modifier", name="member.bank.ask", guards=CHANGES)
async def ask(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_ask, request, sent)


@action("/adherent/coordonnees-bancaires/annulation", name="member.bank.cancel", guards=STOPS)
def cancel(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        row = cancel_bank_change(db, request.viewer.person_id or 0, request.now)
        if row is not None:
            tell_of_bank_change(request.services, db, row, "bank-change-cancelled", request.now)
            request.record(db, Action.BANK_CHANGE_CANCELLED, OBJECT)
    return Redirect(request.services.urls("member.bank"), status_code=303)


def _ask(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, ("iban", "titulaire"))
    new, errors = read_details(raw)
    if new is None:
        return _again(request, raw, errors)
    try:
        with request.database.write() as db:
            row = ask_bank_change(db, request.viewer, request.services.keyring, new, request.now)
            tell_of_bank_change(request.services, db, row, "bank-change-asked", request.now, can_cancel=True)
            request.record(db, Action.BANK_CHANGE_ASKED, OBJECT)
    except AlreadyThere:
        return _again(request, raw, [FieldError("iban", SAME)])
    except TooManyChanges:
        return _again(request, raw, [FieldError("", TOO_MANY)])
    except AccountBlocked:
        pass  # the page says it: the session has ended
    return Redirect(request.services.urls("member.bank"), status_code=303)


def _again(request: PortalRequest, raw: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    with request.database.read() as db:
        return _form(request, db, raw, errors)


def _form(
    request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    return render_page(
        request,
        "member/bank/change.html",
        "Changer de compte bancaire",
        crumbs=[_home(request), Crumb(TITLE, request.services.urls("member.bank"))],
        errors=errors or [],
        raw=raw,
        current=in_force(db, request.viewer),
        effect_at=request.now + EFFECT_AFTER,
    )


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("member.home"))


HANDLERS = [bank_page, change_page, ask, cancel]
