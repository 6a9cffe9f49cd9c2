"""Who comes by the link of an invitation: where it lands, what proves the employee, what the link still opens (R-30).

The token leaves the address bar at once, into a cookie (security: A8); what the browser proved is kept beside it.
"""

from litestar import Response
from litestar.response import Redirect
from sqlmodel import Session

from portal.data import throttling
from portal.data.evidence import Action, Outcome
from portal.data.invited import Asked, invitation_behind, is_proven, prove
from portal.entry.authentication import network_of
from portal.forms import FieldError
from portal.invitation_notices import INVITATION_LINK
from portal.invitation_words import NOT_YOU, WAIT
from portal.pages.employer.employee_forms import Reader
from portal.rendering import render_page
from portal.security import new_token
from portal.sessions import INVITED, make_cookie
from portal.web import PortalRequest

QUERY = "jeton"
LONGEST_TOKEN = 200


def land(request: PortalRequest) -> Response[bytes] | Redirect:
    """Where the letter leads. Uses nothing up: mail scanners open links too."""
    token = request.services.keyring.unsign(INVITATION_LINK, request.query_params.get(QUERY, "")[:LONGEST_TOKEN])
    if token is None or asked_by(request, request.db, token) is None:
        return dead_link(request)
    known, browser = request.invitation_keys
    return to_entry(request, token, browser if known == token else "")


def asked_by(request: PortalRequest, db: Session, token: str) -> Asked | None:
    """The invitation that a token opens, in whatever state."""
    return invitation_behind(db, request.services.keyring, token, request.now)


def held(request: PortalRequest, db: Session) -> tuple[Asked | None, bool]:
    """The invitation whose link this browser opened last, and whether this browser may read it."""
    token, browser = request.invitation_keys
    asked = asked_by(request, db, token)
    return asked, asked is not None and is_proven(asked.row, browser, request.now)


def try_proof(request: PortalRequest, reader: Reader, asked: Asked) -> Redirect | list[FieldError]:
    """Judges what was typed to prove that one is the employee of an invitation; the way in, or what to say, the same
    for every wrong answer."""
    token, object_ = request.invitation_keys[0], f"invitation:{asked.row.id}"
    birth, browser = reader.birth("naissance"), new_token()
    nir = reader.nir(birth)
    if birth is None or reader.errors:
        return reader.errors
    with request.database.write() as db:
        if throttling.hold(db, _guesses(request, token), request.now):
            return [FieldError("naissance", WAIT)]
        row = prove(db, request.services.keyring, token, birth, nir, browser, request.now)
        if row is None:
            throttling.count_failures(db, _guesses(request, token), request.now)
            request.record_of(None, db, Action.INVITATION_OPENED, object_, Outcome.REFUSED)
            return [FieldError("naissance", NOT_YOU)]
        throttling.forget(db, _guesses(request, token)[:1])
        request.record_of(None, db, Action.INVITATION_OPENED, object_)
    return to_entry(request, token, browser)


def to_entry(request: PortalRequest, token: str, browser: str) -> Redirect:
    """The flow's first address, with the cookie that it needs."""
    cookies = [make_cookie(request.services, INVITED, f"{token}.{browser}")]
    return Redirect(request.services.urls("invited"), status_code=303, cookies=cookies)


def dead_link(request: PortalRequest) -> Response[bytes]:
    """The page for a link that does not work (any more)."""
    return render_page(request, "public/invited/dead.html", "Ce lien ne fonctionne plus", status=404)


def _guesses(request: PortalRequest, token: str) -> throttling.Guesses:
    lookup = request.services.keyring.lookup
    return [
        (throttling.INVITATION_PROOFS, lookup(token)),
        (throttling.INVITATION_NETWORK, lookup(network_of(request.client_address))),
    ]
