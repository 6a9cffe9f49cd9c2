"""Questions sent, at once or after files were joined to a draft: /professionnel/contact/brouillons (R-41)."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard
from portal.contact_views import facts_of
from portal.contact_words import label_of
from portal.data.case_messages import SentAlready
from portal.data.case_pieces import remove_all_pieces
from portal.data.cases import Case, CaseMoved, TooManyDrafts, WrongState, address_of, find_case, lock_case
from portal.data.contact import Asked, NotOffered, ask, asked_of, change_draft, forget_draft, keep_draft, send_draft
from portal.data.evidence import Action
from portal.data.messages import KIND
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values, version_of
from portal.message_words import TOO_OFTEN
from portal.pages.account.messages import may_write, thread_answer, to_thread
from portal.pages.account.pieces import CASE, slot_views
from portal.pages.provider.contact import PATH, SENDS, contact_crumbs, form_page
from portal.pages.provider.contact_forms import Typed, read_question, typed_of
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

ONE = f"{PATH}/brouillons/{{case:str}}"
DRAFT = "brouillon"
TOO_MANY = "Vous avez déjà vingt brouillons. Envoyez-en un, ou supprimez-en un, avant d’en commencer un autre."
MOVED = "Ce brouillon a changé depuis que vous l’avez ouvert, dans un autre onglet. Le voici à jour."
NO_LONGER = "Ce sujet ne vous est plus proposé. Changez de sujet, ou supprimez ce brouillon."
SENT_ELSEWHERE = (
    "Cette question est déjà envoyée\u00a0: elle ne change plus. Ce que vous venez d’écrire est ci-dessous\u00a0: "
    "relisez-le, puis envoyez-le comme message."
)


@async_action(f"{PATH}/nouveau", name="provider.contact.ask", guards=SENDS)
async def send(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_send, request, await request.form())


def _send(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    typed = _read(request, sent)
    if typed.asked is None:
        return _again(request, typed)
    try:
        case_id = (_draft if sent.get("suite") == DRAFT else _asked)(request, typed.asked)
    except SentAlready as already:
        case_id = already.case_id
    except TooManyDrafts:
        return _again(request, typed, TOO_MANY)
    return to_thread(request, case_id) if case_id else _again(request, typed, TOO_OFTEN)


def _draft(request: PortalRequest, asked: Asked) -> int | None:
    with request.database.write() as db:
        case = keep_draft(db, request.viewer, request.services.keyring, asked, request.now)
        request.record(db, Action.CASE_OPENED, case.object)
    return case.id


def _asked(request: PortalRequest, asked: Asked) -> int | None:
    """The case of a question, sent; None when the day's messages are used up."""
    with request.database.write() as db:
        if not may_write(request, db):
            return None
        case = ask(db, request.viewer, request.services.keyring, asked, request.now)
        _acknowledge(request, db, case)
        request.record(db, Action.CASE_SENT, case.object)
    return case.id


@page(ONE, name="provider.contact.draft", guards=SENDS)
def draft_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    found = found_question(request, request.db, case)
    request.note_read(Action.CASE_READ, found.object)
    return _draft_page(request, request.db, found) if found.is_draft else to_thread(request, found.id or 0)


@page(f"{ONE}/modifier", name="provider.contact.edit", guards=SENDS)
def edit_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    found = found_question(request, request.db, case)
    if not found.is_draft:
        return to_thread(request, found.id or 0)
    return form_page(request, request.db, typed_draft(request, found, request.query_params.get("sujet", "")), found)


def typed_draft(request: PortalRequest, draft: Case, topic: str) -> Typed:
    """What a draft says, as its form shows it; under another subject when one is chosen."""
    raw = typed_of(asked_of(request.db, request.services.keyring, draft))
    return Typed(raw | ({"sujet": topic} if topic else {}))


@async_action(f"{ONE}/modifier", name="provider.contact.change", guards=SENDS)
async def change(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_change, request, case, await request.form())


def _change(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    typed, case_id = _read(request, sent), request.revealed(CASE, opaque)
    if typed.asked is None:
        return _again(request, typed, opaque=opaque)
    version = version_of(typed.raw["version"])
    try:
        with request.database.write() as db:
            keyring = request.services.keyring
            case = change_draft(db, request.viewer, keyring, case_id, version, typed.asked, request.now)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_CHANGED, case.object)
    except (CaseMoved, WrongState):
        return _again(request, typed, MOVED, opaque=opaque)
    return to_thread(request, case_id)


