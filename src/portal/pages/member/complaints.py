"""Complaints of members, followed against the legal clock: the list, one, its file. /adherent/reclamations (R-26)."""

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.complaint_documents import Dossier, complaint_pdf
from portal.complaint_words import CATEGORY_LABELS, marks_of, state_of
from portal.data.answer_delays import usual_delay
from portal.data.case_messages import messages_of
from portal.data.case_pieces import pieces_of
from portal.data.cases import DECISIONS, CaseState, steps_of
from portal.data.complaints import KIND, Told, complaint_of, complaints_of, disputed_line
from portal.data.evidence import Action
from portal.formatting import today
from portal.forms import FieldError
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.conversations import FIELD, TalkView, in_place
from portal.pages.account.messages import elsewhere
from portal.pages.account.pieces import CASE, slot_views
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

TITLE = "Vos réclamations"
OVER = (
    "Cette réclamation est terminée\u00a0: votre message n’est pas envoyé. "
    "Écrivez-nous par la messagerie, ou demandez au médiateur."
)
READS = [requires(Permission.COMPLAINTS_READ)]
# The insurer's own acts end a complaint; until then its author may take it back.
WITHDRAWABLE = frozenset({CaseState.SENT, CaseState.IN_REVIEW, CaseState.INCOMPLETE, CaseState.ANSWERED})


@page("/adherent/reclamations", name="member.complaints", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    found = complaints_of(request.db, request.viewer, request.services.keyring)
    names = request.services.keyring.conceal(CASE, (told.case.id or 0 for told in found))
    request.note_read(Action.CASE_READ, KIND)
    return render_page(
        request,
        "member/complaints/index.html",
        TITLE,
        crumbs=[_home(request)],
        complaints=[(told, name, state_of(told)) for told, name in zip(found, names, strict=True)],
        labels=CATEGORY_LABELS,
        mediator=request.services.settings.mediator,
    )


@page("/adherent/reclamations/{case:str}", name="member.complaint", guards=READS)
def complaint_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    told = found_complaint(request, request.db, case)
    request.note_read(Action.CASE_READ, told.case.object)
    return render_complaint(request, request.db, told)


@async_page("/adherent/reclamations/{case:str}/pdf", name="member.complaint.pdf", guards=READS)
async def pdf_file(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    return await pdf_answer(request, await request.database.run(_dossier, request, case))


async def pdf_answer(request: PortalRequest, dossier: Dossier) -> Response[bytes]:
    """A complaint's file, as it stands now, to be kept."""
    body = await to_thread.run_sync(complaint_pdf, dossier, request.services.settings.insurer, request.now)
    headers = {
        "Content-Disposition": f'attachment; filename="reclamation-{dossier.told.case.reference}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _dossier(request: PortalRequest, opaque: str) -> Dossier:
    db = request.db
    told = found_complaint(request, db, opaque)
    request.note_read(Action.CASE_DOWNLOADED, told.case.object)
    return dossier_of(request, db, told)


def dossier_of(request: PortalRequest, db: Session, told: Told) -> Dossier:
    """All that a complaint's file holds. The caller has found the complaint."""
    said = messages_of(db, request.services.keyring, told.case)
    return Dossier(told, reason_of(request, db, told), said, pieces_of(db, told.case))


def reason_of(request: PortalRequest, db: Session, told: Told) -> str:
    """Why the insurer answered as it did; empty before it does."""
    reasons = [step.reason_encrypted for step in steps_of(db, told.case) if step.state in DECISIONS]
    return request.services.keyring.decrypt(reasons[-1]) if reasons and reasons[-1] else ""


def render_complaint(
    request: PortalRequest, db: Session, told: Told, problem: FieldError | None = None, typed: str = ""
) -> Response[bytes]:
    """The page of a complaint. `problem`: what went wrong with a form of the page, whose message was `typed`."""
    case, keyring = told.case, request.services.keyring
    talk = talk_view(request, db, told, typed)
    if problem and problem.field == FIELD:
        problem = talk.shows(problem.message, OVER)
    return render_page(
        request,
        "member/complaints/complaint.html",
        complaint_title(told),
        crumbs=complaint_crumbs(request),
        errors=[problem] if problem else [],
        told=told,
        name=keyring.conceal(CASE, [case.id or 0])[0],
        state=state_of(told),
        marks=marks_of(told, today()),
        is_mediator_open=told.clock is not None and told.clock.is_mediator_open(today()),
        reason=reason_of(request, db, told),
        talk=talk,
        slots=slot_views(request, db, case),
        line=disputed_line(db, request.viewer, told.said.line_id, today()),
        labels=CATEGORY_LABELS,
        mediator=request.services.settings.mediator,
        delay=usual_delay(db, KIND, request.viewer.space, request.now),
        may_withdraw=case.state in WITHDRAWABLE,
    )


def talk_view(request: PortalRequest, db: Session, told: Told, typed: str = "") -> TalkView:
    """What was said about a complaint, and the form that adds to it while it is open."""
    case, keyring, urls = told.case, request.services.keyring, request.services.urls
    messages, is_open = messages_of(db, keyring, case), not case.is_draft and not case.is_over
    name = keyring.conceal(CASE, [case.id or 0])[0]
    if not is_open:
        return TalkView(messages, typed=typed, elsewhere=elsewhere(request))
    action, fragment = urls("member.complaint.message", case=name), urls("member.complaint.message.fragment", case=name)
    return TalkView(messages, action, in_place(case, fragment), typed)


def complaint_title(told: Told) -> str:
    """What the page of a complaint is called."""
    return f"Réclamation {told.case.reference}"


def found_complaint(request: PortalRequest, db: Session, opaque: str) -> Told:
    """The viewer's complaint behind an opaque name. Raises `NotFoundException`."""
    told = complaint_of(db, request.viewer, request.services.keyring, request.revealed(CASE, opaque))
    if told is None:
        raise NotFoundException
    return told


def shown_again(request: PortalRequest, opaque: str, problem: str, field: str = "", typed: str = "") -> Response[bytes]:
    """The complaint as it is now, with what went wrong; what was typed is kept."""
    with request.database.read() as db:
        return render_complaint(request, db, found_complaint(request, db, opaque), FieldError(field, problem), typed)


def to_complaint(request: PortalRequest, case_id: int) -> Redirect:
    """Leads to a complaint's page."""
    name = request.services.keyring.conceal(CASE, [case_id])[0]
    return Redirect(request.services.urls("member.complaint", case=name), status_code=303)


def complaint_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the complaints."""
    return [_home(request), Crumb(TITLE, request.services.urls("member.complaints"))]


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("member.home"))


HANDLERS = [list_page, complaint_page, pdf_file]
