"""One change of beneficiaries: its draft, sending it, following it. /adherent/beneficiaires/demandes/… (R-23).

The form of a draft stands on the page of the change, and is edited in place. Sending asks for a recent proof of
identity, and for the version that the person read: what another tab, or the insurer, did meanwhile is told.
"""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.attachments import discard
from portal.data.beneficiary_changes import Change, fill_change, give_up, lock_change
from portal.data.beneficiary_figures import deadlines_on
from portal.data.beneficiary_sending import NotReady, send_change
from portal.data.case_messages import LONGEST_TEXT, add_message, mark_read
from portal.data.cases import CaseMoved, CaseState, WrongState, move_case
from portal.data.evidence import Action
from portal.formatting import day_in_france, plural
from portal.forms import FieldError, exact_value, version_of
from portal.pages.account.conversations import UNSENT
from portal.pages.account.pieces import CASE
from portal.pages.member.beneficiaries import CHANGES
from portal.pages.member.beneficiary_forms import READERS, Read, fields_in
from portal.pages.member.beneficiary_views import (
    ABOUT,
    crumbs,
    found_change,
    messages,
    request_context,
    request_url,
    title_of,
)
from portal.permissions import recently_confirmed
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

SENDS: list[Guard] = [*CHANGES, recently_confirmed]
MOVED = (
    "Cette demande a changé pendant que vous écriviez, dans un autre onglet ou chez nous. Rien de ce que vous avez "
    "saisi n’est perdu\u00a0: vérifiez, puis enregistrez à nouveau."
)
TAKEN = "La mutuelle a traité cette demande pendant que vous écriviez. Ce que vous aviez saisi est rappelé ci-dessous."
CHANGED = "Cette demande a changé depuis que vous l’avez ouverte. Relisez-la avant de l’envoyer."
SENT_ALREADY = "Cette demande est déjà envoyée\u00a0: nous ne l’avons reçue qu’une fois."
NO_TEXT = f"Écrivez votre réponse, en {plural(LONGEST_TEXT, 'caractère')} au plus."
NOT_ASKED = (
    "Cette demande n’attend plus de réponse écrite\u00a0: la vôtre n’est pas envoyée. "
    "Pour nous écrire, passez par la messagerie."
)
CERTIFY = "Cochez cette case pour confirmer que ces informations sont exactes."
TOO_LATE = "Cette demande ne peut plus être annulée\u00a0: elle est terminée."
NOT_A_DRAFT = "Cette demande est déjà envoyée\u00a0: elle ne peut plus être supprimée."


@page("/adherent/beneficiaires/demandes/{case:str}", name="member.beneficiary.request", guards=CHANGES)
def request_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    change = found_change(request, request.db, case)
    note(request, change)
    return _page(request, request.db, change, is_editing="modifier" in request.query_params)


