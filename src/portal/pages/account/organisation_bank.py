"""The account of an organisation: seen, changed with brakes (R-31, R-40).

/employeur/coordonnees-bancaires, /professionnel/coordonnees-bancaires. Only whoever signed the contract or the
agreement changes it; a company does so by signing a SEPA mandate on screen.
"""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from sqlmodel import Session

from portal.bank_areas import OBJECT
from portal.bank_forms import read_details
from portal.bank_notices import tell_of_organisation_change
from portal.company_bank_words import mandate_digest, mandate_text
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked, AlreadyThere, NewDetails, TooManyChanges
from portal.data.organisation_bank import ask_change, cancel_change
from portal.data.organisation_bank_rules import NobodyApproves
from portal.forms import FieldError, single_values
from portal.organisation_bank_words import ACCOUNT_LABELS, NOBODY_APPROVES, NOT_SIGNED, SAME, TOO_MANY
from portal.pages.account.organisation_bank_fronts import (
    FRONTS,
    TITLE,
    BankFront,
    bank_crumbs,
    front_of,
    home_crumbs,
    seen_account,
)
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

FIELDS = ("iban", "bic", "titulaire", "accord")


def bank_page(request: PortalRequest) -> Response[bytes]:
    front, seen = front_of(request), seen_account(request, request.db)
    request.note_read(front.area.acts.read, OBJECT)
    is_permitted = request.services.site.is_permitted
    names = request.services.keyring.conceal(front.area.name, (given.row.id or 0 for given in seen.history))
    return render_page(
        request,
        "account/bank/index.html",
        TITLE,
        crumbs=home_crumbs(request),
        front=front,
        seen=seen,
        history=list(zip(seen.history, names, strict=True)),
        labels=ACCOUNT_LABELS,
        may_change=is_permitted(request.viewer, f"{front.name}.ask"),
        may_download=front.has_mandate and is_permitted(request.viewer, "employer.bank.mandate"),
        now=request.now,
    )


def change_page(request: PortalRequest) -> Response[bytes]:
    blank = dict.fromkeys(FIELDS, "") | {"titulaire": request.viewer.organisation}
    return _form(request, request.db, blank, [])


async def ask(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_ask, request, sent)


def cancel(request: PortalRequest) -> Redirect:
    area = front_of(request).area
    with request.database.write() as db:
        row = cancel_change(db, area.owner, area.owner.id_of(request.viewer), request.now)
        if row is not None:
            tell_of_organisation_change(request.services, db, row, "cancelled", request.now)
            request.record(db, area.acts.cancelled, OBJECT, **row.proof)
    return bank_again(request)


def bank_again(request: PortalRequest) -> Redirect:
    """Back to the page, once something was done."""
    return Redirect(request.services.urls(front_of(request).name), status_code=303)


def _ask(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, FIELDS)
    new, errors = read_details(raw)
    if front_of(request).has_mandate and raw["accord"] != "1":
        errors = [*errors, FieldError("accord", NOT_SIGNED)]
    if new is None or errors:
        return _again(request, raw, errors)
    try:
        _give(request, new)
    except AlreadyThere:
        return _again(request, raw, [FieldError("iban", SAME)])
    except TooManyChanges:
        return _again(request, raw, [FieldError("", TOO_MANY)])
    except NobodyApproves:
        return _again(request, raw, [FieldError("", NOBODY_APPROVES)])
    except AccountBlocked:
        pass  # the page says it: the session has ended
    return bank_again(request)


def _give(request: PortalRequest, new: NewDetails) -> None:
    services, front = request.services, front_of(request)
    signed: dict[str, Any] = {"text": mandate_digest(services.settings.insurer)} if front.has_mandate else {}
    with request.database.write() as db:
        row = ask_change(db, request.viewer, front.area.owner, services.keyring, new, request.now)
        tell_of_organisation_change(services, db, row, "asked", request.now, can_cancel=True)
        request.record(db, front.area.acts.asked, OBJECT, **row.proof, **signed)


def _again(request: PortalRequest, raw: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    with request.database.read() as db:
        return _form(request, db, raw, errors)


def _form(request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    return render_page(
        request,
        "account/bank/change.html",
        "Changer de compte bancaire",
        crumbs=bank_crumbs(request),
        errors=errors,
        raw=raw,
        front=front_of(request),
        seen=seen_account(request, db),
        effect_at=request.now + EFFECT_AFTER,
        **_mandate(request),
    )


def _mandate(request: PortalRequest) -> dict[str, Any]:
    settings = request.services.settings
    return {"mandate": mandate_text(settings.insurer), "creditor_id": settings.creditor_id}


def _handlers(front: BankFront) -> list[HTTPRouteHandler]:
    path, name, form = front.path, front.name, f"{front.path}/modifier"
    return [
        page(path, name=name, guards=front.reads)(bank_page),
        page(form, name=f"{name}.change", guards=front.changes)(change_page),
        async_action(form, name=f"{name}.ask", guards=front.changes)(ask),
        action(f"{path}/annulation", name=f"{name}.cancel", guards=front.stops)(cancel),
    ]


HANDLERS = [handler for front in FRONTS.values() for handler in _handlers(front)]