@async_action(f"{ONE}/envoi", name="provider.contact.send", guards=SENDS)
async def send_later(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    version = version_of(single_values(await request.form(), ("version",))["version"])
    return await request.database.run_writing(_send_later, request, case, version)


def _send_later(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    case_id = request.revealed(CASE, opaque)
    try:
        with request.database.write() as db:
            if not may_write(request, db):
                return _draft_again(request, opaque, TOO_OFTEN)
            case = send_draft(db, request.viewer, case_id, version, request.now)
            if case is None:
                raise NotFoundException
            _acknowledge(request, db, case)
            request.record(db, Action.CASE_SENT, case.object)
    except (CaseMoved, WrongState):
        return _draft_again(request, opaque, MOVED)
    except NotOffered:
        return _draft_again(request, opaque, NO_LONGER)
    return to_thread(request, case_id)


@action(f"{ONE}/suppression", name="provider.contact.delete", guards=SENDS)
def delete(request: PortalRequest, case: FromPath[str]) -> Redirect:
    try:
        with request.database.write() as db:
            found = lock_case(db, request.viewer, request.revealed(CASE, case), None, KIND)
            if found is None:
                raise NotFoundException
            gone, name = remove_all_pieces(db, found), found.object
            forget_draft(db, found)
            request.record(db, Action.CASE_DELETED, name)
    except WrongState:
        return to_thread(request, request.revealed(CASE, case))
    discard(request.services, gone)
    return Redirect(request.services.urls("provider.contact"), status_code=303)


def _acknowledge(request: PortalRequest, db: Session, case: Case) -> None:
    """Writes to whoever asked that the question has come: its reference and the day, nothing of what it says."""
    email, (opaque,) = address_of(db, case), request.services.keyring.conceal(CASE, [case.id or 0])
    if email:
        request.services.mail.post(
            db,
            "contact-received",
            email,
            account_id=case.account_id,
            reference=case.reference,
            answer_by=day_in_france(case.due_at) if case.due_at else None,
            href=request.services.settings.origin + request.services.urls("message", case=opaque),
        )


def _read(request: PortalRequest, sent: FormMultiDict) -> Typed:
    with request.database.read() as db:
        return read_question(db, request.viewer, request.services.keyring, sent)


def _again(request: PortalRequest, typed: Typed, problem: str = "", *, opaque: str = "") -> Response[bytes]:
    """The form with what was typed, and what is wrong. A draft that was sent meanwhile takes the words as a message."""
    errors = (FieldError("message", problem),) if problem else typed.errors
    shown = Typed(typed.raw, typed.chosen, errors=errors)
    with request.database.read() as db:
        case = found_question(request, db, opaque) if opaque else None
        if case is not None and not case.is_draft:
            return thread_answer(request, db, opaque, SENT_ELSEWHERE, typed.raw["message"])
        return form_page(request, db, shown, case)


def _draft_again(request: PortalRequest, opaque: str, problem: str) -> Response[bytes] | Redirect:
    """A draft with what kept it from being sent; its thread when it was sent already, as by a button pressed twice."""
    with request.database.read() as db:
        case = found_question(request, db, opaque)
        return _draft_page(request, db, case, problem) if case.is_draft else to_thread(request, case.id or 0)


def _draft_page(request: PortalRequest, db: Session, case: Case, problem: str = "") -> Response[bytes]:
    asked = asked_of(db, request.services.keyring, case)
    return render_page(
        request,
        "provider/contact/draft.html",
        asked.subject,
        crumbs=contact_crumbs(request),
        errors=[FieldError("envoi", problem)] if problem else [],
        case=case,
        name=request.services.keyring.conceal(CASE, [case.id or 0])[0],
        asked=asked,
        label=label_of(asked.topic),
        facts=facts_of(request, db, asked),
        slots=slot_views(request, db, case),
    )


def found_question(request: PortalRequest, db: Session, opaque: str) -> Case:
    """A question that the viewer may read. Raises `NotFoundException`."""
    case = find_case(db, request.viewer, request.revealed(CASE, opaque), KIND)
    if case is None:
        raise NotFoundException
    return case


HANDLERS = [send, draft_page, edit_page, change, send_later, delete]
