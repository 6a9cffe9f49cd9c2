"""The conversation of a dispute about an invoice, added to in place."""

from litestar import Response
from litestar.params import FromPath

from portal.forms import written_text
from portal.pages.account.conversations import FIELD
from portal.pages.provider.dispute_drafts import CONTESTS
from portal.pages.provider.dispute_sending import keep_message
from portal.pages.provider.disputes import OVER, dispute_title, found_dispute, talk_view
from portal.partials.account.conversations import render_talk
from portal.routing import async_action
from portal.web import PortalRequest


@async_action(
    "/fragments/professionnel/factures/contestations/{case:str}/message",
    name="provider.dispute.message.fragment",
    guards=CONTESTS,
)
async def message(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    text = written_text(await request.form(), FIELD)
    return await request.database.run_writing(_message, request, case, text)


def _message(request: PortalRequest, opaque: str, text: str) -> Response[bytes]:
    problem = keep_message(request, opaque, text)
    with request.database.read() as db:
        told = found_dispute(request, db, opaque)
        talk = talk_view(request, db, told, text if problem else "")
    return render_talk(request, talk, dispute_title(told), problem, OVER)


HANDLERS = [message]
