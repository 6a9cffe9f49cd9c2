"""An agent puts a line right: /gestion/dossiers/…/liquidation/{ligne}/rectification (R-05).

What is typed is kept at each step, as a valuation's is; `rectification_decision.py` decides.
"""

from dataclasses import dataclass

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_notices import CaseLetters
from portal.data.benefits import BenefitLine
from portal.data.case_desk import Agent, agent_at_work
from portal.data.cases import Case
from portal.data.claims import asked_of
from portal.data.desk_cases import AtDesk
from portal.data.rectification_review import Rectification, Review, review_of, standing_line
from portal.data.valuation import Reason
from portal.data.valuation_drafts import Typed, keep_typed, lock_claim_at_desk, typed_for
from portal.deciding.rectification import review_context
from portal.forms import FieldError, single_values
from portal.guarantee_words import SECTOR_LABELS
from portal.pages.desk.case_access import WORKS, case_crumbs, note
from portal.pages.desk.valuation import VALUATION, acts_by_family, options_of
from portal.pages.desk.valuation_context import lists_for, opened_claim
from portal.pages.desk.valuation_forms import entries_of, read_lines, standing_typed
from portal.pages.desk.work import work_context
from portal.rectification_words import NO_PROBLEM, OBSTACLES
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.valuation_words import PROBLEMS, REASONS, VERDICTS
from portal.web import PortalRequest

RIGHTING = f"{VALUATION}/{{ligne:str}}/rectification"
TITLE = "Rectifier une ligne"
DONE = "Demande liquidée"


@dataclass(frozen=True, slots=True)
class Righting:
    """A line that an agent puts right. `review`: None while what was typed cannot be read, or `line` no longer stands;
    `problems`: what keeps it from being decided, by field."""

    at_desk: AtDesk
    line: BenefitLine
    typed: Typed
    review: Review | None
    problems: list[FieldError]
    people: list[tuple[str, str]]


@page(RIGHTING, name="desk.case.rectification", guards=WORKS)
def form_page(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes]:
    found = righting_of(request, request.db, dossier, ligne)
    return _render(request, request.db, dossier, ligne, found)


@async_action(RIGHTING, name="desk.case.rectification.keep", guards=WORKS)
async def keep(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_keep, request, dossier, ligne, await request.form())


def agent_of(request: PortalRequest) -> Agent:
    """The viewer, who acts with letters."""
    return agent_at_work(request.viewer, CaseLetters(request.services))


def line_at_desk(request: PortalRequest, db: Session, dossier: str, ligne: str) -> tuple[AtDesk, BenefitLine]:
    """A line of a claim that stands; 404 for any other, and for an agent who is near."""
    at_desk = opened_claim(request, db, dossier)
    line = standing_line(db, agent_of(request), at_desk.case, request.revealed("line", ligne))
    if line is None:
        raise NotFoundException
    return at_desk, line


def righting_of(request: PortalRequest, db: Session, dossier: str, ligne: str) -> Righting:
    """What was typed to put a line right, and what comes of it. Raises `NotFoundException`."""
    at_desk, line = line_at_desk(request, db, dossier, ligne)
    lists, people = lists_for(request, db, at_desk.case, {ligne: line.id or 0})
    typed = _typed(request, db, at_desk.case, line, ligne, dict(zip(lists.people.values(), lists.people, strict=True)))
    (entry,), errors = entries_of(typed, lists)
    asked = Rectification(line_id=line.id or 0, entry=entry)
    review = review_of(db, agent_of(request), at_desk.case, asked, request.now) if entry else None
    problems = errors if review is None else _problems(review)
    return Righting(at_desk, line, typed, review, problems, people)


def done_crumbs(request: PortalRequest, at_desk: AtDesk, dossier: str) -> list[Crumb]:
    """The way to a page about one line of a claim."""
    done = request.services.urls("desk.case.valuation", dossier=dossier)
    return [*case_crumbs(request, at_desk, dossier), Crumb(DONE, done)]


def _typed(
    request: PortalRequest, db: Session, case: Case, line: BenefitLine, ligne: str, people: dict[int, str]
) -> Typed:
    """What was typed for this very line, or what it says now."""
    kept = typed_for(db, request.services.keyring, case)
    if kept is not None and len(kept.lines) == 1 and kept.lines[0]["remplace"] == ligne:
        return kept
    row = asked_of(db, case).row
    sector = row.sector if row.act_code == line.act_code else ""
    return standing_typed(ligne, line, people.get(line.person_id, ""), sector)


def _problems(review: Review) -> list[FieldError]:
    """What keeps a line from being put right so, field by field."""
    valued = review.valued
    found = [PROBLEMS[problem] for problem in valued.problems] if valued else []
    found += [OBSTACLES[obstacle] for obstacle in review.obstacles]
    if not found and not review.may_be_applied:
        found = [("prix", NO_PROBLEM)]
    return [FieldError(f"{field}-0", message) for field, message in dict(found).items()]


def _keep(request: PortalRequest, dossier: str, ligne: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    _save(request, dossier, ligne, sent)
    url = request.services.urls
    if single_values(sent, ("faire",))["faire"] != "decider":
        return Redirect(url("desk.case.rectification", dossier=dossier, ligne=ligne), status_code=303)
    with request.database.read() as db:
        found = righting_of(request, db, dossier, ligne)
        if found.problems:
            return _render(request, db, dossier, ligne, found, found.problems)
    return Redirect(url("desk.rectification.decision", dossier=dossier, ligne=ligne), status_code=303)


def _save(request: PortalRequest, dossier: str, ligne: str, sent: FormMultiDict) -> None:
    read = read_lines(sent)
    if len(read.lines) != 1:
        raise NotFoundException
    typed = Typed(({**read.lines[0], "remplace": ligne},))
    with request.database.write() as db:
        case = lock_claim_at_desk(db, request.viewer, request.services.keyring, request.revealed("work", dossier))
        if case is None or standing_line(db, agent_of(request), case, request.revealed("line", ligne)) is None:
            raise NotFoundException
        keep_typed(db, request.viewer, request.services.keyring, case, typed, request.now)


def _render(
    request: PortalRequest,
    db: Session,
    dossier: str,
    ligne: str,
    found: Righting,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    note(request, found.at_desk)
    urls = request.services.urls
    return render_page(
        request,
        "desk/valuation/rectification.html",
        TITLE,
        crumbs=done_crumbs(request, found.at_desk, dossier),
        errors=errors or [],
        dossier=dossier,
        line=found.typed.lines[0],
        before=found.line,
        n=0,
        righting=True,
        people=found.people,
        results=[(found.review.valued, [])] if found.review else [None],
        acts=acts_by_family(db),
        sectors=options_of(SECTOR_LABELS),
        verdicts=options_of(VERDICTS),
        reasons=options_of({reason: label for reason, label in REASONS.items() if reason is not Reason.PIECE}),
        target=urls("desk.case.rectification.keep", dossier=dossier, ligne=ligne),
        cancel=urls("desk.case.correction", dossier=dossier, ligne=ligne),
        problems=[error.message for error in found.problems],
        **review_context(db, found.review),
        **work_context(request, db, found.at_desk.item),
    )


HANDLERS = [form_page, keep]
