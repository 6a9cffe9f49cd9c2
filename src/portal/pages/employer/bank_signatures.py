"""A second signature on the company's bank details: approving a change, choosing whether one is needed (R-31).

/employeur/coordonnees-bancaires/changements/…, /employeur/coordonnees-bancaires/signatures.
"""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.bank_notices import tell_of_bank_rule, tell_of_company_change
from portal.company_bank_words import ALONE, MOVED, NO_CHOICE, OWN
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked
from portal.data.company_bank import (
    ChangeMoved,
    OwnChange,
    approve_company_change,
    company_bank_history,
)
from portal.data.company_bank_rules import NobodyApproves, choose_rule, chosen_rule, other_signatories
from portal.data.evidence import Action
from portal.data.team import user_names
from portal.forms import FieldError, single_values
from portal.pages.employer.bank import CHANGES, KIND, OBJECT, PATH, bank_again, bank_crumbs
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

ONE, RULE = f"{PATH}/changements/{{change:str}}", f"{PATH}/signatures"


@page(ONE, name="employer.bank.approval", guards=CHANGES)
def approve_page(request: PortalRequest, change: FromPath[str]) -> Response[bytes]:
    return _approval(request, change, [])


@action(ONE, name="employer.bank.approve", guards=CHANGES)
def approve(request: PortalRequest, change: FromPath[str]) -> Response[bytes] | Redirect:
    row_id, services = request.revealed(KIND, change), request.services
    try:
        with request.database.write() as db:
            row = approve_company_change(db, request.viewer, row_id, request.now)
            tell_of_company_change(services, db, row, "company-bank-approved", request.now, can_cancel=True)
            request.record(db, Action.COMPANY_BANK_CHANGE_APPROVED, OBJECT, mandate=row.mandate)
    except ChangeMoved:
        return _approval(request, change, [FieldError("", MOVED)])
    except OwnChange:
        return _approval(request, change, [FieldError("", OWN)])
    except AccountBlocked:
        pass  # the page says it: the session has ended
    return bank_again(request)


@page(RULE, name="employer.bank.rule", guards=CHANGES)
def rule_page(request: PortalRequest) -> Response[bytes]:
    return _rule(request, [])


@async_action(RULE, name="employer.bank.choose", guards=CHANGES)
async def choose(request: PortalRequest) -> Response[bytes] | Redirect:
    chosen = single_values(await request.form(), ("signatures",))["signatures"]
    if chosen not in {"1", "2"}:
        return await request.database.run(_rule, request, [FieldError("signatures", NO_CHOICE)])
    try:
        await request.database.run_writing(_choose, request, chosen == "2")
    except NobodyApproves:
        return await request.database.run(_rule, request, [FieldError("signatures", ALONE)])
    return bank_again(request)


def _choose(request: PortalRequest, needs_approval: bool) -> None:  # noqa: FBT001  (run_writing gives it by position)
    try:
        with request.database.write() as db:
            rule = choose_rule(db, request.viewer, needs_approval=needs_approval, now=request.now)
            if rule is not None:
                tell_of_bank_rule(request.services, db, rule, request.viewer.display_name, request.now)
                request.record(db, Action.COMPANY_BANK_RULE_CHOSEN, OBJECT, signatures=2 if needs_approval else 1)
    except AccountBlocked:
        pass  # the page says it: the session has ended


def _approval(request: PortalRequest, change: str, errors: list[FieldError]) -> Response[bytes]:
    row_id = request.revealed(KIND, change)
    with request.database.read() as db:
        history = company_bank_history(db, request.viewer, request.services.keyring)
        people = user_names(db, request.viewer)
    given = next((one for one in history if one.row.id == row_id), None)
    if given is None:
        raise NotFoundException
    return render_page(
        request,
        "employer/bank/approval.html",
        "Approuver un changement de compte",
        crumbs=bank_crumbs(request),
        errors=errors,
        given=given,
        opaque=change,
        is_open=given.row.awaits_approval and request.now < (given.row.approval_until or request.now),
        is_own=given.row.asked_by == request.viewer.account_id,
        author=people.get(given.row.asked_by or 0, ""),
        effect_at=request.now + EFFECT_AFTER,
    )


def _rule(request: PortalRequest, errors: list[FieldError]) -> Response[bytes]:
    with request.database.read() as db:
        rule, others = chosen_rule(db, request.viewer), other_signatories(db, request.viewer)
    return render_page(
        request,
        "employer/bank/signatures.html",
        "Une ou deux signatures",
        crumbs=bank_crumbs(request),
        errors=errors,
        chosen="2" if rule is not None and rule.needs_approval else "1",
        is_alone=not others,
    )
