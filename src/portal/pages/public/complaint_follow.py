"""A complaint without an account, followed by the link of its letter: /reclamation/suivi (R-26).

The link proves the address to which the letter went: files and words are added here, and not where anybody writes. It
leaves the address bar at once (`complaint_link`): the page, its forms and its PDF know the complaint by a cookie.
"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard, received_files
from portal.complaint_documents import Dossier
from portal.complaint_words import CATEGORY_LABELS, marks_of, state_of
from portal.data.case_messages import SentAlready, messages_of
from portal.data.case_pieces import TooManyPieces, pieces_of, room_for
from portal.data.cases import Case, WrongState
from portal.data.complaints import Told
from portal.data.evidence import Action
from portal.data.files import NewFile
from portal.data.open_complaints import SLOT, add_files_by_link, add_words_by_link, followed_until
from portal.entry.authentication import network_of
from portal.formatting import today
from portal.forms import FieldError, written_text
from portal.pages.account.conversations import FIELD, TalkView, text_problem
from portal.pages.account.pieces import CASE, FULL
from portal.pages.account.pieces import FIELD as FILES
from portal.pages.member.complaints import dossier_of, pdf_answer, reason_of
from portal.pages.public.complaint_link import QUERY, case_to_change, dead_link, followed, land
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, async_page, page
from portal.uploads import LARGEST_FORM, FileRefused
from portal.visits import visit_cookies
from portal.web import PortalRequest

OVER = "Cette réclamation ne prend plus rien par ce lien. Écrivez-nous par la poste, en rappelant sa référence."
TOO_OFTEN = "Trop de fichiers sont arrivés de ce réseau aujourd’hui. Réessayez demain, ou écrivez-nous par la poste."


@page("/reclamation/suivi", name="complaint.follow", guards=[public])
def follow_page(request: PortalRequest) -> Response[bytes] | Redirect:
    return land(request) if QUERY in request.query_params else _page(request, request.db)


@async_page("/reclamation/suivi/pdf", name="complaint.follow.pdf", guards=[public])
async def pdf_file(request: PortalRequest) -> Response[bytes]:
    dossier = await request.database.run(_dossier, request)
    return await pdf_answer(request, dossier) if dossier else await request.database.run(dead_link, request)


def _dossier(request: PortalRequest) -> Dossier | None:
    told = followed(request, request.db)
    if told is None:
        return None
    request.note_read_by_link(Action.CASE_DOWNLOADED, told.case.object)
    return dossier_of(request, request.db, told)


@async_action("/reclamation/suivi/message", name="complaint.follow.message", guards=[public])
async def write(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_write, request, await request.form())


@async_action(
    "/reclamation/suivi/documents",
    name="complaint.follow.files",
    guards=[public],
    request_max_body_size=LARGEST_FORM,
)
async def join(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    case_id = await request.database.run(case_to_change, request, sent)
    if isinstance(case_id, Response):
        return case_id
    problem = await _join(request, case_id, sent)
    if problem:
        return await request.database.run(_page_now, request, FieldError(FILES, problem))
    return _back(request)


async def _join(request: PortalRequest, case_id: int, sent: FormMultiDict) -> str:
    """Keeps files; what is wrong, in French, or nothing."""
    try:
        sender = request.services.keyring.lookup(network_of(request.client_address))
        kept = await received_files(request, sent, FILES, sender, TOO_OFTEN)
    except FileRefused as refused:
        return str(refused)
    return await request.database.run_writing(_joined, request, case_id, kept)


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


def _write(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    text = written_text(sent, FIELD)
    case_id = case_to_change(request, sent, text)
    if isinstance(case_id, Response):
        return case_id
    problem = text_problem(text) or _written(request, case_id, text)
    if problem:
        return _page_now(request, FieldError(FIELD, problem), text)
    return _back(request)


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


def _back(request: PortalRequest) -> Redirect:
    return Redirect(request.services.urls("complaint.follow"), status_code=303)


def _page_now(request: PortalRequest, problem: FieldError, typed: str = "") -> Response[bytes]:
    with request.database.read() as db:
        return _page(request, db, problem, typed)


def _page(request: PortalRequest, db: Session, problem: FieldError | None = None, typed: str = "") -> Response[bytes]:
    told = followed(request, db)
    return _shown(request, db, told, problem, typed) if told else dead_link(request, typed)


def _shown(request: PortalRequest, db: Session, told: Told, problem: FieldError | None, typed: str) -> Response[bytes]:
    request.note_read_by_link(Action.CASE_READ, told.case.object)
    urls = request.services.urls
    cookies, pieces, decrypt = visit_cookies(request), pieces_of(db, told.case), request.services.keyring.decrypt
    join_url = "" if told.case.is_over or room_for(pieces, SLOT)[0] < 1 else urls("complaint.follow.files")
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
        pdf_url=urls("complaint.follow.pdf"),
        until=followed_until(db, told.case),
        labels=CATEGORY_LABELS,
        mediator=request.services.settings.mediator,
    )


def _placed(problem: FieldError, talk: TalkView, join_url: str) -> FieldError:
    """What is wrong, at what the page still shows of its forms."""
    if problem.field == FIELD:
        return talk.shows(problem.message, OVER)
    return problem if join_url else FieldError("", problem.message)


def _talk(request: PortalRequest, db: Session, case: Case, typed: str) -> TalkView:
    keyring = request.services.keyring
    action = "" if case.is_over else request.services.urls("complaint.follow.message")
    name = keyring.conceal(CASE, [case.id or 0])[0]
    return TalkView(messages_of(db, keyring, case), action, typed=typed, case=name)


HANDLERS = [follow_page, pdf_file, write, join]
