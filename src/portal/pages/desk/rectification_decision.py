"""Deciding that a line is put right, or cancelled: read as it will be, then applied, or proposed to a second agent.
/gestion/dossiers/…/liquidation/{ligne}/rectification/decision and …/correction (R-05, R-61)."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.cases import Case, CaseMoved, WrongState
from portal.data.claim_settling import Outcome
from portal.data.claim_valuing import AmountsMoved, NotValued, TooNear
from portal.data.decisions import Act
from portal.data.evidence import Action
from portal.data.proposals import AlreadyProposed, NotForYou, ProposalState, decision_in, settle, write_decision
from portal.data.proposals_seen import returned_to, voided_of
from portal.data.rectification_review import Rectification, Review, review_of
from portal.data.second_looks import needs_second_look
from portal.data.valuation import LONGEST_WORDS, SHORTEST_WORDS
from portal.data.valuation_drafts import Typed, lock_claim_at_desk
from portal.deciding.rectification import RECTIFY, review_context, righted
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values
from portal.pages.desk.case_access import case_url, note, record
from portal.pages.desk.case_sending import ALREADY
from portal.pages.desk.rectification import RIGHTING, Righting, agent_of, done_crumbs, line_at_desk, righting_of
from portal.pages.desk.valuation import VALUATION, to_valuation
from portal.pages.desk.valuation_context import opened_claim
from portal.pages.desk.valuation_decision import DECIDES
from portal.pages.desk.work import KNOWN, work_context, work_errors
from portal.rectification_words import MOVED, NO_REASON, usual_words
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.valuation_words import LONG_WORDS
from portal.web import PortalRequest

CANCELLING = f"{VALUATION}/{{ligne:str}}/correction"
# Where the page shows what no field of the form is wrong with.
WHOLE = "rectification"
TITLES = {"desk.rectification.decide": "Relire la rectification", "desk.case.correct": "Annuler une ligne"}


@page(f"{RIGHTING}/decision", name="desk.rectification.decision", guards=DECIDES)
def decision_page(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes] | Redirect:
    found = righting_of(request, request.db, dossier, ligne)
    if found.problems or found.review is None:
        return Redirect(_form_url(request, dossier, ligne), status_code=303)
    return _begin(request, "desk.rectification.decide", dossier, ligne, found, found.review)


@page(CANCELLING, name="desk.case.correction", guards=DECIDES)
def cancelling_page(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes]:
    found, review = _cancelling(request, request.db, dossier, ligne)
    return _begin(request, "desk.case.correct", dossier, ligne, found, review)


@async_action(f"{RIGHTING}/decision", name="desk.rectification.decide", guards=DECIDES)
async def decide(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes] | Redirect:
    sent = _read(await request.form())
    return await request.database.run_writing(_decide, request, "desk.rectification.decide", dossier, ligne, sent)


@async_action(CANCELLING, name="desk.case.correct", guards=DECIDES)
async def cancel(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes] | Redirect:
    sent = _read(await request.form())
    return await request.database.run_writing(_decide, request, "desk.case.correct", dossier, ligne, sent)


def _read(form: FormMultiDict) -> dict[str, str]:
    words = single_values(form, ("raison",), LONGEST_WORDS + 1)
    return {"raison": words["raison"].strip()} | single_values(form, ("vus", KNOWN))


def _cancelling(request: PortalRequest, db: Session, dossier: str, ligne: str) -> tuple[Righting, Review]:
    """A line that would be cancelled outright, and what comes of it. Raises `NotFoundException`."""
    at_desk, line = line_at_desk(request, db, dossier, ligne)
    review = review_of(db, agent_of(request), at_desk.case, Rectification(line_id=line.id or 0), request.now)
    if review is None:
        raise NotFoundException
    return Righting(at_desk, line, Typed(()), review, [], []), review


def _found(request: PortalRequest, db: Session, act: str, dossier: str, ligne: str) -> tuple[Righting, Review] | None:
    """What the page is about; None when what was typed can no longer be decided."""
    if act == "desk.case.correct":
        found, review = _cancelling(request, db, dossier, ligne)
        return (found, review) if review.may_be_applied else None
    found = righting_of(request, db, dossier, ligne)
    return (found, found.review) if found.review is not None and not found.problems else None


def _begin(
    request: PortalRequest, act: str, dossier: str, ligne: str, found: Righting, review: Review
) -> Response[bytes]:
    words = _words_sent_back(request, request.db, found.at_desk.case) or usual_words(review)
    sent = {"raison": words, KNOWN: ""}
    return _render(request, request.db, act, dossier, ligne, found, review, sent, [])


def _words_sent_back(request: PortalRequest, db: Session, case: Case) -> str:
    """What the viewer had written when a second agent sent it back, or the case moved; empty when neither happened."""
    row = returned_to(db, request.viewer, case) or voided_of(db, request.viewer, case)
    is_ours = row is not None and row.act == Act.RECTIFY and row.payload_encrypted
    return decision_in(request.services.keyring, row).words if is_ours and row is not None else ""


def _decide(
    request: PortalRequest, act: str, dossier: str, ligne: str, sent: dict[str, str]
) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        if not _stands(request, db, dossier, ligne):
            return to_valuation(request, dossier)
        at_desk = opened_claim(request, db, dossier)
        errors = _errors(sent) + work_errors(request, db, at_desk.item, sent[KNOWN])
    if errors:
        return _again(request, act, dossier, ligne, sent, errors)
    try:
        state = _send(request, act, dossier, ligne, sent)
    except (AmountsMoved, AlreadyProposed) as problem:
        message = ALREADY if isinstance(problem, AlreadyProposed) else MOVED
        return _again(request, act, dossier, ligne, sent, [FieldError(WHOLE, message)])
    except (NotValued, TooNear, NotForYou, WrongState, CaseMoved):
        return to_valuation(request, dossier)
    is_waiting = state == ProposalState.WAITING
    return Redirect(case_url(request, dossier), status_code=303) if is_waiting else to_valuation(request, dossier)


def _stands(request: PortalRequest, db: Session, dossier: str, ligne: str) -> bool:
    """Whether the line is still there to be put right: pressed twice, or late, it is done once."""
    try:
        line_at_desk(request, db, dossier, ligne)
    except NotFoundException:
        opened_claim(request, db, dossier)
        return False
    return True


def _errors(sent: dict[str, str]) -> list[FieldError]:
    words = sent["raison"]
    if len(words) > LONGEST_WORDS:
        return [FieldError("raison", LONG_WORDS)]
    return [FieldError("raison", NO_REASON)] if len(words) < SHORTEST_WORDS else []


def _send(request: PortalRequest, act: str, dossier: str, ligne: str, sent: dict[str, str]) -> str:
    """Applies the rectification, or proposes it; the state of the decision. Raises `AmountsMoved`, and others."""
    with request.database.write() as db:
        at_desk = opened_claim(request, db, dossier)
        case = lock_claim_at_desk(db, request.viewer, request.services.keyring, at_desk.item.id or 0)
        if case is None:
            raise NotFoundException
        found = _found(request, db, act, dossier, ligne)
        if found is None or seen_in(*found) != sent["vus"]:
            raise AmountsMoved(found[1].outcome if found else Outcome(()))
        review, agent = found[1], agent_of(request)
        decision = righted(review, sent["raison"])
        keyring, now = request.services.keyring, request.now
        row = write_decision(db, agent, keyring, case, decision, now, cents=review.weight)
        row = settle(db, agent, keyring, row.id or 0, RECTIFY.apply, now).row
        is_waiting = row.state == ProposalState.WAITING
        action = Action.DECISION_PROPOSED if is_waiting else Action.CASE_LINE_CORRECTED
        record(request, db, at_desk, action, act=row.act, cents=review.gap)
        return row.state


def seen_in(found: Righting, review: Review) -> str:
    """What the rules and the payments give, as a form keeps it: whether it moved since it was seen."""
    computed = review.valued.computed if review.valued else 0
    return f"{found.typed.mark}-{computed}-{review.paid}-{review.left}"


def _again(
    request: PortalRequest, act: str, dossier: str, ligne: str, sent: dict[str, str], errors: list[FieldError]
) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        found = _found(request, db, act, dossier, ligne)
        if found is None:
            return Redirect(_form_url(request, dossier, ligne), status_code=303)
        return _render(request, db, act, dossier, ligne, *found, sent, errors)


def _form_url(request: PortalRequest, dossier: str, ligne: str) -> str:
    return request.services.urls("desk.case.rectification", dossier=dossier, ligne=ligne)


def _render(
    request: PortalRequest,
    db: Session,
    act: str,
    dossier: str,
    ligne: str,
    found: Righting,
    review: Review,
    sent: dict[str, str],
    errors: list[FieldError],
) -> Response[bytes]:
    note(request, found.at_desk)
    day, case = day_in_france(request.now), found.at_desk.case
    return render_page(
        request,
        "desk/valuation/rectification_decision.html",
        TITLES[act],
        crumbs=done_crumbs(request, found.at_desk, dossier),
        errors=errors,
        reference=case.reference,
        sent=sent,
        seen=seen_in(found, review),
        may_decide=review.may_be_applied,
        needs_another=needs_second_look(db, case.kind, Act.RECTIFY, review.weight, day),
        target=request.services.urls(act, dossier=dossier, ligne=ligne),
        back=_form_url(request, dossier, ligne),
        longest=LONGEST_WORDS,
        **review_context(db, review),
        **work_context(request, db, found.at_desk.item),
    )


HANDLERS = [decision_page, cancelling_page, decide, cancel]
