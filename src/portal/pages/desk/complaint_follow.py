"""The clock of a complaint at the desk: a delay announced with its reason, the mediator noted (R-26).
/gestion/dossiers/<dossier>/reclamation"""

from datetime import date
from functools import partial

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_notices import CaseLetters
from portal.complaint_notices import tell_delayed
from portal.complaint_words import CATEGORY_LABELS, marks_of, state_of
from portal.data.case_desk import Agent, agent_at_work
from portal.data.cases import CaseMoved, WrongState
from portal.data.complaint_follow import MediatedOutside, announce_delay, complaint_at_desk, note_mediator
from portal.data.complaints import LONGEST_TEXT, Told
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.formatting import today
from portal.forms import FieldError, single_values, written_text
from portal.pages.desk.case_access import WORKS, case_crumbs, note, opened, record
from portal.pages.desk.work import KNOWN, work_context, work_errors
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

SHORTEST = 20
TITLE = "Délais et médiateur"
NO_REASON = "Dites pourquoi la réponse prend du temps, en 20 à 5\u00a0000 caractères\u00a0: la personne le lira."
NO_DAY = "Donnez le jour de la saisine du médiateur\u00a0: entre l’envoi de la réclamation et aujourd’hui."
MOVED = "Cette réclamation a changé depuis que vous l’avez ouverte. La voici à jour\u00a0: recommencez si besoin."


@page("/gestion/dossiers/{dossier:str}/reclamation", name="desk.complaint", guards=WORKS)
def clock_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    return _page(request, request.db, dossier)


@async_action("/gestion/dossiers/{dossier:str}/reclamation/retard", name="desk.complaint.delay", guards=WORKS)
async def delay(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_delay, request, dossier, await request.form())


@async_action("/gestion/dossiers/{dossier:str}/reclamation/mediateur", name="desk.complaint.mediator", guards=WORKS)
async def mediator(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_mediator, request, dossier, await request.form())


def _delay(request: PortalRequest, dossier: str, form: FormMultiDict) -> Response[bytes] | Redirect:
    why, knows = written_text(form, "raison"), single_values(form, (KNOWN,))[KNOWN]
    errors = [] if SHORTEST <= len(why) <= LONGEST_TEXT else [FieldError("raison", NO_REASON)]
    with request.database.read() as db:
        errors += work_errors(request, db, opened(request, db, dossier).item, knows)
    if errors:
        return _again(request, dossier, *errors, raison=why, collegue=knows)
    keyring, tell = request.services.keyring, partial(tell_delayed, request.services)
    try:
        with request.database.write() as db:
            at_desk, told = _told(request, db, dossier)
            announce_delay(db, _agent(request), keyring, told, why, tell, request.now)
            record(request, db, at_desk, Action.COMPLAINT_DELAYED)
    except (CaseMoved, WrongState):
        return _again(request, dossier, FieldError("", MOVED), raison=why)
    return Redirect(request.services.urls("desk.complaint", dossier=dossier), status_code=303)


def _mediator(request: PortalRequest, dossier: str, form: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(form, ("jour",))["jour"]
    day = _day(raw)
    if day is None:
        return _again(request, dossier, FieldError("jour", NO_DAY), jour=raw)
    try:
        with request.database.write() as db:
            at_desk, told = _told(request, db, dossier)
            note_mediator(db, _agent(request), told, day, request.now)
            record(request, db, at_desk, Action.COMPLAINT_MEDIATED)
    except MediatedOutside:
        return _again(request, dossier, FieldError("jour", NO_DAY), jour=raw)
    except (CaseMoved, WrongState):
        return _again(request, dossier, FieldError("", MOVED), jour=raw)
    return Redirect(request.services.urls("desk.complaint", dossier=dossier), status_code=303)


def _day(raw: str) -> date | None:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


def _agent(request: PortalRequest) -> Agent:
    return agent_at_work(request.viewer, CaseLetters(request.services))


def _told(request: PortalRequest, db: Session, dossier: str) -> tuple[AtDesk, Told]:
    at_desk = opened(request, db, dossier)
    told = complaint_at_desk(db, request.services.keyring, at_desk)
    if told is None:
        raise NotFoundException
    return at_desk, told


def _again(request: PortalRequest, dossier: str, *errors: FieldError, **typed: str) -> Response[bytes]:
    with request.database.read() as db:
        return _page(request, db, dossier, [*errors], typed)


def _page(
    request: PortalRequest,
    db: Session,
    dossier: str,
    errors: list[FieldError] | None = None,
    typed: dict[str, str] | None = None,
) -> Response[bytes]:
    at_desk, told = _told(request, db, dossier)
    note(request, at_desk)
    return render_page(
        request,
        "desk/complaint/index.html",
        TITLE,
        crumbs=case_crumbs(request, at_desk, dossier),
        errors=errors or [],
        typed={"raison": "", "jour": "", KNOWN: ""} | (typed or {}),
        told=told,
        dossier=dossier,
        state=state_of(told),
        category=CATEGORY_LABELS[told.said.category],
        marks=marks_of(told, today()),
        mediator=request.services.settings.mediator,
        **work_context(request, db, at_desk.item),
    )


HANDLERS = [clock_page, delay, mediator]
