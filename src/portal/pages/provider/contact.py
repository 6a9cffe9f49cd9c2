"""A practice's questions to the insurer: the list, and the form of a new one. /professionnel/contact (R-41, R-80)."""

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from sqlmodel import Session

from portal.contact_views import FORMER_USER
from portal.contact_words import TOPICS, label_of, state_of
from portal.data.answer_delays import usual_delay
from portal.data.cases import Case, find_case
from portal.data.contact import topics_for
from portal.data.contact_choices import askable_invoices, engagement_of, latest_transfers
from portal.data.contact_list import PAGE, ListedThread, practice_threads
from portal.data.evidence import Action
from portal.data.invoice_listing import find_invoice
from portal.data.invoices import InvoiceState
from portal.data.messages import KIND, Topic
from portal.data.team import user_names
from portal.data.transfer_reading import find_transfer
from portal.invoice_words import STATE_LABELS
from portal.pages.account.pieces import CASE
from portal.pages.provider.contact_forms import INVOICE, Typed, blank
from portal.pages.provider.invoices import TRANSFER, home_crumb
from portal.pages.provider.rights import KIND as CHECK
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE, PATH = "Contact", "/professionnel/contact"
NEW_TITLE = "Poser une question"
READS = [requires(Permission.CONTACT_READ)]
SENDS = [requires(Permission.CONTACT_SEND)]


@page(PATH, name="provider.contact", guards=READS)
def list_page(request: PortalRequest, apres: FromQuery[str] = "") -> Response[bytes]:
    found = practice_threads(request.db, request.viewer, request.services.keyring, _cursor(request, apres))
    names = request.services.keyring.conceal(CASE, (thread.case.id or 0 for thread in found[:PAGE]))
    users = user_names(request.db, request.viewer)
    request.note_read(Action.CASE_READ, KIND)
    return render_page(
        request,
        "provider/contact/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        rows=[(thread, name, *_words(request, thread, users)) for thread, name in zip(found, names, strict=False)],
        next=names[-1] if len(found) > PAGE else "",
        is_first=not apres,
        delay=usual_delay(request.db, KIND, request.viewer.space, request.now),
        may_ask=request.services.site.is_permitted(request.viewer, "provider.contact.new"),
    )


@page(f"{PATH}/nouveau", name="provider.contact.new", guards=SENDS)
def new_page(
    request: PortalRequest,
    sujet: FromQuery[str] = "",
    facture: FromQuery[str] = "",
    virement: FromQuery[str] = "",
    verification: FromQuery[str] = "",
) -> Response[bytes]:
    given = begun_by(request, request.db, facture, virement, verification) | ({"sujet": sujet} if sujet else {})
    return form_page(request, request.db, Typed(blank(None) | given))


def begun_by(request: PortalRequest, db: Session, invoice: str, transfer: str, check: str) -> dict[str, str]:
    """What another page says of the question. Raises `NotFoundException` for a row that is not the practice's."""
    viewer, found = request.viewer, {}
    if invoice:
        row = find_invoice(db, viewer, request.revealed(INVOICE, invoice))
        found = {"sujet": Topic.INVOICE, "factures": row.number if row else ""}
    if transfer:
        sent = find_transfer(db, viewer, request.revealed(TRANSFER, transfer))
        found = {"sujet": Topic.TRANSFER, "virement": sent.reference if sent else ""}
    if check:
        number = engagement_of(db, viewer, request.revealed(CHECK, check))
        found = {"sujet": Topic.RIGHTS, "engagement": number or ""}
    if not all(found.values()):
        raise NotFoundException
    return dict(found)


def form_page(request: PortalRequest, db: Session, typed: Typed, draft: Case | None = None) -> Response[bytes]:
    """The page of a new question, or of a draft to be changed."""
    return render_page(
        request,
        "provider/contact/new.html",
        "Modifier votre question" if draft else NEW_TITLE,
        crumbs=contact_crumbs(request),
        errors=typed.errors,
        **form_context(request, db, typed, draft),
    )


def form_context(request: PortalRequest, db: Session, typed: Typed, draft: Case | None = None) -> dict[str, Any]:
    """What the form of a subject shows, for a page and for its fragment; the invoices to choose from are a reading."""
    offered = topics_for(request.viewer)
    topic = typed.topic if typed.topic in offered else None
    return {
        "topic": topic,
        "topics": [(each, *TOPICS[each]) for each in offered],
        "label": label_of(topic) if topic else "",
        "raw": typed.raw,
        "chosen": typed.chosen,
        "invoices": _invoices(request, db) if topic is Topic.INVOICE else [],
        "transfers": latest_transfers(db, request.viewer) if topic is Topic.TRANSFER else [],
        "delay": usual_delay(db, KIND, request.viewer.space, request.now),
        "draft": request.services.keyring.conceal(CASE, [draft.id or 0])[0] if draft else "",
        "version": draft.version if draft else 0,
    }


def _invoices(request: PortalRequest, db: Session) -> list[tuple[str, Any, str]]:
    rows = askable_invoices(db, request.viewer)
    persons = sorted({row.person_id for row in rows if row.person_id})
    request.note_read(Action.INVOICES_READ, "contact", invoices=len(rows), persons=persons)
    names = request.services.keyring.conceal(INVOICE, (row.id for row in rows))
    return [(name, row, STATE_LABELS[InvoiceState(row.state)][0]) for row, name in zip(rows, names, strict=True)]


def contact_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the questions."""
    return [home_crumb(request), Crumb(TITLE, request.services.urls("provider.contact"))]


def _cursor(request: PortalRequest, opaque: str) -> Case | None:
    """The thread after which the list goes on. Raises `NotFoundException` for one that is not the viewer's."""
    if not opaque:
        return None
    case = find_case(request.db, request.viewer, request.revealed(CASE, opaque), KIND)
    if case is None:
        raise NotFoundException
    return case


def _words(request: PortalRequest, thread: ListedThread, users: dict[int, str]) -> tuple[str, tuple[str, str], str]:
    """A thread's subject and state in words, and who wrote last."""
    if thread.last_by is None:
        author = request.services.settings.insurer.name
    elif thread.last_by == request.viewer.account_id:
        author = "Vous"
    else:
        author = users.get(thread.last_by, FORMER_USER)
    return label_of(thread.topic), state_of(thread.case, thread.unread, request.now), author


HANDLERS = [list_page, new_page]
