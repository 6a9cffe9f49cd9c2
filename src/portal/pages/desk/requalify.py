"""A message that is really a complaint becomes one: /gestion/dossiers/<dossier>/requalification (R-26, R-80)."""

from dataclasses import replace
from functools import partial

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_notices import CaseLetters
from portal.complaint_notices import tell_requalified
from portal.complaint_report_words import SUBJECT_LABELS
from portal.complaint_words import moved_to_complaint
from portal.data.case_desk import agent_at_work
from portal.data.cases import Case, CaseMoved, WrongState
from portal.data.complaints import Category
from portal.data.desk_cases import AtDesk, case_at_desk
from portal.data.evidence import Action
from portal.data.requalifying import Candidate, Requalified, candidate_of, turn_into_complaint
from portal.data.work_items import item_of_case
from portal.formatting import local_time
from portal.forms import FieldError, single_values
from portal.pages.desk.case_access import WORK, WORKS, case_crumbs, case_url, note, opened, record
from portal.pages.desk.work import KNOWN, work_context, work_errors
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Traiter comme une réclamation"
FIELDS = ("message", "sujet")
MESSAGE = "message"
SHOWN = 160
NO_MESSAGE = "Choisissez le message par lequel cette personne se plaint\u00a0: les délais comptent depuis son jour."
NO_CATEGORY = "Choisissez ce sur quoi porte la réclamation."
MOVED = "Ce dossier a changé depuis que vous l’avez ouvert. Relisez-le, puis recommencez."


@page("/gestion/dossiers/{dossier:str}/requalification", name="desk.case.requalify", guards=WORKS)
def form_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, dossier, dict.fromkeys((*FIELDS, KNOWN), ""), [])


@async_action("/gestion/dossiers/{dossier:str}/requalification", name="desk.case.requalify.submit", guards=WORKS)
async def submit(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_submit, request, dossier, await request.form())


def _submit(request: PortalRequest, dossier: str, form: FormMultiDict) -> Response[bytes] | Redirect:
    sent = single_values(form, (*FIELDS, KNOWN), longest=60)
    errors = [] if sent["message"] else [FieldError("message", NO_MESSAGE)]
    errors += [] if sent["sujet"] in set(Category) else [FieldError("sujet", NO_CATEGORY)]
    with request.database.read() as db:
        errors += work_errors(request, db, opened(request, db, dossier).item, sent[KNOWN])
    try:
        with request.database.write() as db:
            made = None if errors else _made(request, db, dossier, sent)
    except (CaseMoved, WrongState):
        made, errors = None, [FieldError("", MOVED)]
    with request.database.read() as db:
        if made is not None:
            back = request.services.urls("desk.case.requalify", dossier=dossier)
            return Redirect(_page_of(request, db, made.complaint) or back, status_code=303)
        return _form(request, db, dossier, sent, errors or [FieldError("message", NO_MESSAGE)])


def _made(request: PortalRequest, db: Session, dossier: str, sent: dict[str, str]) -> Requalified | None:
    """The complaint made of the message that was chosen; None when none of the thread's was."""
    (at_desk, candidate), keyring = _candidate(request, db, dossier), request.services.keyring
    chosen = keyring.reveal(MESSAGE, sent["message"])
    message = next((each for each in candidate.written if each.id == chosen), None)
    if message is None:
        return None
    agent = agent_at_work(request.viewer, CaseLetters(request.services))
    words = partial(moved_to_complaint, message.sent_at)
    category, tell = Category(sent["sujet"]), partial(_tell, request)
    made = turn_into_complaint(db, agent, keyring, candidate, message, category, words, tell, request.now)
    record(request, db, replace(at_desk, case=made.complaint), Action.CASE_REQUALIFIED, of=made.thread.object)
    return made


def _tell(request: PortalRequest, db: Session, made: Requalified) -> None:
    tell_requalified(request.services, db, made.complaint, made.thread)


def _candidate(request: PortalRequest, db: Session, dossier: str) -> tuple[AtDesk, Candidate]:
    at_desk = opened(request, db, dossier)
    found = candidate_of(db, request.services.keyring, at_desk)
    if found is None:
        raise NotFoundException
    return at_desk, found


def _form(
    request: PortalRequest, db: Session, dossier: str, sent: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    at_desk, candidate = _candidate(request, db, dossier)
    note(request, at_desk)
    names = request.services.keyring.conceal(MESSAGE, (each.id for each in candidate.written))
    return render_page(
        request,
        "desk/requalify/index.html",
        TITLE,
        crumbs=case_crumbs(request, at_desk, dossier),
        back=case_url(request, dossier),
        errors=errors,
        sent=sent,
        dossier=dossier,
        reference=candidate.case.reference,
        became=_became(request, db, candidate.complaint),
        messages=[
            (name, f"Le {local_time(each.sent_at)}\u00a0: «\u00a0{_beginning(each.text)}\u00a0»")
            for name, each in zip(names, candidate.written, strict=True)
        ],
        categories=[(category.value, label) for category, label in SUBJECT_LABELS.items()],
        **work_context(request, db, at_desk.item),
    )


def _became(request: PortalRequest, db: Session, complaint: Case | None) -> tuple[str, str] | None:
    """The reference of what the thread became already, and its page; None when it became nothing."""
    return (complaint.reference, _page_of(request, db, complaint)) if complaint else None


def _page_of(request: PortalRequest, db: Session, complaint: Case) -> str:
    """The page of a complaint; empty for an agent who is charged with messages alone."""
    keyring, item_id = request.services.keyring, item_of_case(db, complaint.id or 0)
    is_theirs = case_at_desk(db, request.viewer, keyring, item_id) is not None
    (name,) = keyring.conceal(WORK, [item_id])
    return request.services.urls("desk.complaint", dossier=name) if is_theirs else ""


def _beginning(text: str) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= SHOWN else f"{line[:SHOWN].rstrip()}…"


HANDLERS = [form_page, submit]
