"""Deciding a case: /gestion/dossiers/{dossier}/decision: written, read as the person will read it, then sent.

What was written is kept with the preview, sealed, so that neither a proof of identity nor somebody else's work loses
it; `case_sending.py` sends it.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_areas import DESK_STATES
from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work, lock_for_desk
from portal.data.cases import Case, CaseMoved, CaseState
from portal.data.decisions import Act, Decision
from portal.data.desk_cases import AtDesk, changes_since
from portal.data.proposals import (
    DecisionProposal,
    asks_for_second_look,
    decision_in,
    draft_of,
    waiting_on,
    write_decision,
)
from portal.deciding.frames import Ruling
from portal.deciding.preview import Preview, preview_of
from portal.deciding.problems import REFUSED, words_of
from portal.deciding.registry import frame_of, ruling_of
from portal.formatting import day_in_france, plural
from portal.forms import FieldError, exact_value
from portal.pages.desk.case import told_in
from portal.pages.desk.case_access import CASE, WORKS, case_crumbs, case_url, note, opened
from portal.pages.desk.decision_forms import (
    SEEN,
    TEXT,
    Sent,
    Started,
    first_values,
    kept_values,
    read_decision,
    started_from,
    templates_for,
)
from portal.pages.desk.work import company_at
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

DECISION = f"{CASE}/decision"
PROPOSAL = "proposal"
ACT = "acte"
# Where a page shows what no field of a form is wrong with.
WHOLE = "decision"
MOVED = "Ce dossier a changé pendant que vous écriviez. Votre texte est gardé\u00a0: relisez, puis continuez."


@page(DECISION, name="desk.case.decision", guards=WORKS)
def form_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    at_desk = opened(request, request.db, dossier)
    kept = _kept(request, request.db, at_desk)
    act = kept.act if kept else request.query_params.get(ACT, "")
    ruling = ruling_of(at_desk.case, act)
    if ruling is None:
        raise NotFoundException
    if ruling.route:
        return Redirect(request.services.urls(ruling.route, dossier=dossier), status_code=303)
    if not ruling.is_offered(request.db, at_desk.case):
        return Redirect(case_url(request, dossier), status_code=303)
    note(request, at_desk)
    return _begin(request, request.db, at_desk, dossier, Act(act), ruling, kept)


@async_action(DECISION, name="desk.case.preview", guards=WORKS)
async def preview(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_preview, request, dossier, await request.form())


# --- the form ---


def _kept(request: PortalRequest, db: Session, at_desk: AtDesk) -> DecisionProposal | None:
    """The decision of the viewer's that the address names; None without one."""
    proposal_id = request.services.keyring.reveal(PROPOSAL, request.query_params.get("brouillon", ""))
    return draft_of(db, request.viewer, at_desk.case, proposal_id or 0)


def _begin(
    request: PortalRequest,
    db: Session,
    at_desk: AtDesk,
    dossier: str,
    act: Act,
    ruling: Ruling,
    kept: DecisionProposal | None,
) -> Response[bytes]:
    """The form as it is opened: empty, from a template, or with what was kept."""
    values = first_values(db, at_desk.case, ruling, request.now)
    if kept is not None:
        values = kept_values(at_desk.case, ruling, decision_in(request.services.keyring, kept), request.now)
    replies = templates_for(db, at_desk.case, act, ruling)
    started = started_from(request, db, at_desk, replies, request.query_params.get("modele", "")) or Started()
    values[TEXT] = started.text or values[TEXT]
    errors = [FieldError("modele", started.problem)] if started.problem else []
    return _form(request, db, at_desk, dossier, act, ruling, values, errors)


def _form(
    request: PortalRequest,
    db: Session,
    at_desk: AtDesk,
    dossier: str,
    act: Act,
    ruling: Ruling,
    values: dict[str, str],
    errors: list[FieldError],
    moved: list[str] | None = None,
) -> Response[bytes]:
    replies = templates_for(db, at_desk.case, act, ruling)
    names = request.services.keyring.conceal("reply", (reply.id for reply in replies))
    return render_page(
        request,
        "desk/case/decision.html",
        ruling.label,
        crumbs=case_crumbs(request, at_desk, dossier),
        errors=errors,
        dossier=dossier,
        case=at_desk.case,
        act=act.value,
        ruling=ruling,
        values=values,
        moved=moved or [],
        replies=[(name, reply.title) for name, reply in zip(names, replies, strict=True)],
        chosen=request.query_params.get("modele", ""),
        told=told_in(request, db, at_desk),
        waiting=waiting_on(db, at_desk.case),
    )


# --- the preview ---


