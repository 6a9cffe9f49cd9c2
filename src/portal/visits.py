"""The cookie of a visitor: it binds the tokens of forms before there is a session."""

from litestar.datastructures import Cookie

from portal.security import new_token
from portal.sessions import VISIT, make_cookie
from portal.web import PortalRequest


def visit_cookies(request: PortalRequest) -> list[Cookie]:
    """The visit cookie where there is none yet. Call it before a public form is rendered."""
    state = request.scope["state"]
    if state["visit"] or request.signed_in is not None:
        return []
    state["visit"] = new_token()
    return [make_cookie(request.services, VISIT, state["visit"])]
