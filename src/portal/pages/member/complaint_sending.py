"""A complaint sent, answered by its author, or taken back. /adherent/reclamations/<dossier>/envoi (R-26)."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.case_messages import SentAlready
from portal.data.cases import CaseMoved, WrongState, address_of
from portal.data.complaints import Told, add_to_complaint, send_complaint, withdraw_complaint
from portal.data.evidence import Action
from portal.forms import single_values, version_of, written_text
from portal.pages.account.conversations import FIELD, text_problem
from portal.pages.account.pieces import CASE
from portal.pages.member.complaint_drafts import MOVED, SENDS, SENT_ALREADY
from portal.pages.member.complaints import OVER, found_complaint, shown_again, to_complaint
from portal.routing import action, async_action
from portal.web import PortalRequest


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
    text = written_text(await request.form(), FIELD)
    return await request.database.run_writing(_message, request, case, text)


def _message(request: PortalRequest, opaque: str, text: str) -> Response[bytes] | Redirect:
    problem = keep_message(request, opaque, text)
    if problem:
        return shown_again(request, opaque, problem, FIELD, text)
    return to_complaint(request, request.revealed(CASE, opaque))


def keep_message(request: PortalRequest, opaque: str, text: str) -> str:
    """Keeps what the author adds; what is wrong, in French, or nothing. Raises `NotFoundException`."""
    return text_problem(text) or _kept_message(request, opaque, text)


def _kept_message(request: PortalRequest, opaque: str, text: str) -> str:
    case_id, keyring = request.revealed(CASE, opaque), request.services.keyring
    try:
        with request.database.write() as db:
            case = add_to_complaint(db, request.viewer, keyring, case_id, text, request.now)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_MESSAGE_SENT, case.object)
    except WrongState:
        return OVER
    except SentAlready:
        return ""
    return ""


@action("/adherent/reclamations/{case:str}/retrait", name="member.complaint.withdraw", guards=SENDS)
def withdraw(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = withdraw_complaint(db, request.viewer, request.revealed(CASE, case), request.now)
            if found is None:
                raise NotFoundException
            request.record(db, Action.CASE_CANCELLED, found.object)
    except WrongState:
        return shown_again(request, case, MOVED)
    return to_complaint(request, found.id or 0)


HANDLERS = [send, message, withdraw]
