"""A complaint sent, answered by its author, or taken back. /adherent/reclamations/<dossier>/envoi (R-26)."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.case_messages import LONGEST_TEXT, add_message
from portal.data.cases import CaseMoved, WrongState, address_of, lock_case, touch
from portal.data.complaints import KIND, Told, send_complaint, withdraw_complaint
from portal.data.evidence import Action
from portal.forms import single_values, version_of, written_text
from portal.pages.account.pieces import CASE
from portal.pages.member.complaint_drafts import MOVED, SENDS, SENT_ALREADY
from portal.pages.member.complaints import found_complaint, shown_again, to_complaint
from portal.routing import async_action
from portal.web import PortalRequest

NO_MESSAGE = f"Écrivez votre message, en {LONGEST_TEXT} caractères au plus."
OVER = "Cette réclamation est terminée\u00a0: écrivez-nous par la messagerie, ou demandez au médiateur."


@async_action("/adherent/reclamations/{case:str}/envoi", name="member.complaint.send", guards=SENDS)
async def send(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    version = version_of(single_values(await request.form(), ("version",))["version"])
    return await request.database.run_writing(_send, request, case, version)


def _send(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            case = send_complaint(db, request.viewer, request.revealed(CASE, opaque), version, request.now)
            if case is None:
                raise NotFoundException
            told = found_complaint(request, db, opaque)
            _post_copy(request, db, told, opaque)
            request.record(db, Action.CASE_SENT, case.object)
    except CaseMoved as moved:
        return shown_again(request, opaque, MOVED if moved.case.is_draft else SENT_ALREADY)
    except WrongState:
        return shown_again(request, opaque, SENT_ALREADY)
    return to_complaint(request, request.revealed(CASE, opaque))


def _post_copy(request: PortalRequest, db: Session, told: Told, opaque: str) -> None:
    """The dated copy by e-mail (ACPR 2022-R-01): reference and days, nothing of what was written."""
    email, clock = address_of(db, told.case), told.clock
    if email and clock is not None:
        request.services.mail.post(
            db,
            "complaint-received",
            email,
            account_id=request.viewer.account_id,
            reference=told.case.reference,
            sent_on=clock.sent_on,
            acknowledge_by=clock.acknowledge_by,
            answer_by=clock.answer_by,
            href=request.services.settings.origin + request.services.urls("member.complaint", case=opaque),
        )


@async_action("/adherent/reclamations/{case:str}/message", name="member.complaint.message", guards=SENDS)
async def message(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    text = written_text(await request.form(), "message")
    return await request.database.run_writing(_message, request, case, text)


def _message(request: PortalRequest, opaque: str, text: str) -> Response[bytes] | Redirect:
    if not text or len(text) > LONGEST_TEXT:
        return shown_again(request, opaque, NO_MESSAGE, "message", text)
    with request.database.write() as db:
        case = lock_case(db, request.viewer, request.revealed(CASE, opaque), None, KIND)
        if case is None:
            raise NotFoundException
        is_open = not case.is_draft and not case.is_over
        if is_open:
            add_message(db, request.viewer, request.services.keyring, case, text, request.now)
            touch(db, case, request.now)
            request.record(db, Action.CASE_MESSAGE_SENT, case.object)
    return to_complaint(request, case.id or 0) if is_open else shown_again(request, opaque, OVER, "message", text)


@async_action("/adherent/reclamations/{case:str}/retrait", name="member.complaint.withdraw", guards=SENDS)
async def withdraw(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    version = version_of(single_values(await request.form(), ("version",))["version"])
    return await request.database.run_writing(_withdraw, request, case, version)


def _withdraw(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            case = withdraw_complaint(db, request.viewer, request.revealed(CASE, opaque), version, request.now)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_CANCELLED, case.object)
    except (CaseMoved, WrongState):
        return shown_again(request, opaque, MOVED)
    return to_complaint(request, case.id or 0)
