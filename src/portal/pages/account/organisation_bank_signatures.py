"""A second signature on an organisation's bank details: approving a change, choosing whether one is needed (R-31).

…/coordonnees-bancaires/changements/…, …/coordonnees-bancaires/signatures.
"""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from portal.bank_areas import OBJECT
from portal.bank_notices import tell_of_bank_rule, tell_of_organisation_change
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked, TooManyChanges
from portal.data.organisation_bank import ChangeMoved, OwnChange, approve_change
from portal.data.organisation_bank_rules import NobodyApproves, choose_rule
from portal.forms import FieldError, single_values
from portal.organisation_bank_words import ALONE, MOVED, NO_CHOICE, OWN, TOO_MANY_CHOICES
from portal.pages.account.organisation_bank import bank_again
from portal.pages.account.organisation_bank_fronts import FRONTS, BankFront, bank_crumbs, front_of, seen_account
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest


def approve_page(request: PortalRequest, change: FromPath[str]) -> Response[bytes]:
    answer = _approval(request, change, [])
    request.note_read(front_of(request).area.acts.read, OBJECT)
    return answer


def approve(request: PortalRequest, change: FromPath[str]) -> Response[bytes] | Redirect:
    area = front_of(request).area
    row_id = request.revealed(area.name, change)
    try:
        with request.database.write() as db:
            row = approve_change(db, request.viewer, area.owner, row_id, request.now)
            tell_of_organisation_change(request.services, db, row, "approved", request.now, can_cancel=True)
            request.record(db, area.acts.approved, OBJECT, **row.proof)
    except ChangeMoved:
        return _approval(request, change, [FieldError("", MOVED)])
    except OwnChange:
        return _approval(request, change, [FieldError("", OWN)])
    except AccountBlocked:
        pass  # the page says it: the session has ended
    return bank_again(request)


def rule_page(request: PortalRequest) -> Response[bytes]:
    return _rule(request, [])


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
    area, viewer = front_of(request).area, request.viewer
    try:
        with request.database.write() as db:
            rule = choose_rule(db, viewer, area.owner, needs_approval=needs_approval, now=request.now)
            if rule is not None:
                tell_of_bank_rule(request.services, db, area, rule, viewer.display_name, request.now)
                request.record(db, area.acts.chosen, OBJECT, signatures=2 if needs_approval else 1)
    except AccountBlocked:
        pass  # the page says it: the session has ended


def _approval(request: PortalRequest, change: str, errors: list[FieldError]) -> Response[bytes]:
    front = front_of(request)
    row_id = request.revealed(front.area.name, change)
    with request.database.read() as db:
        seen = seen_account(request, db)
    given = seen.given(row_id)
    if given is None:
        raise NotFoundException
    return render_page(
        request,
        "account/bank/approval.html",
        "Approuver un changement de compte",
        crumbs=bank_crumbs(request),
        errors=errors,
        front=front,
        given=given,
        opaque=change,
        is_open=given.row.awaits_approval and request.now < (given.row.approval_until or request.now),
        is_own=given.row.asked_by == request.viewer.account_id,
        author=seen.name_of(given.row.asked_by),
        effect_at=request.now + EFFECT_AFTER,
    )


def _rule(request: PortalRequest, errors: list[FieldError]) -> Response[bytes]:
    with request.database.read() as db:
        seen = seen_account(request, db)
    return render_page(
        request,
        "account/bank/signatures.html",
        "Une ou deux signatures",
        crumbs=bank_crumbs(request),
        errors=errors,
        front=front_of(request),
        chosen="2" if seen.rule is not None and seen.rule.needs_approval else "1",
        is_alone=seen.is_alone,
    )


def _handlers(front: BankFront) -> list[HTTPRouteHandler]:
    one, rule, name = f"{front.path}/changements/{{change:str}}", f"{front.path}/signatures", front.name
    return [
        page(one, name=f"{name}.approval", guards=front.changes)(approve_page),
        action(one, name=f"{name}.approve", guards=front.changes)(approve),
        page(rule, name=f"{name}.rule", guards=front.changes)(rule_page),
        async_action(rule, name=f"{name}.choose", guards=front.changes)(choose),
    ]


HANDLERS = [handler for front in FRONTS.values() for handler in _handlers(front)]
