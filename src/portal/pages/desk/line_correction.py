"""An agent takes back a line that was valued wrong. /gestion/dossiers/…/liquidation/…/correction (R-05)."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_notices import CaseLetters
from portal.data.benefits import BenefitLine
from portal.data.case_desk import Agent, agent_at_work
from portal.data.cases import WrongState
from portal.data.claim_valuing import TooNear
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.data.line_corrections import correct_line, correctable_lines
from portal.data.valuation import LONGEST_WORDS, SHORTEST_WORDS
from portal.data.valuation_drafts import lock_claim_at_desk
from portal.forms import FieldError, single_values
from portal.pages.desk.case_access import case_crumbs, note, record
from portal.pages.desk.valuation_context import opened_claim
from portal.pages.desk.valuation_decision import DECIDES
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.valuation_words import LONG_WORDS
from portal.web import PortalRequest

TITLE = "Annuler une ligne"
NO_REASON = f"Expliquez à l’adhérent pourquoi la ligne est annulée, en {SHORTEST_WORDS} caractères au moins."
PATH = "/gestion/dossiers/{dossier:str}/liquidation/{ligne:str}/correction"


@page(PATH, name="desk.case.correction", guards=DECIDES)
def correction_page(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes]:
    at_desk, line = _found(request, request.db, dossier, ligne)
    note(request, at_desk)
    return _render(request, dossier, at_desk, ligne, line, "")


@async_action(PATH, name="desk.case.correct", guards=DECIDES)
async def correct(request: PortalRequest, dossier: FromPath[str], ligne: FromPath[str]) -> Response[bytes] | Redirect:
    words = single_values(await request.form(), ("raison",), LONGEST_WORDS + 1)["raison"].strip()
    return await request.database.run_writing(_correct, request, dossier, ligne, words)


def _correct(request: PortalRequest, dossier: str, ligne: str, words: str) -> Response[bytes] | Redirect:
    if not SHORTEST_WORDS <= len(words) <= LONGEST_WORDS:
        with request.database.read() as db:
            at_desk, line = _found(request, db, dossier, ligne)
            message = LONG_WORDS if words and len(words) > LONGEST_WORDS else NO_REASON
            return _render(request, dossier, at_desk, ligne, line, words, [FieldError("raison", message)])
    try:
        with request.database.write() as db:
            at_desk = opened_claim(request, db, dossier)
            case = lock_claim_at_desk(db, request.viewer, request.services.keyring, at_desk.item.id or 0)
            if case is None:
                raise NotFoundException
            done = correct_line(db, _agent(request), case, request.revealed("line", ligne), words, request.now)
            record(request, db, at_desk, Action.CASE_LINE_CORRECTED, overpaid=done.overpaid_cents)
    except (TooNear, WrongState):
        pass  # the page of the case says what it is now
    return Redirect(request.services.urls("desk.case.valuation", dossier=dossier), status_code=303)


def _found(request: PortalRequest, db: Session, dossier: str, ligne: str) -> tuple[AtDesk, BenefitLine]:
    at_desk = opened_claim(request, db, dossier)
    line_id = request.revealed("line", ligne)
    lines = correctable_lines(db, _agent(request), at_desk.case)
    line = next((each for each in lines if each.id == line_id), None)
    if line is None:
        raise NotFoundException
    return at_desk, line


def _agent(request: PortalRequest) -> Agent:
    return agent_at_work(request.viewer, CaseLetters(request.services))


def _render(
    request: PortalRequest,
    dossier: str,
    at_desk: AtDesk,
    ligne: str,
    line: BenefitLine,
    words: str,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    urls = request.services.urls
    back = urls("desk.case.valuation", dossier=dossier)
    return render_page(
        request,
        "desk/valuation/correction.html",
        TITLE,
        crumbs=[*case_crumbs(request, at_desk, dossier), Crumb("Demande liquidée", back)],
        errors=errors or [],
        line=line,
        words=words,
        target=urls("desk.case.correct", dossier=dossier, ligne=ligne),
        back=back,
        longest=LONGEST_WORDS,
    )


HANDLERS = [correction_page, correct]
