"""The mark by which a thread is read, sent by the page itself."""

from litestar import Response
from litestar.params import FromPath

from portal.pages.account.messages import READS, mark_thread
from portal.rendering import render_fragment
from portal.routing import async_action
from portal.web import PortalRequest


@async_action("/fragments/messagerie/{case:str}/lu", name="message.read.fragment", guards=READS)
async def mark(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    await mark_thread(request, case)
    return render_fragment(request, "account/messages/read.html", name=case, unread=0, last="")
