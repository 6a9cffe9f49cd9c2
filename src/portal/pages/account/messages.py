"""Messages with the insurer, in every space: /messagerie (R-41, R-80).

Reading writes nothing: a form says that a message was read, which the page sends by itself where scripts run."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.contact_views import facts_of, other_authors
from portal.contact_words import is_late
from portal.data.accounts import Space
from portal.data.answer_delays import usual_delay
from portal.data.case_messages import Message, SentAlready
from portal.data.cases import ENDS, CaseState, WrongState
from portal.data.contact import asked_of
from portal.data.evidence import Action
from portal.data.messages import (
    KIND,
    Thread,
    close_thread,
    read_thread,
    reply,
    thread_of,
    threads_of,
)
from portal.data.throttling import MESSAGES, allow
from portal.forms import single_values, written_text
from portal.message_words import OVER, TOO_OFTEN, TOPICS
from portal.pages.account.conversations import FIELD, TalkView, in_place, text_problem
from portal.pages.account.pieces import CASE, slot_views
from portal.permissions import Permission, may, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLE = "Messagerie"
READS = [requires(Permission.MESSAGES_READ)]
SENDS = [requires(Permission.MESSAGES_SEND)]


@page("/messagerie", name="messages", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes] | Redirect:
    if request.viewer.space == Space.PROVIDER:
        return Redirect(request.services.urls("provider.contact"), status_code=303)
    threads = threads_of(request.db, request.viewer, request.services.keyring)
    names = request.services.keyring.conceal(CASE, (thread.case.id or 0 for thread in threads))
    request.note_read(Action.CASE_READ, KIND)
    return render_page(
        request,
        "account/messages/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        threads=list(zip(threads, names, strict=True)),
        labels=dict(TOPICS[Space(request.viewer.space)]),
    )


@page("/messagerie/{case:str}", name="message", guards=READS)
def thread_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    found = thread_of(request.db, request.viewer, request.services.keyring, request.revealed(CASE, case))
    if found is not None and found[0].case.is_draft:
        return Redirect(request.services.urls("provider.contact.draft", case=case), status_code=303)
    return thread_answer(request, request.db, case)


@async_action("/messagerie/{case:str}", name="message.reply", guards=SENDS)
async def answer(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_reply, request, case, await request.form())


def _reply(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    problem = keep_reply(request, opaque, sent)
    if problem:
        with request.database.read() as db:
            return thread_answer(request, db, opaque, problem, written_text(sent, FIELD))
    return to_thread(request, request.revealed(CASE, opaque))


def keep_reply(request: PortalRequest, opaque: str, sent: FormMultiDict) -> str:
    """Keeps a reply; what is wrong, in French, or nothing. Raises `NotFoundException`."""
    text = written_text(sent, FIELD)
    return text_problem(text) or _kept_reply(request, opaque, text, _last(request, sent))


def _kept_reply(request: PortalRequest, opaque: str, text: str, last: int) -> str:
    case_id, keyring = request.revealed(CASE, opaque), request.services.keyring
    try:
        with request.database.write() as db:
            if not may_write(request, db):
                return TOO_OFTEN
            case = reply(db, request.viewer, keyring, case_id, text, last, request.now)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_MESSAGE_SENT, case.object)
    except WrongState:
        return OVER
    except SentAlready:
        return ""
    return ""


@action("/messagerie/{case:str}/fin", name="message.close", guards=SENDS)
def close(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    case_id = request.revealed(CASE, case)
    try:
        with request.database.write() as db:
            closed = close_thread(db, request.viewer, case_id, request.now)
            if closed is None:
                raise NotFoundException
            request.record(db, Action.CASE_CLOSED, closed.object)
    except WrongState:
        with request.database.read() as db:
            return thread_answer(request, db, case, OVER)
    return to_thread(request, case_id)


@async_action("/messagerie/{case:str}/lu", name="message.read", guards=READS)
async def mark(request: PortalRequest, case: FromPath[str]) -> Redirect:
    await mark_thread(request, case)
    return Redirect(request.services.urls("message", case=case), status_code=303)


async def mark_thread(request: PortalRequest, opaque: str) -> None:
    """Marks what a thread's page showed as read. Raises `NotFoundException`."""
    last = _last(request, await request.form())
    await request.database.run_writing(_mark, request, opaque, last)