@async_action("/adherent/beneficiaires/demandes/{case:str}", name="member.beneficiary.save", guards=CHANGES)
async def save(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    read = await kept(request, case)
    return await request.database.run(_saved, request, case, read)


@page("/adherent/beneficiaires/demandes/{case:str}/envoi", name="member.beneficiary.review", guards=SENDS)
def review_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    change = found_change(request, request.db, case)
    if not change.case.takes_pieces:
        return Redirect(request_url(request, change), status_code=303)
    note(request, change)
    return _review(request, request.db, change, [])


@async_action("/adherent/beneficiaires/demandes/{case:str}/envoi", name="member.beneficiary.send", guards=SENDS)
async def send(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    errors = [] if exact_value(sent, "certifie") == "1" else [FieldError("certifie", CERTIFY)]
    errors = errors or await request.database.run_writing(
        _send, request, case, version_of(exact_value(sent, "version"))
    )
    return await request.database.run(_sent, request, case, errors)


@async_action("/adherent/beneficiaires/demandes/{case:str}/reponse", name="member.beneficiary.answer", guards=CHANGES)
async def answer(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    text = exact_value(await request.form(), "reponse").strip()
    message = "" if 0 < len(text) <= LONGEST_TEXT else NO_TEXT
    message = message or await request.database.run_writing(_answer, request, case, text)
    return await request.database.run(_answered, request, case, text, message)


@action("/adherent/beneficiaires/demandes/{case:str}/annulation", name="member.beneficiary.cancel", guards=CHANGES)
def cancel(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    with request.database.write() as db:
        change = _locked(request, db, case, None)
        try:
            move_case(db, change.case, CaseState.CANCELLED, request.now, by=request.viewer.account_id)
        except WrongState:
            return _refused(request, db, change, TOO_LATE)
        request.record(db, Action.CASE_CANCELLED, change.case.object)
    return Redirect(request_url(request, change), status_code=303)


@action("/adherent/beneficiaires/demandes/{case:str}/suppression", name="member.beneficiary.delete", guards=CHANGES)
def delete(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    with request.database.write() as db:
        change = _locked(request, db, case, None)
        try:
            gone = give_up(db, request.viewer, change)
        except WrongState:
            return _refused(request, db, change, NOT_A_DRAFT)
        request.record(db, Action.CASE_DELETED, change.case.object)
    discard(request.services, gone)
    return Redirect(request.services.urls("member.beneficiaries"), status_code=303)


# --- shared with the fragment ---


async def kept(request: PortalRequest, case: str) -> Read:
    """Reads the form sent, and keeps it in the change when it is right; what was typed, and what is wrong."""
    sent = await request.form()
    return await request.database.run_writing(_keep, request, case, sent)


def note(request: PortalRequest, change: Change) -> None:
    """Notes in the evidence that the change was read, and whom it tells of."""
    persons = [change.case.person_id] if change.case.person_id else []
    request.note_read(Action.CASE_READ, change.case.object, persons=persons)


def _keep(request: PortalRequest, case: str, sent: FormMultiDict) -> Read:
    with request.database.write() as db:
        change = _locked(request, db, case, None)
        today = day_in_france(request.now)
        raw = fields_in(sent, change.kind)
        read = READERS[change.kind](raw, change, deadlines_on(db, today), today)
        if not change.case.takes_pieces:
            return Read(raw, None, (FieldError(ABOUT, TAKEN),))
        if version_of(exact_value(sent, "version")) != change.case.version:
            return Read(raw, None, (FieldError(ABOUT, MOVED), *read.errors))
        if read.typed:
            fill_change(db, request.viewer, request.services.keyring, change, read.typed, request.now)
            request.record(db, Action.CASE_CHANGED, change.case.object)
        return read


# --- answers ---


def _saved(request: PortalRequest, case: str, read: Read) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        change = found_change(request, db, case)
        if not read.errors:
            return Redirect(request_url(request, change), status_code=303)
        return _page(request, db, change, read=read)


def _page(
    request: PortalRequest,
    db: Session,
    change: Change,
    *,
    is_editing: bool = False,
    read: Read | None = None,
    errors: tuple[FieldError, ...] = (),
    raw: dict[str, str] | None = None,
) -> Response[bytes]:
    context = request_context(request, db, change, is_editing=is_editing, read=read)
    wrong = [*errors, *(read.errors if read else ())]
    context["raw"] |= raw or {}
    context["problems"] = {error.field: error.message for error in wrong}
    return render_page(
        request, "member/beneficiaries/request.html", title_of(change), crumbs=crumbs(request), errors=wrong, **context
    )


def _refused(request: PortalRequest, db: Session, change: Change, message: str) -> Response[bytes]:
    return _page(request, db, change, errors=(FieldError(ABOUT, message),))


def _review(request: PortalRequest, db: Session, change: Change, errors: list[FieldError]) -> Response[bytes]:
    context: dict[str, Any] = request_context(request, db, change)
    return render_page(
        request,
        "member/beneficiaries/review.html",
        "Relire et envoyer",
        crumbs=crumbs(request, Crumb(f"{title_of(change)} {change.case.reference}", request_url(request, change))),
        errors=errors,
        **context,
    )


def _send(request: PortalRequest, case: str, version: int) -> list[FieldError]:
    with request.database.write() as db:
        try:
            change = _locked(request, db, case, version)
            send_change(db, request.viewer, request.services.keyring, change, request.now)
        except CaseMoved as moved:
            return [FieldError(ABOUT, CHANGED if moved.case.takes_pieces else SENT_ALREADY)]
        except WrongState:
            return [FieldError(ABOUT, SENT_ALREADY)]
        except NotReady as kept_back:
            return messages(kept_back.problems)
        request.record(db, Action.CASE_SENT, change.case.object)
    return []


def _sent(request: PortalRequest, case: str, errors: list[FieldError]) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        change = found_change(request, db, case)
        if not errors:
            return Redirect(request_url(request, change), status_code=303)
        if change.case.takes_pieces:
            return _review(request, db, change, errors)
        return _page(request, db, change, errors=(FieldError(ABOUT, SENT_ALREADY),))


def _answer(request: PortalRequest, case: str, text: str) -> str:
    with request.database.write() as db:
        change = _locked(request, db, case, None)
        if change.case.state != CaseState.ANSWERED:
            return NOT_ASKED
        add_message(db, request.viewer, request.services.keyring, change.case, text, request.now)
        mark_read(db, change.case, request.now, by_insurer=False)
        move_case(db, change.case, CaseState.SENT, request.now, by=request.viewer.account_id)
        request.record(db, Action.CASE_MESSAGE_SENT, change.case.object)
    return ""


def _answered(request: PortalRequest, case: str, text: str, message: str) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        change = found_change(request, db, case)
        if not message:
            return Redirect(request_url(request, change), status_code=303)
        is_asked = change.case.state == CaseState.ANSWERED
        error = FieldError("reponse", message) if is_asked else FieldError(UNSENT, NOT_ASKED)
        return _page(request, db, change, errors=(error,), raw={"reponse": text})


def _locked(request: PortalRequest, db: Session, case: str, version: int | None) -> Change:
    """The viewer's change, locked. Raises `NotFoundException`, `CaseMoved`."""
    keyring = request.services.keyring
    change = lock_change(db, request.viewer, keyring, request.revealed(CASE, case), version)
    if change is None:
        raise NotFoundException
    return change
