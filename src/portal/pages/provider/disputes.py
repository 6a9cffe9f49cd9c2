"""Contested invoices, as whoever contests them follows them: the list, one, its file.
/professionnel/factures/contestations (R-40)."""

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.answer_delays import usual_delay
from portal.data.case_messages import messages_of
from portal.data.case_pieces import pieces_of
from portal.data.cases import DECISIONS, MOVES, CaseState, find_case, steps_of
from portal.data.evidence import Action
from portal.data.invoice_disputes import Motive
from portal.data.invoice_disputing import KIND, Contested, dispute_of, disputes_of
from portal.data.invoice_reading import reject_on
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.headers import DOCUMENT_POLICY
from portal.invoice_dispute_documents import Dossier, dispute_pdf
from portal.invoice_dispute_words import MOTIVE_LABELS, marks_of, state_of
from portal.invoice_words import STATE_LABELS
from portal.pages.account.conversations import FIELD, TalkView, in_place
from portal.pages.account.messages import elsewhere
from portal.pages.account.pieces import CASE, slot_views
from portal.pages.provider.invoices import INVOICE, READS, home_crumb
from portal.pages.provider.invoices import TITLE as INVOICES
from portal.permissions import Permission, may
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

TITLE = "Vos contestations"
SHOWN = 25
# Where a page shows what no field of a form is wrong with.
WHOLE = "dossier"
OVER = "Cette contestation est terminée\u00a0: votre message n’est pas envoyé. Écrivez-nous depuis la page Contact."


