"""Deciding a claim that was valued: read again, then applied, or proposed to a second agent from an amount on.
/gestion/dossiers/…/liquidation/decision."""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work
from portal.data.cases import Case, CaseMoved
from portal.data.claim_settling import Outcome
from portal.data.claim_valuing import AmountsMoved, NotValued, TooNear
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.data.proposals import (
    AlreadyProposed,
    DecisionProposal,
    NotForYou,
    ProposalState,
    decision_in,
    settle,
    write_decision,
)
from portal.data.proposals_seen import returned_to, voided_of
from portal.data.second_looks import needs_second_look
from portal.data.valuation_drafts import lock_claim_at_desk
from portal.deciding.claim_valuation import VALUE, valued
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values, written_text
from portal.pages.desk.case_access import case_crumbs, case_url, note, record
from portal.pages.desk.case_sending import ALREADY
from portal.pages.desk.valuation import TITLE, VALUATION, to_valuation
from portal.pages.desk.valuation_context import amounts_of, opened_claim, valuation_context
from portal.pages.desk.work import KNOWN, work_context, work_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.valuation_words import MOVED, usual_words
from portal.web import PortalRequest

DECIDING = "Relire et décider"
DECIDES: list[Guard] = [requires(Permission.DESK_QUEUE), recently_confirmed]
# Where the page shows what no field of the form is wrong with.
WHOLE = "lignes-liquidees"
LONGEST_ANSWER = 2000
NO_ANSWER = "Écrivez à l’adhérent ce qui est décidé, en une ou deux phrases."
LONG_ANSWER = f"Raccourcissez ce texte\u00a0: {LONGEST_ANSWER} caractères au plus."


@page(f"{VALUATION}/decision", name="desk.valuation.decision", guards=DECIDES)
def decision_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    at_desk = opened_claim(request, request.db, dossier)
    context = valuation_context(request, request.db, dossier, at_desk.case)
    if at_desk.case.is_over or context["problems"]:
        return to_valuation(request, dossier)
    words = _words_sent_back(request, request.db, at_desk.case) or usual_words(context["outcome"])
    return _render(request, request.db, dossier, at_desk, context, {"reponse": words, KNOWN: ""})


@async_action(f"{VALUATION}/decision", name="desk.valuation.decide", guards=DECIDES)
async def decide(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    form = await request.form()
    return await request.database.run_writing(_decide, request, dossier, _read(form))


def _read(form: FormMultiDict) -> dict[str, str]:
    return {"reponse": written_text(form, "reponse")} | single_values(form, ("vus", "brouillon", KNOWN))


def _words_sent_back(request: PortalRequest, db: Session, case: Case) -> str:
    """What the viewer had written when a second agent sent it back, or the case moved; empty when neither happened."""
    row = returned_to(db, request.viewer, case) or voided_of(db, request.viewer, case)
    return decision_in(request.services.keyring, row).words if row and row.payload_encrypted else ""


def _decide(request: PortalRequest, dossier: str, sent: dict[str, str]) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        at_desk = opened_claim(request, db, dossier)
        errors = _errors(sent) + work_errors(request, db, at_desk.item, sent[KNOWN])
    if errors and not at_desk.case.is_over:
        return _again(request, dossier, sent, errors)
    try:
        state = _send(request, dossier, at_desk, sent)
    except AmountsMoved:
        return _again(request, dossier, sent, [FieldError(WHOLE, MOVED)])
    except AlreadyProposed:
        return _again(request, dossier, sent, [FieldError(WHOLE, ALREADY)])
    except (NotValued, TooNear, NotForYou, CaseMoved):
        return to_valuation(request, dossier)
    is_waiting = state == ProposalState.WAITING
    return Redirect(case_url(request, dossier), status_code=303) if is_waiting else to_valuation(request, dossier)


def _errors(sent: dict[str, str]) -> list[FieldError]:
    if not sent["reponse"]:
        return [FieldError("reponse", NO_ANSWER)]
    return [FieldError("reponse", LONG_ANSWER)] if len(sent["reponse"]) > LONGEST_ANSWER else []


def _send(request: PortalRequest, dossier: str, at_desk: AtDesk, sent: dict[str, str]) -> str:
    """Applies the valuation, or proposes it; the state of the decision, empty when the claim was decided before."""
    with request.database.write() as db:
        case = lock_claim_at_desk(db, request.viewer, request.services.keyring, at_desk.item.id or 0)
        if case is None:
            raise NotFoundException
        if case.is_over:
            return ""
        outcome = _as_seen(request, db, dossier, case, sent)
        row = _settled(request, db, case, outcome, sent["reponse"])
        is_waiting = row.state == ProposalState.WAITING
        action = Action.DECISION_PROPOSED if is_waiting else Action.CASE_DECIDED
        record(request, db, at_desk, action, act=row.act, state=case.state)
        return row.state


def _as_seen(request: PortalRequest, db: Session, dossier: str, case: Case, sent: dict[str, str]) -> Outcome:
    """What comes of the lines, when it is what the agent saw. Raises `AmountsMoved`."""
    context = valuation_context(request, db, dossier, case)
    outcome: Outcome = context["outcome"]
    if (sent["brouillon"], sent["vus"]) != (context["typed"].mark, amounts_of(outcome)) or context["problems"]:
        raise AmountsMoved(outcome)
    return outcome


def _settled(request: PortalRequest, db: Session, case: Case, outcome: Outcome, words: str) -> DecisionProposal:
    keyring, now = request.services.keyring, request.now
    agent = agent_at_work(request.viewer, CaseLetters(request.services))
    row = write_decision(db, agent, keyring, case, valued(outcome, words), now, cents=outcome.granted)
    return settle(db, agent, keyring, row.id or 0, VALUE.apply, now).row


def _again(
    request: PortalRequest, dossier: str, sent: dict[str, str], errors: list[FieldError]
) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        at_desk = opened_claim(request, db, dossier)
        context = valuation_context(request, db, dossier, at_desk.case)
        if context["problems"]:
            return to_valuation(request, dossier)
        return _render(request, db, dossier, at_desk, context, sent, errors)


def _needs_another(request: PortalRequest, db: Session, case: Case, outcome: Outcome) -> bool:
    """Whether a second agent must approve this."""
    act, day = valued(outcome, "").act, day_in_france(request.now)
    return needs_second_look(db, case.kind, act, outcome.granted, day)


def _render(
    request: PortalRequest,
    db: Session,
    dossier: str,
    at_desk: AtDesk,
    context: dict[str, Any],
    sent: dict[str, str],
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    note(request, at_desk)
    back = request.services.urls("desk.case.valuation", dossier=dossier)
    return render_page(
        request,
        "desk/valuation/decision.html",
        DECIDING,
        crumbs=[*case_crumbs(request, at_desk, dossier), Crumb(TITLE, back)],
        errors=errors or [],
        reference=at_desk.case.reference,
        sent=sent,
        seen=amounts_of(context["outcome"]),
        needs_another=_needs_another(request, db, at_desk.case, context["outcome"]),
        back=back,
        longest=LONGEST_ANSWER,
        **context,
        **work_context(request, db, at_desk.item),
    )


HANDLERS = [decision_page, decide]
