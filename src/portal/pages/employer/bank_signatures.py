"""A second signature on the company's bank details: approving a change, choosing whether one is needed (R-31).

/employeur/coordonnees-bancaires/changements/…, /employeur/coordonnees-bancaires/signatures.
"""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.bank_notices import tell_of_bank_rule, tell_of_company_change
from portal.company_bank_words import ALONE, MOVED, NO_CHOICE, OWN, TOO_MANY_CHOICES
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked, TooManyChanges
from portal.data.company_bank import ChangeMoved, OwnChange, approve_company_change
from portal.data.company_bank_rules import NobodyApproves, choose_rule
from portal.data.evidence import Action
from portal.forms import FieldError, single_values
from portal.pages.employer.bank import CHANGES, KIND, OBJECT, PATH, bank_again, bank_crumbs, read_account
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

ONE, RULE = f"{PATH}/changements/{{change:str}}", f"{PATH}/signatures"


@page(ONE, name="employer.bank.approval", guards=CHANGES)
def approve_page(request: PortalRequest, change: FromPath[str]) -> Response[bytes]:
    answer = _approval(request, change, [])
    request.note_read(Action.COMPANY_BANK_READ, OBJECT)
    return answer


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
    except TooManyChanges:
        return await request.database.run(_rule, request, [FieldError("signatures", TOO_MANY_CHOICES)])
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
        seen = read_account(request, db)
    given = seen.given(row_id)
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
        author=seen.name_of(given.row.asked_by),
        effect_at=request.now + EFFECT_AFTER,
    )


def _rule(request: PortalRequest, errors: list[FieldError]) -> Response[bytes]:
    with request.database.read() as db:
        seen = read_account(request, db)
    return render_page(
        request,
        "employer/bank/signatures.html",
        "Une ou deux signatures",
        crumbs=bank_crumbs(request),
        errors=errors,
        chosen="2" if seen.rule is not None and seen.rule.needs_approval else "1",
        is_alone=seen.is_alone,
    )
