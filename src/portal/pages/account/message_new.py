"""A new thread of messages, in the spaces of members and employers: /messagerie/nouveau (R-80)."""

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.response import Redirect

from portal.data.accounts import Space
from portal.data.answer_delays import Delay, usual_delay
from portal.data.case_messages import SentAlready
from portal.data.evidence import Action
from portal.data.messages import KIND, Topic, begin_thread
from portal.forms import FieldError, single_values, written_text
from portal.message_words import LONGEST_SUBJECT, NO_SUBJECT, NO_TOPIC, TOO_OFTEN, TOPICS
from portal.pages.account.conversations import NO_TEXT, text_problem
from portal.pages.account.messages import SENDS, home_crumb, list_crumb, may_write, to_thread
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

# How a message begins when another page leads here.
BEGUN: Mapping[str, dict[str, str]] = {
    "justificatif": {"sujet": Topic.CONTRACT, "titre": "Portabilité\u00a0: justificatif de France Travail"},
    "contrat-individuel": {"sujet": Topic.CONTRACT, "titre": "Je demande un contrat individuel (loi Évin)"},
}


@page("/messagerie/nouveau", name="message.new", guards=SENDS)
def new_page(request: PortalRequest) -> Response[bytes] | Redirect:
    if request.viewer.space == Space.PROVIDER:
        return _to_contact(request)
    begun = BEGUN.get(request.query_params.get("a-propos", ""), {})
    return _form(request, {"sujet": "", "titre": "", "message": ""} | begun, [])


@async_action("/messagerie/nouveau", name="message.begin", guards=SENDS)
async def begin(request: PortalRequest) -> Response[bytes] | Redirect:
    if request.viewer.space == Space.PROVIDER:
        return _to_contact(request)
    sent = await request.form()
    raw = single_values(sent, ("sujet", "titre"), longest=LONGEST_SUBJECT + 1)
    raw["message"] = written_text(sent, "message")
    errors = _problems(request, raw)
    if errors:
        return await request.database.run(_form, request, raw, errors)
    return await request.database.run_writing(_begin, request, raw)


def _problems(request: PortalRequest, raw: dict[str, str]) -> list[FieldError]:
    topics = {topic.value for topic, _ in TOPICS[Space(request.viewer.space)]}
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
    return to_thread(request, case_id)


def _begun(request: PortalRequest, topic: Topic, subject: str, text: str) -> int | None:
    """The case of a new thread; None when the day's messages are used up. Raises `SentAlready`."""
    with request.database.write() as db:
        if not may_write(request, db):
            return None
        case = begin_thread(db, request.viewer, request.services.keyring, topic, subject, text, request.now)
        request.record(db, Action.CASE_SENT, case.object)
    return case.id


def _to_contact(request: PortalRequest) -> Redirect:
    """Where professionals write from: by subject, each with its own fields."""
    return Redirect(request.services.urls("provider.contact.new"), status_code=303)


def _form(request: PortalRequest, raw: dict[str, Any], errors: list[FieldError]) -> Response[bytes]:
    return render_page(
        request,
        "account/messages/new.html",
        "Écrire à la mutuelle",
        crumbs=[home_crumb(request), list_crumb(request)],
        errors=errors,
        raw=raw,
        delay=_delay(request),
        topics=[(topic.value, label) for topic, label in TOPICS[Space(request.viewer.space)]],
    )


def _delay(request: PortalRequest) -> Delay | None:
    with request.database.read() as db:
        return usual_delay(db, KIND, request.viewer.space, request.now)


HANDLERS = [new_page, begin]
