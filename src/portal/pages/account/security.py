"""What protects the account, and where it is open: /compte/securite (security: C5)."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard

from portal.data.evidence import Action
from portal.data.own_account import own_account
from portal.data.own_sessions import OpenSession, end_session_by_id, open_sessions
from portal.data.second_factors import factors_of
from portal.data.sessions import end_other_sessions
from portal.entry.browsers import browser_name
from portal.pages.account.own import account_crumbs
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, page
from portal.web import PortalRequest

TITLE = "Sécurité"
KIND = "session"
ENDS: list[Guard] = [requires(Permission.SESSIONS), recently_confirmed]


@page("/compte/securite", name="security", guards=[requires(Permission.SESSIONS)])
def security_page(request: PortalRequest) -> Response[bytes]:
    return render_page(
        request,
        "account/security/index.html",
        TITLE,
        crumbs=account_crumbs(request),
        account=own_account(request.db, request.viewer),
        factors=factors_of(request.db, request.viewer),
        sessions=_sessions(request),
    )


@page("/compte/securite/sessions", name="sessions", guards=ENDS)
def sessions_page(request: PortalRequest) -> Response[bytes]:
    """Reached after proving again who one is, so that a browser left open cannot shut its owner out."""
    crumbs = [*account_crumbs(request), Crumb(TITLE, request.services.urls("security"))]
    sessions = _sessions(request)
    opaque = request.services.keyring.conceal(KIND, [session.id for session, _ in sessions])
    return render_page(
        request,
        "account/security/sessions.html",
        "Fermer des sessions",
        crumbs=crumbs,
        sessions=[(*shown, name) for shown, name in zip(sessions, opaque, strict=True)],
    )


@action("/compte/securite/sessions/{session:str}", name="session.end", guards=ENDS)
def end(request: PortalRequest, session: FromPath[str]) -> Redirect:
    session_id = request.services.keyring.reveal(KIND, session)
    with request.database.write() as db:
        if session_id is None or not end_session_by_id(db, request.viewer, session_id, request.now):
            raise NotFoundException
        request.record(db, Action.SESSION_REVOKED, "une")
    return Redirect(request.services.urls("security"), status_code=303)


@action("/compte/securite/sessions", name="sessions.end-others", guards=ENDS)
def end_others(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        if ended := end_other_sessions(db, request.viewer, request.now):
            request.record(db, Action.SESSION_REVOKED, "toutes-les-autres", sessions=ended)
    return Redirect(request.services.urls("security"), status_code=303)


def _sessions(request: PortalRequest) -> list[tuple[OpenSession, str]]:
    """Each open session and its device in words."""
    found = open_sessions(request.db, request.viewer, request.now)
    return [(session, browser_name(session.browser)) for session in found]
