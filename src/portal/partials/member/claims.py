"""A claim's questions, answered in place: each answer brings the next question."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath
from sqlmodel import Session

from portal.data.cases import WrongState
from portal.data.claims import Asked, Step
from portal.pages.member.claim_forms import Read
from portal.pages.member.claim_steps import SENDS, keep_answer, step_context, step_of, step_url
from portal.pages.member.claims import claim_url, found_claim
from portal.rendering import render_fragment
from portal.routing import async_action
from portal.web import PortalRequest


@async_action(
    "/fragments/adherent/demandes/{case:str}/etapes/{step:str}", name="member.claim.answer.fragment", guards=SENDS
)
async def answer(request: PortalRequest, case: FromPath[str], step: FromPath[str]) -> Response[bytes]:
    sent = await request.form()
    return await request.database.run_writing(_answer, request, case, step_of(step), sent)


def _answer(request: PortalRequest, case: str, step: Step, sent: FormMultiDict) -> Response[bytes]:
    try:
        read = keep_answer(request, case, step, sent)
    except WrongState:  # its own page says what it is now
        return _leading_to(request.services.urls("member.claim", case=case))
    with request.database.read() as db:
        asked = found_claim(request, db, case)
        if read.errors:
            return _step(request, db, asked, step, read)
        return _step(request, db, asked, asked.next_step) if asked.next_step else _leading_to(claim_url(request, asked))


def _step(request: PortalRequest, db: Session, asked: Asked, step: Step, read: Read | None = None) -> Response[bytes]:
    return render_fragment(
        request,
        "member/claims/asked.html",
        page_url=step_url(request, asked, step),
        status=422 if read else 200,
        **step_context(request, db, asked, step, read),
    )


def _leading_to(href: str) -> Response[bytes]:
    return Response(b"", media_type="text/html", headers={"HX-Redirect": href})
