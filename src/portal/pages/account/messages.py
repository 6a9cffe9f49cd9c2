"""Messages with the insurer, in every space: /messagerie (R-41, R-80).

Reading writes nothing: a form says that a message was read, which the page sends by itself where scripts run."""

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.accounts import Space
from portal.data.case_messages import Message, SentAlready
from portal.data.cases import WrongState
from portal.data.evidence import Action
from portal.data.messages import KIND, Thread, Topic, begin_thread, read_thread, reply, thread_of, threads_of
from portal.data.throttling import MESSAGES, allow
from portal.forms import FieldError, single_values, written_text
from portal.pages.account.conversations import FIELD, NO_TEXT, TalkView, text_problem
from portal.pages.account.pieces import CASE, slot_views
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Messagerie"
READS = [requires(Permission.MESSAGES_READ)]
SENDS = [requires(Permission.MESSAGES_SEND)]
LONGEST_SUBJECT = 120
TOPICS: Mapping[Space, tuple[tuple[Topic, str], ...]] = {
    Space.MEMBER: (
        (Topic.REFUND, "Un remboursement"),
        (Topic.CONTRACT, "Mon contrat ou mes garanties"),
        (Topic.CONTRIBUTION, "Mes cotisations"),
        (Topic.TERMS, "Les conditions d’utilisation"),
        (Topic.ONLINE, "L’espace en ligne"),
        (Topic.OTHER, "Autre chose"),
    ),
    Space.EMPLOYER: (
        (Topic.CONTRACT, "Le contrat collectif"),
        (Topic.CONTRIBUTION, "Les cotisations"),
        (Topic.TERMS, "Les conditions d’utilisation"),
        (Topic.ONLINE, "L’espace en ligne"),
        (Topic.OTHER, "Autre chose"),
    ),
    Space.PROVIDER: (
        (Topic.INVOICE, "Une facture ou un versement"),
        (Topic.CONTRACT, "La convention de tiers payant"),
        (Topic.TERMS, "Les conditions d’utilisation"),
        (Topic.ONLINE, "L’espace en ligne"),
        (Topic.OTHER, "Autre chose"),
    ),
}
# How a message begins when another page leads here.
BEGUN: Mapping[str, dict[str, str]] = {
    "justificatif": {"sujet": Topic.CONTRACT, "titre": "Portabilité\u00a0: justificatif de France Travail"},
    "contrat-individuel": {"sujet": Topic.CONTRACT, "titre": "Je demande un contrat individuel (loi Évin)"},
}
NO_TOPIC = "Choisissez de quoi il s’agit."
NO_SUBJECT = f"Donnez un titre à votre message, en {LONGEST_SUBJECT} caractères au plus."
TOO_OFTEN = "Vous avez envoyé beaucoup de messages aujourd’hui. Réessayez demain, ou appelez-nous."
OVER = (
    "Cette conversation est terminée\u00a0: votre message n’est pas envoyé. "
    "Copiez ce qu’il disait dans un nouveau message."
)


