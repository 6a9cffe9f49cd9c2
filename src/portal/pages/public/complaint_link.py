"""The link of a letter about a complaint without an account: where it lands, and what it still opens (R-26).

Its token leaves the address bar at once, into a cookie (security: A8). Two complaints may be followed in one browser:
the link opened last counts, and a form of the other one, left in a tab, changes nothing.
"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_links import CASE, COMPLAINT_LINK
from portal.data.cases import Case
from portal.data.complaints import Told
from portal.data.open_complaints import FOLLOWED_MONTHS, complaint_by_link
from portal.forms import FieldError, exact_value
from portal.pages.account.conversations import UNSENT
from portal.rendering import render_page
from portal.sessions import FOLLOWED, make_cookie
from portal.web import PortalRequest

QUERY = "jeton"
LONGEST_TOKEN = 200
# The field by which a form says of which complaint it is.
FIELD = "dossier"
OTHER = (
    "Ce formulaire est celui d’une autre réclamation, ouverte dans ce navigateur avant celle que vous suivez "
    "maintenant. Ouvrez de nouveau le lien reçu par e-mail pour cette autre réclamation, puis recommencez."
)


def land(request: PortalRequest) -> Response[bytes] | Redirect:
    """Where the letter leads. Uses nothing up: mail scanners open links too."""
    token = request.query_params.get(QUERY, "")[:LONGEST_TOKEN]
    opaque = request.services.keyring.unsign(COMPLAINT_LINK, token)
    if opaque is None or _complaint(request, request.db, opaque) is None:
        return dead_link(request)
    cookies = [make_cookie(request.services, FOLLOWED, opaque)]
    return Redirect(request.services.urls("complaint.follow"), status_code=303, cookies=cookies)


def followed(request: PortalRequest, db: Session) -> Told | None:
    """The complaint that this browser follows; None without a cookie, or once its link has died."""
    return _complaint(request, db, request.followed_case)


def case_to_change(request: PortalRequest, sent: FormMultiDict, typed: str = "") -> int | Response[bytes]:
    """The id of the case that a form is about and this browser follows, or the page that says why there is none;
    `typed` is given back there."""
    with request.database.read() as db:
        told = followed(request, db)
    if told is None:
        return dead_link(request, typed)
    case_id = told.case.id or 0
    is_same = request.services.keyring.reveal(CASE, exact_value(sent, FIELD)) == case_id
    return case_id if is_same else _other_complaint(request, told.case, typed)


def dead_link(request: PortalRequest, typed: str = "") -> Response[bytes]:
    """The page for a link that does not work (any more)."""
    title, months = "Ce lien ne fonctionne plus", FOLLOWED_MONTHS
    return render_page(request, "public/complaint/dead.html", title, status=404, typed=typed, months=months)


def _other_complaint(request: PortalRequest, case: Case, typed: str) -> Response[bytes]:
    errors = [FieldError(UNSENT if typed else "", OTHER)]
    return render_page(
        request, "public/complaint/other.html", "Rien n’est envoyé", errors=errors, case=case, typed=typed
    )


def _complaint(request: PortalRequest, db: Session, opaque: str) -> Told | None:
    keyring = request.services.keyring
    case_id = keyring.reveal(CASE, opaque)
    return complaint_by_link(db, keyring, case_id, request.now) if case_id is not None else None
