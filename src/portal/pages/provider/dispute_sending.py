"""A dispute about an invoice sent, added to by its author, or taken back (R-40)."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.case_acts import add_words, withdraw_case
from portal.data.case_messages import SentAlready
from portal.data.cases import Case, CaseMoved, WrongState, address_of
from portal.data.evidence import Action
from portal.data.invoice_disputing import KIND, AlreadyContested, NotContestable, send_dispute
from portal.data.throttling import MESSAGES, allow
from portal.forms import single_values, version_of, written_text
from portal.pages.account.conversations import FIELD, text_problem
from portal.pages.account.pieces import CASE
from portal.pages.provider.dispute_drafts import ALREADY, CONTESTS, MOVED, NOTHING, SENT_ALREADY
from portal.pages.provider.disputes import OVER, shown_again, to_dispute
from portal.routing import action, async_action
from portal.web import PortalRequest

START = "/professionnel/factures/contestations/{case:str}"
ENDED = "Cette contestation est déjà terminée\u00a0: elle ne se retire plus."
TOO_OFTEN = "Vous avez beaucoup écrit aujourd’hui. Réessayez demain, ou appelez-nous."


class _TooOften(Exception):
    """The day's messages are used up."""


@async_action(f"{START}/envoi", name="provider.dispute.send", guards=CONTESTS)
async def send(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    version = version_of(single_values(await request.form(), ("version",))["version"])
    return await request.database.run_writing(_send, request, case, version)


def _send(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    try:
        _sent(request, opaque, version)
    except CaseMoved as moved:
        return shown_again(request, opaque, MOVED if moved.case.is_draft else SENT_ALREADY)
    except WrongState:
        return shown_again(request, opaque, SENT_ALREADY)
    except AlreadyContested:
        return shown_again(request, opaque, ALREADY)
    except NotContestable:
        return shown_again(request, opaque, NOTHING)
    except _TooOften:
        return shown_again(request, opaque, TOO_OFTEN)
    return to_dispute(request, request.revealed(CASE, opaque))


def _sent(request: PortalRequest, opaque: str, version: int) -> None:
    """Sends a draft. Raises what `send_dispute` raises, `_TooOften`, `NotFoundException`."""
    with request.database.write() as db:
        _count(request, db)
        case = send_dispute(db, request.viewer, request.revealed(CASE, opaque), version, request.now)
        if case is None:
            raise NotFoundException
        _acknowledge(request, db, case, opaque)
        request.record(db, Action.CASE_SENT, case.object)


def _acknowledge(request: PortalRequest, db: Session, case: Case, opaque: str) -> None:
    """The acknowledgement by e-mail: reference and days, nothing of the invoice nor of what was written."""
    email = address_of(db, case)
    if email:
        request.services.mail.post(
            db,
            "invoice-dispute-received",
            email,
            account_id=request.viewer.account_id,
            reference=case.reference,
            sent_at=case.sent_at,
            due_at=case.due_at,
            href=request.services.settings.origin + request.services.urls("provider.dispute", case=opaque),
        )


@async_action(f"{START}/message", name="provider.dispute.message", guards=CONTESTS)
async def message(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    text = written_text(await request.form(), FIELD)
    return await request.database.run_writing(_message, request, case, text)


def _message(request: PortalRequest, opaque: str, text: str) -> Response[bytes] | Redirect:
    problem = keep_message(request, opaque, text)
    if problem:
        return shown_again(request, opaque, problem, FIELD, text)
    return to_dispute(request, request.revealed(CASE, opaque))


def keep_message(request: PortalRequest, opaque: str, text: str) -> str:
    """Keeps what the author adds; what is wrong, in French, or nothing. Raises `NotFoundException`."""
    return text_problem(text) or _kept_message(request, opaque, text)


def _kept_message(request: PortalRequest, opaque: str, text: str) -> str:
    case_id, keyring = request.revealed(CASE, opaque), request.services.keyring
    try:
        with request.database.write() as db:
            _count(request, db)
            case = add_words(db, request.viewer, keyring, case_id, text, request.now, KIND)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_MESSAGE_SENT, case.object)
    except WrongState:
        return OVER
    except _TooOften:
        return TOO_OFTEN
    except SentAlready:
        return ""
    return ""


@action(f"{START}/retrait", name="provider.dispute.withdraw", guards=CONTESTS)
def withdraw(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = withdraw_case(db, request.viewer, request.revealed(CASE, case), request.now, KIND)
            if found is None:
                raise NotFoundException
            request.record(db, Action.CASE_CANCELLED, found.object)
    except WrongState:
        return shown_again(request, case, ENDED)
    return to_dispute(request, found.id or 0)


def _count(request: PortalRequest, db: Session) -> None:
    if not allow(db, [(MESSAGES, str(request.viewer.account_id))], request.now):
        raise _TooOften


HANDLERS = [send, message, withdraw]
