"""Four eyes: decisions that wait for a second agent, approved or sent back. /gestion/validations,
/gestion/dossiers/{dossier}/validation."""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard
from portal.case_areas import area_of
from portal.case_notices import CaseLetters
from portal.data.case_desk import Agent, agent_at_work
from portal.data.cases import CaseMoved
from portal.data.decisions import Decision
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.data.proposals import DecisionProposal, NotForYou, Settled, approve, decision_in, send_back, waiting_on
from portal.data.proposals_seen import waiting_for
from portal.deciding.frames import Ruling
from portal.deciding.preview import Preview, preview_of
from portal.deciding.problems import REFUSED, words_of
from portal.deciding.registry import applier_of, recorded_as, ruling_of
from portal.desk_words import ACT_LABELS
from portal.forms import FieldError, exact_value, written_text
from portal.pages.desk.case import told_in
from portal.pages.desk.case_access import CASE, WORK, WORKS, case_crumbs, case_url, note, opened, record
from portal.pages.desk.case_decision import PROPOSAL
from portal.pages.desk.case_sending import destroyed
from portal.pages.desk.reasons import reason_errors
from portal.permissions import ConfirmationDue, has_just_confirmed
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

LOOK = f"{CASE}/validation"
TITLE = "Décisions à valider"


@page("/gestion/validations", name="desk.proposals", guards=WORKS)
def list_page(request: PortalRequest) -> Response[bytes]:
    found = waiting_for(request.db, request.viewer, request.services.keyring)
    names = request.services.keyring.conceal(WORK, (item_id for *_, item_id in found))
    rows = [
        (request.services.urls("desk.proposal", dossier=name), area_of(case).title, case.reference, row)
        for (row, case, _), name in zip(found, names, strict=True)
    ]
    return render_page(request, "desk/proposals/index.html", TITLE, rows=rows, labels=ACT_LABELS)


@page(LOOK, name="desk.proposal", guards=WORKS)
def proposal_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    at_desk, row = _waiting(request, request.db, dossier)
    return _page(request, request.db, at_desk, row, dossier)


@async_action(f"{LOOK}/apercu", name="desk.proposal.preview", guards=WORKS)
async def preview(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    return await request.database.run_writing(_preview, request, dossier)


@async_action(LOOK, name="desk.proposal.settle", guards=WORKS)
async def settle(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_settle, request, dossier, await request.form())


def _preview(request: PortalRequest, dossier: str) -> Response[bytes]:
    with request.database.read() as db:
        at_desk, row = _waiting(request, db, dossier)
    try:
        decision = decision_in(request.services.keyring, row)
        shown = preview_of(request, at_desk, decision, applier_of(row.kind, row.act))
    except CaseMoved:
        raise NotFoundException from None
    except REFUSED as problem:
        return _again(request, dossier, words_of(problem))
    with request.database.read() as db:
        return _page(request, db, at_desk, row, dossier, shown=shown)


def _settle(request: PortalRequest, dossier: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        at_desk = opened(request, db, dossier)
        row = waiting_on(db, at_desk.case)
    name, reason = exact_value(sent, "decision"), written_text(sent, "motif")
    if row is None or request.services.keyring.reveal(PROPOSAL, name) != row.id:
        return Redirect(case_url(request, dossier), status_code=303)
    is_approved = exact_value(sent, "choix") == "valider"
    errors = [] if is_approved else reason_errors(reason)
    if errors:
        return _again(request, dossier, "", errors, reason)
    _prove_for_money(request, dossier, row)
    return _settled(request, dossier, at_desk, row, "" if is_approved else reason)


def _settled(
    request: PortalRequest, dossier: str, at_desk: AtDesk, row: DecisionProposal, reason: str
) -> Response[bytes] | Redirect:
    """`reason`: why it is sent back; empty when it is approved."""
    try:
        with request.database.write() as db:
            agent = agent_at_work(request.viewer, CaseLetters(request.services))
            gone = _act(request, db, agent, at_desk, row, reason)
    except (NotForYou, Settled, CaseMoved):
        return Redirect(case_url(request, dossier), status_code=303)
    except REFUSED as problem:
        return _again(request, dossier, words_of(problem))
    discard(request.services, gone)
    return Redirect(case_url(request, dossier), status_code=303)


def _act(
    request: PortalRequest, db: Session, agent: Agent, at_desk: AtDesk, row: DecisionProposal, reason: str
) -> tuple[str, ...]:
    """Sends back, or approves; the files that the decision destroyed."""
    keyring, row_id, act = request.services.keyring, row.id or 0, row.act
    if reason:
        send_back(db, agent, keyring, row_id, reason, request.now)
        record(request, db, at_desk, Action.DECISION_RETURNED, act=act, proposed_by=row.written_by)
        return ()
    done = approve(db, agent, keyring, row_id, applier_of(row.kind, act), request.now)
    how = recorded_as(row.kind, act)
    record(request, db, at_desk, how, act=act, proposed_by=row.written_by, **destroyed(done.gone))
    return done.gone


def _prove_for_money(request: PortalRequest, dossier: str, row: DecisionProposal) -> None:
    if row.cents is not None and not has_just_confirmed(request.viewer, request.now):
        request.come_back_to(request.services.urls("desk.proposal", dossier=dossier))
        raise ConfirmationDue


def _waiting(request: PortalRequest, db: Session, dossier: str) -> tuple[AtDesk, DecisionProposal]:
    """The decision on a case that waits; 404 without one."""
    at_desk = opened(request, db, dossier)
    row = waiting_on(db, at_desk.case)
    if row is None:
        raise NotFoundException
    return at_desk, row


def _again(
    request: PortalRequest, dossier: str, problem: str, errors: list[FieldError] | None = None, reason: str = ""
) -> Response[bytes]:
    with request.database.read() as db:
        at_desk, row = _waiting(request, db, dossier)
        return _page(
            request, db, at_desk, row, dossier, errors=errors or [FieldError("proposition", problem)], reason=reason
        )


def _page(
    request: PortalRequest,
    db: Session,
    at_desk: AtDesk,
    row: DecisionProposal,
    dossier: str,
    *,
    shown: Preview | None = None,
    errors: list[FieldError] | None = None,
    reason: str = "",
) -> Response[bytes]:
    note(request, at_desk)
    keyring = request.services.keyring
    decision, ruling = decision_in(keyring, row), ruling_of(at_desk.case, row.act)
    if ruling is None:
        raise NotFoundException
    sheet = ruling.look(request, db, at_desk.case, decision) if ruling.look else None
    return render_page(
        request,
        "desk/proposals/proposal.html",
        "Décision à valider",
        crumbs=case_crumbs(request, at_desk, dossier),
        errors=errors or [],
        dossier=dossier,
        name=keyring.conceal(PROPOSAL, [row.id or 0])[0],
        row=row,
        label=ruling.label,
        decision=decision,
        inputs=inputs_in_words(ruling, decision),
        told=told_in(request, db, at_desk),
        is_own=row.written_by == request.viewer.account_id,
        shown=shown,
        sheet=sheet.template if sheet else "",
        stale=sheet.problem if sheet else "",
        reason=reason or (sheet.reason if sheet else ""),
        **(sheet.context if sheet else {}),
    )


def inputs_in_words(ruling: Ruling, decision: Decision) -> list[tuple[str, Any]]:
    """What the decision says besides its words: labels, with amounts in cents or days."""
    given: dict[str, Any] = {**decision.amounts, **decision.days}
    return [(each.label, given[each.name]) for each in ruling.inputs if each.name in given]


HANDLERS = [list_page, proposal_page, preview, settle]
