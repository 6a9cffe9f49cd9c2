"""Where e-mailed links land: the token leaves the address bar at once, into a cookie (security: A8)."""

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from portal.data.credentials import space_of
from portal.data.links import LinkPurpose, find_link
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import page
from portal.security import LINK
from portal.sessions import make_cookie
from portal.web import PortalRequest

PAGES = {
    LinkPurpose.PASSWORD_RESET: "password.reset",
    LinkPurpose.EMAIL_CURRENT: "email.confirm",
    LinkPurpose.EMAIL_NEW: "email.confirm",
    LinkPurpose.DELETION: "deletion.confirm",
    LinkPurpose.FRAUD: "fraud.confirm",
    LinkPurpose.BANK_CHANGE: "bank.stop",
    LinkPurpose.COMPANY_BANK_CHANGE: "bank.stop",
    LinkPurpose.PRACTICE_BANK_CHANGE: "bank.stop",
}


@page("/lien/{jeton:str}", name="link", guards=[public])
def follow(request: PortalRequest, jeton: FromPath[str]) -> Response[bytes] | Redirect:
    """Uses nothing up: mail scanners open links too."""
    token = request.services.keyring.unsign(LINK, jeton)
    link = find_link(request.db, token, request.now) if token else None
    if token is None or link is None or not request.front.serves(space_of(request.db, link.account_id)):
        return dead_link(request)
    cookies = [make_cookie(request.services, LINK, token)]
    return Redirect(request.services.urls(PAGES[link.purpose]), status_code=303, cookies=cookies)


def dead_link(request: PortalRequest) -> Response[bytes]:
    """The page for a link that does not work (any more)."""
    return render_page(request, "account/links/dead.html", "Ce lien ne fonctionne plus", status=404)