def _preview(request: PortalRequest, dossier: str, form: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        at_desk = opened(request, db, dossier)
        act = exact_value(form, ACT)
        ruling = ruling_of(at_desk.case, act)
        if ruling is None or ruling.route:
            raise NotFoundException
        sent = read_decision(form, Act(act), ruling, day_in_france(request.now))
        if sent.errors or sent.version != at_desk.case.version:
            return shown_again(request, db, at_desk, dossier, ruling, sent, sent.errors)
    try:
        shown = preview_of(request, at_desk, sent.decision, ruling.apply)
        row = _write(request, at_desk, ruling, sent)
    except REFUSED as problem:
        return _refused(request, dossier, ruling, sent, words_of(problem))
    except CaseMoved:
        return _refused(request, dossier, ruling, sent, "")
    return preview_page(request, at_desk, dossier, ruling, sent.decision, row, shown)


def _write(request: PortalRequest, at_desk: AtDesk, ruling: Ruling, sent: Sent) -> DecisionProposal:
    with request.database.write() as db:
        agent = agent_at_work(request.viewer, CaseLetters(request.services))
        case = lock_for_desk(db, agent, at_desk.case.id or 0, sent.version)
        if case is None:
            raise NotFoundException
        cents, matter = ruling.cents_of(db, case, sent.decision), frame_of(case).matter_of(db, case)
        keyring, decision = request.services.keyring, sent.decision
        return write_decision(db, agent, keyring, case, decision, request.now, cents=cents, matter=matter)


def preview_page(
    request: PortalRequest,
    at_desk: AtDesk,
    dossier: str,
    ruling: Ruling,
    decision: Decision,
    row: DecisionProposal,
    shown: Preview,
    errors: Sequence[FieldError] = (),
) -> Response[bytes]:
    """What the person will read of a decision that was kept, to be sent from there."""
    (name,) = request.services.keyring.conceal(PROPOSAL, [row.id or 0])
    with request.database.read() as db:
        needs_another = asks_for_second_look(db, row, request.now)
        at_desk = opened(request, db, dossier)
        note(request, at_desk)
        return render_page(
            request,
            "desk/case/preview.html",
            "Ce que la personne lira",
            crumbs=[*case_crumbs(request, at_desk, dossier), Crumb(ruling.label, form_url(request, dossier, name))],
            errors=errors,
            company=company_at(request, db, at_desk.item),
            dossier=dossier,
            name=name,
            ruling=ruling,
            words=decision.words,
            shown=shown,
            needs_another=needs_another,
            change=form_url(request, dossier, name),
        )


def form_url(request: PortalRequest, dossier: str, name: str) -> str:
    """The address of the form with a decision that was kept."""
    return request.services.urls("desk.case.decision", {"brouillon": name}, dossier=dossier)


def _refused(request: PortalRequest, dossier: str, ruling: Ruling, sent: Sent, problem: str) -> Response[bytes]:
    with request.database.read() as db:
        errors = [FieldError(WHOLE, problem)] if problem else []
        return shown_again(request, db, opened(request, db, dossier), dossier, ruling, sent, errors)


def shown_again(
    request: PortalRequest,
    db: Session,
    at_desk: AtDesk,
    dossier: str,
    ruling: Ruling,
    sent: Sent,
    errors: list[FieldError],
) -> Response[bytes]:
    """The form with what was typed; when the case moved meanwhile, with what changed, to be sent for the case as it
    is."""
    note(request, at_desk)
    moved: list[str] = []
    if sent.version != at_desk.case.version:
        moved = changes_in_words(db, at_desk.case, sent.raw[SEEN])
        errors = [FieldError(WHOLE, MOVED), *errors]
    values = sent.raw | {"version": str(at_desk.case.version), SEEN: request.now.isoformat()}
    return _form(request, db, at_desk, dossier, sent.decision.act, ruling, values, errors, moved)


def changes_in_words(db: Session, case: Case, seen: str) -> list[str]:
    """What came to the case since the form was opened; `seen`: that instant, as the form sent it back."""
    then = case.opened_at
    with suppress(ValueError, TypeError, OverflowError):
        then = max(then, datetime.fromisoformat(seen)).astimezone(UTC)
    steps, said, added = changes_since(db, case, then)
    words = [f"État\u00a0: {DESK_STATES[CaseState(step.state)][0].lower()}." for step in steps]
    if said:
        words.append(f"La personne a écrit {plural(said, 'message')}.")
    if added:
        words.append(f"La personne a ajouté {plural(added, 'pièce')}.")
    return words


HANDLERS = [form_page, preview]
