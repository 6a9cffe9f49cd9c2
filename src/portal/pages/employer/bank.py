"""The account from which the company's contributions are debited: seen, changed with brakes (R-31).

/employeur/coordonnees-bancaires. Only whoever signed the contract changes it, by signing a SEPA mandate on screen.
"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.bank_forms import read_details
from portal.bank_notices import tell_of_company_change
from portal.company_bank_words import (
    ACCOUNT_LABELS,
    NOBODY_APPROVES,
    NOT_SIGNED,
    SAME,
    TOO_MANY,
    mandate_digest,
    mandate_text,
)
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked, AlreadyThere, NewDetails, TooManyChanges
from portal.data.company_bank import ask_company_change, cancel_company_change
from portal.data.company_bank_reading import CompanyAccount, History, read_company_account
from portal.data.company_bank_rules import NobodyApproves
from portal.data.evidence import Action
from portal.forms import FieldError, single_values
from portal.pages.employer.views import home_crumb
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLE, PATH, KIND = "Compte bancaire", "/employeur/coordonnees-bancaires", "company-bank"
OBJECT = "coordonnees-bancaires"
READS: list[Guard] = [requires(Permission.COMPANY_BANK_READ)]
CHANGES: list[Guard] = [requires(Permission.COMPANY_BANK_CHANGE), recently_confirmed]
STOPS: list[Guard] = [requires(Permission.COMPANY_BANK_CHANGE)]
FIELDS = ("iban", "bic", "titulaire", "accord")


@page(PATH, name="employer.bank", guards=READS)
def bank_page(request: PortalRequest) -> Response[bytes]:
    seen = read_account(request, request.db)
    request.note_read(Action.COMPANY_BANK_READ, OBJECT)
    is_permitted = request.services.site.is_permitted
    return render_page(
        request,
        "employer/bank/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        seen=seen,
        history=list(zip(seen.history, _names(request, seen.history), strict=True)),
        labels=ACCOUNT_LABELS,
        may_change=is_permitted(request.viewer, "employer.bank.ask"),
        may_download=is_permitted(request.viewer, "employer.bank.mandate"),
        now=request.now,
    )


@page(f"{PATH}/modifier", name="employer.bank.change", guards=CHANGES)
def change_page(request: PortalRequest) -> Response[bytes]:
    blank = dict.fromkeys(FIELDS, "") | {"titulaire": request.viewer.organisation}
    return _form(request, request.db, blank, [])


@async_action(f"{PATH}/modifier", name="employer.bank.ask", guards=CHANGES)
async def ask(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_ask, request, sent)


@action(f"{PATH}/annulation", name="employer.bank.cancel", guards=STOPS)
def cancel(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        row = cancel_company_change(db, request.viewer.company_id or 0, request.now)
        if row is not None:
            tell_of_company_change(request.services, db, row, "company-bank-cancelled", request.now)
            request.record(db, Action.COMPANY_BANK_CHANGE_CANCELLED, OBJECT, mandate=row.mandate)
    return bank_again(request)


def read_account(request: PortalRequest, db: Session) -> CompanyAccount:
    """What the pages show."""
    return read_company_account(db, request.viewer, request.services.keyring, request.now)


def bank_again(request: PortalRequest) -> Redirect:
    """Back to the page, once something was done."""
    return Redirect(request.services.urls("employer.bank"), status_code=303)


def bank_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way back from what is below the page."""
    return [home_crumb(request), Crumb(TITLE, request.services.urls("employer.bank"))]


def _ask(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, FIELDS)
    new, errors = read_details(raw)
    if raw["accord"] != "1":
        errors = [*errors, FieldError("accord", NOT_SIGNED)]
    if new is None or errors:
        return _again(request, raw, errors)
    try:
        _sign(request, new)
    except AlreadyThere:
        return _again(request, raw, [FieldError("iban", SAME)])
    except TooManyChanges:
        return _again(request, raw, [FieldError("", TOO_MANY)])
    except NobodyApproves:
        return _again(request, raw, [FieldError("", NOBODY_APPROVES)])
    except AccountBlocked:
        pass  # the page says it: the session has ended
    return bank_again(request)


def _sign(request: PortalRequest, new: NewDetails) -> None:
    services = request.services
    with request.database.write() as db:
        row = ask_company_change(db, request.viewer, services.keyring, new, request.now)
        tell_of_company_change(services, db, row, "company-bank-asked", request.now, can_cancel=True)
        text = mandate_digest(services.settings.insurer)
        request.record(db, Action.COMPANY_BANK_CHANGE_ASKED, OBJECT, mandate=row.mandate, text=text)


def _names(request: PortalRequest, history: History) -> list[str]:
    return request.services.keyring.conceal(KIND, (given.row.id or 0 for given in history))


def _again(request: PortalRequest, raw: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    with request.database.read() as db:
        return _form(request, db, raw, errors)


def _form(request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    settings = request.services.settings
    return render_page(
        request,
        "employer/bank/change.html",
        "Changer de compte bancaire",
        crumbs=bank_crumbs(request),
        errors=errors,
        raw=raw,
        seen=read_account(request, db),
        effect_at=request.now + EFFECT_AFTER,
        mandate=mandate_text(settings.insurer),
        creditor_id=settings.creditor_id,
    )
