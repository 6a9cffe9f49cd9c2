"""A complaint without an account, followed by the link of its letter: /reclamation/suivi (R-26).

The link proves the address to which the letter went: files and words are added here, and not where anybody writes.
"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard, files_in, keep_files
from portal.case_notices import COMPLAINT_LINK, link_path
from portal.complaint_documents import Dossier
from portal.complaint_words import CATEGORY_LABELS, marks_of, state_of
from portal.data import throttling
from portal.data.case_messages import SentAlready, messages_of
from portal.data.case_pieces import TooManyPieces, pieces_of, room_for
from portal.data.cases import Case, WrongState
from portal.data.complaints import Told
from portal.data.evidence import Action
from portal.data.files import NewFile
from portal.data.open_complaints import SLOT, add_files_by_link, add_words_by_link, complaint_by_link
from portal.entry.authentication import network_of
from portal.formatting import today
from portal.forms import FieldError, written_text
from portal.pages.account.conversations import FIELD, TalkView, text_problem
from portal.pages.account.pieces import CASE, FULL
from portal.pages.account.pieces import FIELD as FILES
from portal.pages.member.complaints import dossier_of, pdf_answer, reason_of
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, async_page, page
from portal.uploads import LARGEST_FORM, FileRefused
from portal.visits import visit_cookies
from portal.web import PortalRequest

LONGEST_TOKEN = 200
OVER = "Cette réclamation ne prend plus rien par ce lien. Écrivez-nous par la poste, en rappelant sa référence."
TOO_OFTEN = "Trop de fichiers sont arrivés de ce réseau aujourd’hui. Réessayez demain, ou écrivez-nous par la poste."


def follow_url(request: PortalRequest, case_id: int) -> str:
    """The link that leads whoever holds it to a complaint."""
    return link_path(request.services, case_id)


@page("/reclamation/suivi", name="complaint.follow", guards=[public])
def follow_page(request: PortalRequest) -> Response[bytes]:
    return _page(request, request.db)


@async_page("/reclamation/suivi/pdf", name="complaint.follow.pdf", guards=[public])
async def pdf_file(request: PortalRequest) -> Response[bytes]:
    return await pdf_answer(request, await request.database.run(_dossier, request))


def _dossier(request: PortalRequest) -> Dossier:
    return dossier_of(request, request.db, _by_link(request, request.db))


@async_action("/reclamation/suivi/message", name="complaint.follow.message", guards=[public])
async def write(request: PortalRequest) -> Response[bytes] | Redirect:
    text = written_text(await request.form(), FIELD)
    return await request.database.run_writing(_write, request, text)


@async_action(
    "/reclamation/suivi/documents",
    name="complaint.follow.files",
    guards=[public],
    request_max_body_size=LARGEST_FORM,
)
async def join(request: PortalRequest) -> Response[bytes] | Redirect:
    case_id = await request.database.run(_case_id_now, request)
    problem = await _join(request, case_id, await request.form())
    if problem:
        return await request.database.run(_page_now, request, FieldError(FILES, problem))
    return Redirect(follow_url(request, case_id), status_code=303)


async def _join(request: PortalRequest, case_id: int, sent: FormMultiDict) -> str:
    """Keeps files; what is wrong, in French, or nothing."""
    try:
        files = files_in(sent, FILES)
        if not await request.database.run_writing(_within_quota, request, len(files)):
            return TOO_OFTEN
        kept = await keep_files(request, files)
    except FileRefused as refused:
        return str(refused)
    return await request.database.run_writing(_joined, request, case_id, kept)


def _within_quota(request: PortalRequest, count: int) -> bool:
    subject = request.services.keyring.lookup(network_of(request.client_address))
    with request.database.write() as db:
        return all(throttling.allow(db, [(throttling.FILES, subject)], request.now) for _ in range(count))


def _joined(request: PortalRequest, case_id: int, kept: list[NewFile]) -> str:
    gone, problem = [new.storage_name for new in kept], ""
    with request.database.write() as db:
        try:
            case = add_files_by_link(db, case_id, kept, request.now)
            _record(request, db, Action.PIECE_ADDED, case)
            gone = []
        except TooManyPieces:
            problem = FULL
        except WrongState:
            problem = OVER
    discard(request.services, gone)
    return problem


def _write(request: PortalRequest, text: str) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        case_id = _case_id(request, db)
    problem = text_problem(text) or _written(request, case_id, text)
    if problem:
        return _page_now(request, FieldError(FIELD, problem), text)
    return Redirect(follow_url(request, case_id), status_code=303)


def _written(request: PortalRequest, case_id: int, text: str) -> str:
    try:
        with request.database.write() as db:
            case = add_words_by_link(db, request.services.keyring, case_id, text, request.now)
            _record(request, db, Action.CASE_MESSAGE_SENT, case)
    except WrongState:
        return OVER
    except SentAlready:
        return ""
    return ""


def _record(request: PortalRequest, db: Session, action: Action, case: Case | None) -> None:
    if case is None:
        raise NotFoundException
    request.record_of(None, db, action, case.object)


def _case_id_now(request: PortalRequest) -> int:
    with request.database.read() as db:
        return _case_id(request, db)


def _case_id(request: PortalRequest, db: Session) -> int:
    return _by_link(request, db).case.id or 0


def _by_link(request: PortalRequest, db: Session) -> Told:
    keyring = request.services.keyring
    opaque = keyring.unsign(COMPLAINT_LINK, request.query_params.get("jeton", "")[:LONGEST_TOKEN])
    case_id = keyring.reveal(CASE, opaque) if opaque else None
    told = complaint_by_link(db, keyring, case_id) if case_id is not None else None
    if told is None:
        raise NotFoundException
    return told


def _page_now(request: PortalRequest, problem: FieldError, typed: str = "") -> Response[bytes]:
    with request.database.read() as db:
        return _page(request, db, problem, typed)


def _page(request: PortalRequest, db: Session, problem: FieldError | None = None, typed: str = "") -> Response[bytes]:
    told = _by_link(request, db)
    cookies, pieces, decrypt = visit_cookies(request), pieces_of(db, told.case), request.services.keyring.decrypt
    join_url = "" if told.case.is_over or room_for(pieces, SLOT)[0] < 1 else _here(request, "complaint.follow.files")
    talk = _talk(request, db, told.case, typed)
    return render_page(
        request,
        "public/complaint/follow.html",
        f"Réclamation {told.case.reference}",
        cookies=cookies,
        errors=[_placed(problem, talk, join_url)] if problem else [],
        told=told,
        state=state_of(told),
        marks=marks_of(told, today()),
        is_mediator_open=told.clock is not None and told.clock.is_mediator_open(today()),
        reason=reason_of(request, db, told),
        talk=talk,
        pieces=[(piece, decrypt(piece.refusal) if piece.refusal else "") for piece in pieces],
        join_url=join_url,
        pdf_url=_here(request, "complaint.follow.pdf"),
        labels=CATEGORY_LABELS,
        mediator=request.services.settings.mediator,
    )


def _placed(problem: FieldError, talk: TalkView, join_url: str) -> FieldError:
    """What is wrong, at what the page still shows of its forms."""
    if problem.field == FIELD:
        return talk.shows(problem.message, OVER)
    return problem if join_url else FieldError("", problem.message)


def _talk(request: PortalRequest, db: Session, case: Case, typed: str) -> TalkView:
    action = "" if case.is_over else _here(request, "complaint.follow.message")
    return TalkView(messages_of(db, request.services.keyring, case), action, typed=typed)


def _here(request: PortalRequest, name: str) -> str:
    return request.services.urls(name, {"jeton": request.query_params["jeton"]})


HANDLERS = [follow_page, pdf_file, write, join]