@page("/messagerie", name="messages", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    threads = threads_of(request.db, request.viewer, request.services.keyring)
    names = request.services.keyring.conceal(CASE, (thread.case.id or 0 for thread in threads))
    request.note_read(Action.CASE_READ, KIND)
    return render_page(
        request,
        "account/messages/index.html",
        TITLE,
        crumbs=[_home(request)],
        threads=list(zip(threads, names, strict=True)),
        labels=dict(_topics(request)),
    )


@page("/messagerie/nouveau", name="message.new", guards=SENDS)
def new_page(request: PortalRequest) -> Response[bytes]:
    begun = BEGUN.get(request.query_params.get("a-propos", ""), {})
    return _form(request, {"sujet": "", "titre": "", "message": ""} | begun, [])


@async_action("/messagerie/nouveau", name="message.begin", guards=SENDS)
async def begin(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    raw = single_values(sent, ("sujet", "titre"), longest=LONGEST_SUBJECT + 1)
    raw["message"] = written_text(sent, "message")
    errors = _problems(request, raw)
    if errors:
        return await request.database.run(_form, request, raw, errors)
    return await request.database.run_writing(_begin, request, raw)


def _problems(request: PortalRequest, raw: dict[str, str]) -> list[FieldError]:
    topics = {topic.value for topic, _ in _topics(request)}
    checks = (
        ("sujet", raw["sujet"] not in topics, NO_TOPIC),
        ("titre", not 0 < len(raw["titre"].strip()) <= LONGEST_SUBJECT, NO_SUBJECT),
        ("message", bool(text_problem(raw["message"])), NO_TEXT),
    )
    return [FieldError(name, message) for name, is_wrong, message in checks if is_wrong]


def _begin(request: PortalRequest, raw: dict[str, str]) -> Response[bytes] | Redirect:
    try:
        case_id = _begun(request, Topic(raw["sujet"]), raw["titre"].strip(), raw["message"])
    except SentAlready as sent:
        case_id = sent.case_id
    if case_id is None:
        return _form(request, raw, [FieldError("", TOO_OFTEN)])
    return _to(request, case_id)


def _begun(request: PortalRequest, topic: Topic, subject: str, text: str) -> int | None:
    """The case of a new thread; None when the day's messages are used up. Raises `SentAlready`."""
    with request.database.write() as db:
        if not _may_write(request, db):
            return None
        case = begin_thread(db, request.viewer, request.services.keyring, topic, subject, text, request.now)
        request.record(db, Action.CASE_SENT, case.object)
    return case.id


@page("/messagerie/{case:str}", name="message", guards=READS)
def thread_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    return _page(request, request.db, case)


@async_action("/messagerie/{case:str}", name="message.reply", guards=SENDS)
async def answer(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_reply, request, case, await request.form())


def _reply(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    problem = keep_reply(request, opaque, sent)
    if problem:
        with request.database.read() as db:
            return _page(request, db, opaque, problem, written_text(sent, FIELD))
    return _to(request, request.revealed(CASE, opaque))


def keep_reply(request: PortalRequest, opaque: str, sent: FormMultiDict) -> str:
    """Keeps a reply; what is wrong, in French, or nothing. Raises `NotFoundException`."""
    text = written_text(sent, FIELD)
    return text_problem(text) or _kept_reply(request, opaque, text, _last(request, sent))


def _kept_reply(request: PortalRequest, opaque: str, text: str, last: int) -> str:
    case_id, keyring = request.revealed(CASE, opaque), request.services.keyring
    try:
        with request.database.write() as db:
            if not _may_write(request, db):
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


def _may_write(request: PortalRequest, db: Session) -> bool:
    return allow(db, [(MESSAGES, str(request.viewer.account_id))], request.now)


def _page(request: PortalRequest, db: Session, opaque: str, problem: str = "", typed: str = "") -> Response[bytes]:
    thread, messages = found_thread(request, db, opaque)
    talk = talk_view(request, opaque, thread, messages, typed)
    return render_page(
        request,
        "account/messages/thread.html",
        thread.subject or "Message",
        crumbs=[_home(request), Crumb(TITLE, request.services.urls("messages"))],
        errors=[talk.shows(problem, OVER)] if problem else [],
        thread=thread,
        name=opaque,
        labels=dict(_topics(request)),
        slots=slot_views(request, db, thread.case),
        talk=talk,
    )


def found_thread(request: PortalRequest, db: Session, opaque: str) -> tuple[Thread, list[Message]]:
    """The viewer's thread behind an opaque name, read. Raises `NotFoundException`."""
    found = thread_of(db, request.viewer, request.services.keyring, request.revealed(CASE, opaque))
    if found is None:
        raise NotFoundException
    request.note_read(Action.CASE_READ, found[0].case.object)
    return found


def talk_view(
    request: PortalRequest, opaque: str, thread: Thread, messages: list[Message], typed: str = ""
) -> TalkView:
    """The conversation of a thread, and the form that answers until it is over."""
    urls, is_over = request.services.urls, thread.case.is_over
    return TalkView(
        messages,
        "" if is_over else urls("message.reply", case=opaque),
        "" if is_over else urls("message.reply.fragment", case=opaque),
        typed,
        request.services.keyring.conceal("message", [messages[-1].id])[0] if messages else "",
        elsewhere(request),
    )


def elsewhere(request: PortalRequest) -> tuple[str, str]:
    """The link to a new message, for whoever wrote where nothing more is taken."""
    return ("Écrire un nouveau message", request.services.urls("message.new"))


def _form(request: PortalRequest, raw: dict[str, Any], errors: list[FieldError]) -> Response[bytes]:
    return render_page(
        request,
        "account/messages/new.html",
        "Écrire à la mutuelle",
        crumbs=[_home(request), Crumb(TITLE, request.services.urls("messages"))],
        errors=errors,
        raw=raw,
        topics=[(topic.value, label) for topic, label in _topics(request)],
    )


def _topics(request: PortalRequest) -> tuple[tuple[Topic, str], ...]:
    return TOPICS[Space(request.viewer.space)]


def _to(request: PortalRequest, case_id: int) -> Redirect:
    name = request.services.keyring.conceal(CASE, [case_id])[0]
    return Redirect(request.services.urls("message", case=name), status_code=303)


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("start"))


HANDLERS = [list_page, new_page, begin, thread_page, answer, mark]
