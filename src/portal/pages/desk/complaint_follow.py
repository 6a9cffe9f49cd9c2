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
from portal.data.cases import Case, CaseMoved, WrongState
from portal.data.complaint_follow import MediatedOutside, announce_delay, complaint_at_desk, note_mediator
from portal.data.complaints import LONGEST_TEXT, Told
from portal.data.evidence import Action
from portal.data.work_items import item_of_case
from portal.formatting import today
from portal.forms import FieldError, single_values, written_text
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

WORK = "work"
WORKS = [requires(Permission.DESK_QUEUE)]
SHORTEST = 20
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


def to_complaint(request: PortalRequest, case: Case) -> Redirect:
    """Leads to the clock of a complaint."""
    with request.database.read() as db:
        (name,) = request.services.keyring.conceal(WORK, [item_of_case(db, case.id or 0)])
    return Redirect(request.services.urls("desk.complaint", dossier=name), status_code=303)


def _delay(request: PortalRequest, dossier: str, form: FormMultiDict) -> Response[bytes] | Redirect:
    why = written_text(form, "raison")
    if not SHORTEST <= len(why) <= LONGEST_TEXT:
        return _again(request, dossier, FieldError("raison", NO_REASON), raison=why)
    keyring, tell = request.services.keyring, partial(tell_delayed, request.services)
    try:
        with request.database.write() as db:
            told = _told(request, db, dossier)
            case = announce_delay(db, _agent(request), keyring, told, why, tell, request.now)
            request.record(db, Action.COMPLAINT_DELAYED, case.object, acting_for=case.member_id)
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
            case = note_mediator(db, _agent(request), _told(request, db, dossier), day, request.now)
            request.record(db, Action.COMPLAINT_MEDIATED, case.object, acting_for=case.member_id)
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


def _told(request: PortalRequest, db: Session, dossier: str) -> Told:
    told = complaint_at_desk(db, request.viewer, request.services.keyring, request.revealed(WORK, dossier))
    if told is None:
        raise NotFoundException
    return told


def _again(request: PortalRequest, dossier: str, error: FieldError, **typed: str) -> Response[bytes]:
    with request.database.read() as db:
        return _page(request, db, dossier, [error], typed)


def _page(
    request: PortalRequest,
    db: Session,
    dossier: str,
    errors: list[FieldError] | None = None,
    typed: dict[str, str] | None = None,
) -> Response[bytes]:
    told = _told(request, db, dossier)
    request.note_read(Action.CASE_READ, told.case.object, acting_for=told.case.member_id)
    return render_page(
        request,
        "desk/complaint/index.html",
        f"Réclamation {told.case.reference}",
        errors=errors or [],
        typed={"raison": "", "jour": ""} | (typed or {}),
        told=told,
        dossier=dossier,
        state=state_of(told),
        category=CATEGORY_LABELS[told.said.category],
        marks=marks_of(told, today()),
        mediator=request.services.settings.mediator,
    )


HANDLERS = [clock_page, delay, mediator]
