"""The invited employee's way in and out: /affiliation lands, asks who one is, goes on, or says how it ended (R-30)."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.invitation_drafts import next_step
from portal.data.invitations import InvitationState
from portal.data.invited import Asked
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.pages.employer.employee_forms import Reader
from portal.pages.public import invited_exemption, invited_steps
from portal.pages.public.invited_access import QUERY, dead_link, held, land, try_proof
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.visits import visit_cookies
from portal.web import PortalRequest

FIELDS = ("naissance", "nir")
ENDED = {
    InvitationState.COMPLETED: ("done", "Votre affiliation est enregistrée"),
    InvitationState.EXEMPTION_ASKED: ("exempted", "Votre demande de dispense est envoyée"),
    InvitationState.EXPIRED: ("expired", "Cette invitation a expiré"),
}


@page("/affiliation", name="invited", guards=[public])
def entry_page(request: PortalRequest) -> Response[bytes] | Redirect:
    return land(request) if QUERY in request.query_params else _entry(request, request.db)


@async_action("/affiliation", name="invited.prove", guards=[public])
async def prove_it(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_prove, request, await request.form())


def _prove(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, FIELDS, day_in_france(request.now))
    with request.database.read() as db:
        asked, _ = held(request, db)
        if asked is None or not asked.is_live:
            return _entry(request, db)
    answer = try_proof(request, reader, asked)
    if isinstance(answer, Redirect):
        return answer
    with request.database.read() as db:
        return _entry(request, db, reader.raw, answer)


def _entry(
    request: PortalRequest, db: Session, raw: dict[str, str] | None = None, errors: list[FieldError] | None = None
) -> Response[bytes] | Redirect:
    asked, may_read = held(request, db)
    if asked is None or (not asked.is_live and asked.state not in ENDED):
        return dead_link(request)
    if not asked.is_live:
        return _ended(request, asked)
    if may_read and not errors:
        step = request.services.urls("invited.step", etape=next_step(asked.draft).value)
        return Redirect(step, status_code=303)
    return _proof(request, asked, raw or dict.fromkeys(FIELDS, ""), errors or [])


def _proof(request: PortalRequest, asked: Asked, raw: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    return render_page(
        request,
        "public/invited/proof.html",
        "Terminer votre affiliation",
        errors=errors,
        cookies=visit_cookies(request),
        raw=raw,
        company=asked.company,
        until=asked.row.expires_at,
        has_begun=asked.row.opened_at is not None,
    )


def _ended(request: PortalRequest, asked: Asked) -> Response[bytes]:
    template, title = ENDED[asked.state]
    return render_page(request, f"public/invited/{template}.html", title, company=asked.company)


HANDLERS = [entry_page, prove_it, *invited_steps.HANDLERS, *invited_exemption.HANDLERS]
