"""An agent values a claim: lines typed, settled by the contract's rules, decided. /gestion/dossiers/…/liquidation.

What is typed is kept at each step, so that the page is the same for whoever opens it, with scripts or without.
"""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.case_notices import CaseLetters
from portal.claim_words import CARE_LABELS, state_of
from portal.data.case_desk import agent_at_work
from portal.data.cases import Case
from portal.data.claim_settling import Outcome
from portal.data.claim_twins import is_near
from portal.data.claim_valuing import AmountsMoved, NotValued, TooNear, apply_valuation
from portal.data.claims import asked_of
from portal.data.estimates import estimable_acts
from portal.data.evidence import Action
from portal.data.line_corrections import CORRECTABLE, lines_of_claim
from portal.data.payments import due_of
from portal.data.valuation import MOST_LINES, Valuation
from portal.data.valuation_drafts import Typed, claim_at_desk, forget_typed, keep_typed, lock_claim_at_desk
from portal.formatting import today
from portal.forms import FieldError, single_values, written_text
from portal.guarantee_words import SECTOR_LABELS
from portal.labels import FAMILY_LABELS, STATUS_LABELS
from portal.pages.desk.valuation_context import amounts_of, valuation_context
from portal.pages.desk.valuation_forms import changed, read_lines
from portal.payment_jobs import ask_for_account
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.valuation_words import (
    MOVED,
    NEAR,
    REASONS,
    VERDICTS,
    due_words,
    usual_words,
)
from portal.web import PortalRequest

TITLE = "Liquider la demande"
DECIDING = "Relire et décider"
WORKS = [requires(Permission.DESK_QUEUE)]
DECIDES: list[Guard] = [requires(Permission.DESK_QUEUE), recently_confirmed]
LONGEST_ANSWER = 2000
NO_ANSWER = "Écrivez à l’adhérent ce qui est décidé, en une ou deux phrases."
LONG_ANSWER = f"Raccourcissez ce texte\u00a0: {LONGEST_ANSWER} caractères au plus."


@page("/gestion/dossiers/{dossier:str}/liquidation", name="desk.case.valuation", guards=WORKS)
def valuation_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    case = _claim(request, request.db, dossier)
    request.note_read(Action.CASE_READ, case.object, acting_for=case.member_id, persons=_persons(case))
    return _render(request, request.db, dossier, case)


@async_action("/gestion/dossiers/{dossier:str}/liquidation", name="desk.case.valuation.keep", guards=WORKS)
async def keep(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_keep, request, dossier, sent)


@page("/gestion/dossiers/{dossier:str}/liquidation/decision", name="desk.valuation.decision", guards=DECIDES)
def decision_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    case = _claim(request, request.db, dossier)
    context = valuation_context(request, request.db, dossier, case)
    if case.is_over or context["problems"] or context["is_near"]:
        return _to_valuation(request, dossier)
    request.note_read(Action.CASE_READ, case.object, acting_for=case.member_id, persons=_persons(case))
    return _render_decision(request, dossier, case, context, usual_words(context["outcome"]))


@async_action("/gestion/dossiers/{dossier:str}/liquidation/decision", name="desk.valuation.decide", guards=DECIDES)
async def decide(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_decide, request, dossier, sent)


def save_lines(request: PortalRequest, dossier: str, typed: Typed) -> None:
    """Keeps what was typed. Raises `NotFoundException`, also for a claim that is decided, or too near the agent."""
    item_id = request.revealed("work", dossier)
    with request.database.write() as db:
        case = lock_claim_at_desk(db, request.viewer, item_id)
        if case is None or case.is_over or is_near(db, request.viewer, case):
            raise NotFoundException
        keep_typed(db, request.viewer, request.services.keyring, case, typed, request.now)


