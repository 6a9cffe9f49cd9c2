"""A complaint's conversation, added to in place."""

from litestar import Response
from litestar.params import FromPath

from portal.forms import written_text
from portal.pages.account.conversations import FIELD
from portal.pages.member.complaint_drafts import SENDS
from portal.pages.member.complaint_sending import keep_message
from portal.pages.member.complaints import OVER, complaint_title, found_complaint, talk_view
from portal.partials.account.conversations import render_talk
from portal.routing import async_action
from portal.web import PortalRequest


@async_action(
    "/fragments/adherent/reclamations/{case:str}/message", name="member.complaint.message.fragment", guards=SENDS
)
async def message(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    text = written_text(await request.form(), FIELD)
    return await request.database.run_writing(_message, request, case, text)


def _message(request: PortalRequest, opaque: str, text: str) -> Response[bytes]:
    problem = keep_message(request, opaque, text)
    with request.database.read() as db:
        told = found_complaint(request, db, opaque)
        talk = talk_view(request, db, told, text if problem else "")
    return render_talk(request, talk, complaint_title(told), problem, OVER)