@page("/professionnel/factures/contestations", name="provider.disputes", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    found = disputes_of(request.db, request.viewer, _cursor(request), SHOWN + 1)
    names = request.services.keyring.conceal(CASE, (case.id or 0 for case, _, _ in found))
    request.note_read(Action.CASE_READ, KIND, persons=sorted({one.person_id for *_, one in found if one.person_id}))
    return render_page(
        request,
        "provider/disputes/index.html",
        TITLE,
        crumbs=invoice_crumbs(request),
        rows=[
            (case, invoice, MOTIVE_LABELS[Motive(row.motive)], state_of(case), name)
            for (case, row, invoice), name in zip(found[:SHOWN], names, strict=False)
        ],
        next_name=names[SHOWN - 1] if len(found) > SHOWN else "",
    )


@page("/professionnel/factures/contestations/{case:str}", name="provider.dispute", guards=READS)
def dispute_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    told = found_dispute(request, request.db, case)
    request.note_read(Action.CASE_READ, told.case.object, persons=persons_of(told))
    return render_dispute(request, request.db, told)


@async_page("/professionnel/factures/contestations/{case:str}/pdf", name="provider.dispute.pdf", guards=READS)
async def pdf_file(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    dossier = await request.database.run(_dossier, request, case)
    body = await to_thread.run_sync(dispute_pdf, dossier, request.services.settings.insurer, request.now)
    headers = {
        "Content-Disposition": f'attachment; filename="contestation-{dossier.told.case.reference}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def render_dispute(
    request: PortalRequest, db: Session, told: Contested, problem: FieldError | None = None, typed: str = ""
) -> Response[bytes]:
    """The page of a dispute. `problem`: what went wrong with a form of the page, whose message was `typed`."""
    case, keyring = told.case, request.services.keyring
    talk = talk_view(request, db, told, typed)
    if problem and problem.field == FIELD:
        problem = talk.shows(problem.message, OVER)
    return render_page(
        request,
        "provider/disputes/dispute.html",
        dispute_title(told),
        crumbs=[*invoice_crumbs(request), Crumb(TITLE, request.services.urls("provider.disputes"))],
        errors=[problem] if problem else [],
        told=told,
        name=keyring.conceal(CASE, [case.id or 0])[0],
        invoice_name=keyring.conceal(INVOICE, [told.invoice.id])[0],
        state=state_of(case),
        invoice_states=STATE_LABELS,
        motive=MOTIVE_LABELS[told.said.motive],
        reject=reject_on(db, told.row.reject_code, told.row.state_on) if told.row.reject_code else None,
        marks=marks_of(case, day_in_france(request.now)),
        delay=usual_delay(db, KIND, request.viewer.space, request.now),
        reason=reason_of(request, db, told),
        talk=talk,
        slots=slot_views(request, db, case),
        may_contest=may(request.viewer, Permission.INVOICES_CONTEST),
        may_withdraw=not case.is_draft and CaseState.CANCELLED in MOVES[CaseState(case.state)],
    )


def talk_view(request: PortalRequest, db: Session, told: Contested, typed: str = "") -> TalkView:
    """What was said about a dispute, and the form that adds to it while it is open."""
    case, keyring, urls = told.case, request.services.keyring, request.services.urls
    messages = messages_of(db, keyring, case)
    if case.is_draft or case.is_over or not may(request.viewer, Permission.INVOICES_CONTEST):
        return TalkView(messages, typed=typed, elsewhere=elsewhere(request))
    name = keyring.conceal(CASE, [case.id or 0])[0]
    action, fragment = urls("provider.dispute.message", case=name), urls("provider.dispute.message.fragment", case=name)
    return TalkView(messages, action, in_place(case, fragment), typed)


def reason_of(request: PortalRequest, db: Session, told: Contested) -> str:
    """Why the insurer answered as it did; empty before it does."""
    reasons = [step.reason_encrypted for step in steps_of(db, told.case) if step.state in DECISIONS]
    return request.services.keyring.decrypt(reasons[-1]) if reasons and reasons[-1] else ""


def dispute_title(told: Contested) -> str:
    """What the page of a dispute is called."""
    return f"Contestation {told.case.reference}"


def persons_of(told: Contested) -> list[int]:
    """The patient whom the evidence of a read tells."""
    return [told.invoice.person_id] if told.invoice.person_id else []


def found_dispute(request: PortalRequest, db: Session, opaque: str) -> Contested:
    """The viewer's dispute behind an opaque name. Raises `NotFoundException`."""
    told = dispute_of(db, request.viewer, request.services.keyring, request.revealed(CASE, opaque))
    if told is None:
        raise NotFoundException
    return told


def shown_again(
    request: PortalRequest, opaque: str, problem: str, field: str = WHOLE, typed: str = ""
) -> Response[bytes]:
    """The dispute as it is now, with what went wrong; what was typed is kept."""
    with request.database.read() as db:
        return render_dispute(request, db, found_dispute(request, db, opaque), FieldError(field, problem), typed)


def to_dispute(request: PortalRequest, case_id: int) -> Redirect:
    """Leads to a dispute's page."""
    name = request.services.keyring.conceal(CASE, [case_id])[0]
    return Redirect(request.services.urls("provider.dispute", case=name), status_code=303)


def invoice_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the invoices."""
    return [home_crumb(request), Crumb(INVOICES, request.services.urls("provider.invoices"))]


def _dossier(request: PortalRequest, opaque: str) -> Dossier:
    """All that a dispute's file holds; noted in the evidence."""
    db = request.db
    told = found_dispute(request, db, opaque)
    request.note_read(Action.CASE_DOWNLOADED, told.case.object, persons=persons_of(told))
    said = messages_of(db, request.services.keyring, told.case)
    return Dossier(told, reason_of(request, db, told), said, pieces_of(db, told.case))


def _cursor(request: PortalRequest) -> int | None:
    """The case after which the list goes on. Raises `NotFoundException` when it is not the viewer's."""
    given = request.query_params.get("apres")
    case = find_case(request.db, request.viewer, request.revealed(CASE, given), KIND) if given is not None else None
    if given is not None and case is None:
        raise NotFoundException
    return case.id if case else None


HANDLERS = [list_page, dispute_page, pdf_file]