def _keep(request: PortalRequest, dossier: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    act = single_values(sent, ("faire",))["faire"]
    save_lines(request, dossier, changed(read_lines(sent), act))
    if act != "decider":
        return _to_valuation(request, dossier)
    with request.database.read() as db:
        case = _claim(request, db, dossier)
        problems = valuation_context(request, db, dossier, case)["problems"]
        if problems:
            return _render(request, db, dossier, case, problems)
    return Redirect(request.services.urls("desk.valuation.decision", dossier=dossier), status_code=303)


def _decide(request: PortalRequest, dossier: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    words, seen = written_text(sent, "reponse"), single_values(sent, ("vus", "brouillon"))
    if not words or len(words) > LONGEST_ANSWER:
        return _decision_again(request, dossier, words, FieldError("reponse", LONG_ANSWER if words else NO_ANSWER))
    try:
        with request.database.write() as db:
            case = lock_claim_at_desk(db, request.viewer, request.revealed("work", dossier))
            if case is None:
                raise NotFoundException
            if case.is_over:
                return _to_valuation(request, dossier)
            _apply(request, db, dossier, case, words, seen)
    except AmountsMoved:
        return _decision_again(request, dossier, words, FieldError("", MOVED))
    except (NotValued, TooNear):
        return _to_valuation(request, dossier)
    return _to_valuation(request, dossier)


def _apply(request: PortalRequest, db: Session, dossier: str, case: Case, words: str, seen: dict[str, str]) -> None:
    context = valuation_context(request, db, dossier, case)
    outcome: Outcome = context["outcome"]
    if (seen["brouillon"], seen["vus"]) != (context["typed"].mark, amounts_of(outcome)) or context["problems"]:
        raise AmountsMoved(outcome)
    agent = agent_at_work(request.viewer, CaseLetters(request.services))
    lines = tuple(each.as_seen() for each in outcome.lines)
    keyring = request.services.keyring
    apply_valuation(db, agent, keyring, case, Valuation(lines=lines, words=words), request.now)
    forget_typed(db, case)
    if outcome.granted:
        ask_for_account(request.services, db, case.member_id or 0, request.now)
    request.record(db, Action.CASE_DECIDED, case.object, acting_for=case.member_id, state=case.state)


def _decision_again(request: PortalRequest, dossier: str, words: str, error: FieldError) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        case = _claim(request, db, dossier)
        context = valuation_context(request, db, dossier, case)
        if context["problems"]:
            return _to_valuation(request, dossier)
        return _render_decision(request, dossier, case, context, words, [error])


def _render(
    request: PortalRequest, db: Session, dossier: str, case: Case, errors: list[FieldError] | None = None
) -> Response[bytes]:
    if case.is_over:
        return _render_done(request, db, dossier, case)
    asked = asked_of(db, case)
    return render_page(
        request,
        "desk/valuation/index.html",
        TITLE,
        crumbs=[_home(request)],
        errors=errors or [],
        asked=asked,
        state=state_of(asked),
        care=CARE_LABELS,
        acts=_acts(db),
        sectors=_options(SECTOR_LABELS),
        verdicts=_options(VERDICTS),
        reasons=_options(REASONS),
        near=NEAR,
        most=MOST_LINES,
        **valuation_context(request, db, dossier, case),
    )


def _render_done(request: PortalRequest, db: Session, dossier: str, case: Case) -> Response[bytes]:
    lines = lines_of_claim(db, request.viewer, case)
    dues = due_of(db, [line.id or 0 for line in lines])
    names = request.services.keyring.conceal("line", (line.id or 0 for line in lines))
    told = [due_words(dues[line.id or 0], line.supplementary_cents) if line.id in dues else "" for line in lines]
    asked = asked_of(db, case)
    return render_page(
        request,
        "desk/valuation/done.html",
        "Demande liquidée",
        crumbs=[_home(request)],
        asked=asked,
        state=state_of(asked),
        dossier=dossier,
        lines=list(zip(names, lines, told, strict=True)),
        labels=STATUS_LABELS,
        may_correct=not is_near(db, request.viewer, case),
        correctable=CORRECTABLE,
    )


def _render_decision(
    request: PortalRequest,
    dossier: str,
    case: Case,
    context: dict[str, Any],
    words: str,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    back = request.services.urls("desk.case.valuation", dossier=dossier)
    return render_page(
        request,
        "desk/valuation/decision.html",
        DECIDING,
        crumbs=[_home(request), Crumb(TITLE, back)],
        errors=errors or [],
        reference=case.reference,
        words=words,
        seen=amounts_of(context["outcome"]),
        back=back,
        longest=LONGEST_ANSWER,
        **context,
    )


def _acts(db: Session) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for act in estimable_acts(db, today()):
        groups.setdefault(act.family, []).append(act)
    return [(FAMILY_LABELS[family], group) for family, group in groups.items()]  # type: ignore[index]


def _options(words: dict[Any, str]) -> list[tuple[str, str]]:
    return [(value.value, label) for value, label in words.items()]


def _claim(request: PortalRequest, db: Session, dossier: str) -> Case:
    case = claim_at_desk(db, request.viewer, request.revealed("work", dossier))
    if case is None:
        raise NotFoundException
    return case


def _persons(case: Case) -> list[int]:
    return [case.person_id] if case.person_id else []


def _to_valuation(request: PortalRequest, dossier: str) -> Redirect:
    return Redirect(request.services.urls("desk.case.valuation", dossier=dossier), status_code=303)


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("desk.home"))


HANDLERS = [valuation_page, keep, decision_page, decide]