def _mark(request: PortalRequest, opaque: str, last: int) -> None:
    with request.database.write() as db:
        if read_thread(db, request.viewer, request.revealed(CASE, opaque), last, request.now) is None:
            raise NotFoundException


def _last(request: PortalRequest, sent: FormMultiDict) -> int:
    """The last message that the page showed: one that came later was not read. 0, before all, when none is named."""
    return request.services.keyring.reveal("message", single_values(sent, ("dernier",))["dernier"]) or 0


def may_write(request: PortalRequest, db: Session) -> bool:
    """Whether the account may send one more message today; it is counted."""
    return allow(db, [(MESSAGES, str(request.viewer.account_id))], request.now)


def thread_answer(
    request: PortalRequest, db: Session, opaque: str, problem: str = "", typed: str = ""
) -> Response[bytes]:
    """The page of a thread; `problem`: why the message that was `typed` was not kept. Raises `NotFoundException`."""
    thread, messages = found_thread(request, db, opaque)
    talk = talk_view(request, db, opaque, thread, messages, typed)
    is_practice = request.viewer.space == Space.PROVIDER
    return render_page(
        request,
        "account/messages/thread.html",
        thread.subject or "Message",
        crumbs=[home_crumb(request), list_crumb(request)],
        errors=[talk.shows(problem, OVER)] if problem else [],
        thread=thread,
        name=opaque,
        labels=dict(TOPICS[Space(request.viewer.space)]),
        slots=slot_views(request, db, thread.case),
        talk=talk,
        facts=facts_of(request, db, asked_of(db, request.services.keyring, thread.case)) if is_practice else [],
        is_late=is_late(thread.case, request.now),
        delay=usual_delay(db, KIND, request.viewer.space, request.now),
        may_close=not thread.case.is_over and may(request.viewer, Permission.MESSAGES_SEND),
    )


def found_thread(request: PortalRequest, db: Session, opaque: str) -> tuple[Thread, list[Message]]:
    """The viewer's thread behind an opaque name, read. Raises `NotFoundException`."""
    found = thread_of(db, request.viewer, request.services.keyring, request.revealed(CASE, opaque))
    if found is None:
        raise NotFoundException
    request.note_read(Action.CASE_READ, found[0].case.object)
    return found


def talk_view(
    request: PortalRequest, db: Session, opaque: str, thread: Thread, messages: list[Message], typed: str = ""
) -> TalkView:
    """The conversation of a thread, and the form that answers until it is over for good."""
    urls, is_over = request.services.urls, thread.case.state in ENDS
    return TalkView(
        messages,
        "" if is_over else urls("message.reply", case=opaque),
        "" if is_over else in_place(thread.case, urls("message.reply.fragment", case=opaque)),
        typed,
        request.services.keyring.conceal("message", [messages[-1].id])[0] if messages else "",
        elsewhere(request),
        names=other_authors(request, db, thread.case, messages),
        title="Rouvrir en écrivant" if thread.case.state == CaseState.CLOSED else "Ajouter un message",
    )


def elsewhere(request: PortalRequest) -> tuple[str, str]:
    """The link to a new message, for whoever wrote where nothing more is taken."""
    return ("Écrire un nouveau message", request.services.urls("message.new"))


def to_thread(request: PortalRequest, case_id: int) -> Redirect:
    """Leads to a thread's page."""
    name = request.services.keyring.conceal(CASE, [case_id])[0]
    return Redirect(request.services.urls("message", case=name), status_code=303)


def list_crumb(request: PortalRequest) -> Crumb:
    """Where the viewer's threads are listed."""
    is_practice = request.viewer.space == Space.PROVIDER
    title, route = ("Contact", "provider.contact") if is_practice else (TITLE, "messages")
    return Crumb(title, request.services.urls(route))


def home_crumb(request: PortalRequest) -> Crumb:
    """The first step of every breadcrumb."""
    return Crumb("Accueil", request.services.urls("start"))


HANDLERS = [list_page, thread_page, answer, close, mark]
