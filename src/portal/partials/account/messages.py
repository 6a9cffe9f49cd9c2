"""A thread answered in place, and the mark by which it is read, sent by the page itself."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from portal.forms import written_text
from portal.message_words import OVER
from portal.pages.account.conversations import FIELD
from portal.pages.account.messages import READS, SENDS, found_thread, keep_reply, mark_thread, talk_view
from portal.partials.account.conversations import render_talk
from portal.rendering import render_fragment
from portal.routing import async_action
from portal.web import PortalRequest


@async_action("/fragments/messagerie/{case:str}", name="message.reply.fragment", guards=SENDS)
async def answer(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    return await request.database.run_writing(_answer, request, case, await request.form())


def _answer(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes]:
    problem = keep_reply(request, opaque, sent)
    with request.database.read() as db:
        thread, messages = found_thread(request, db, opaque)
        talk = talk_view(request, db, opaque, thread, messages, written_text(sent, FIELD) if problem else "")
    return render_talk(request, talk, thread.subject, problem, OVER)


@async_action("/fragments/messagerie/{case:str}/lu", name="message.read.fragment", guards=READS)
async def mark(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    await mark_thread(request, case)
    return render_fragment(request, "account/messages/read.html", name=case, unread=0, last="")


HANDLERS = [answer, mark]
