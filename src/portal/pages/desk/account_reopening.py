"""Opening a closed account again, and ending one of an account's sessions (R-63): each with what will happen, a fresh
proof of identity, a letter to the holder, and a line in the holder's activity."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data import desk_acts, reopenings
from portal.data.accounts import Account
from portal.data.activity import account_object
from portal.data.desk_acts import NotAllowed
from portal.data.evidence import Action
from portal.forms import FieldError, single_values
from portal.pages.desk.account_acts import ACTING, CLOSING, page_of_act, write_to
from portal.pages.desk.accounts import SESSION, actable
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.permissions import recently_confirmed
from portal.routing import async_action, page
from portal.web import PortalRequest

FIELDS = ("motif",)


@page("/gestion/comptes/{compte:str}/reouverture", name="desk.account.reopening", guards=[CLOSING, recently_confirmed])
def reopening_page(request: PortalRequest, compte: FromPath[str]) -> Response[bytes]:
    return _form(request, compte, {"motif": ""})


@async_action(
    "/gestion/comptes/{compte:str}/reouverture", name="desk.account.reopen", guards=[CLOSING, recently_confirmed]
)
async def reopen(request: PortalRequest, compte: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), FIELDS, longest=LONGEST + 1, texts=("motif",))
    if errors := reason_errors(sent["motif"]):
        return _form(request, compte, sent, errors)
    await request.database.run_writing(_reopen, request, compte, sent["motif"])
    return Redirect(request.services.urls("desk.account", compte=compte), status_code=303)


@page(
    "/gestion/comptes/{compte:str}/sessions/{session:str}",
    name="desk.account.session",
    guards=[ACTING, recently_confirmed],
)
def session_page(request: PortalRequest, compte: FromPath[str], session: FromPath[str]) -> Response[bytes]:
    request.revealed(SESSION, session)
    target = request.services.urls("desk.account.session.end", compte=compte, session=session)
    sheet, template = actable(request, compte), "desk/accounts/act.html"
    return page_of_act(request, compte, sheet, template, "Fermer cette session", acte="session", target=target)


@async_action(
    "/gestion/comptes/{compte:str}/sessions/{session:str}",
    name="desk.account.session.end",
    guards=[ACTING, recently_confirmed],
)
async def end_session(request: PortalRequest, compte: FromPath[str], session: FromPath[str]) -> Redirect:
    number = request.revealed(SESSION, session)
    await request.database.run_writing(_end_session, request, compte, number)
    return Redirect(request.services.urls("desk.account", compte=compte), status_code=303)


def _reopen(request: PortalRequest, compte: str, reason: str) -> None:
    with request.database.write() as db:
        account = target(request, db, compte)
        if reopenings.reopen(db, request.viewer, account, reason, request.now):
            write_to(request, db, account, "account-reopened", reason=reason)
            about = account_object(account.id or 0)
            request.record(db, Action.ACCOUNT_REOPENED, about, acting_for=account.person_id, told=reason)


def _end_session(request: PortalRequest, compte: str, number: int) -> None:
    with request.database.write() as db:
        account = target(request, db, compte)
        if desk_acts.end_one_session(db, account, number, request.now):
            write_to(request, db, account, "session-ended")
            about = account_object(account.id or 0)
            request.record(db, Action.SESSION_REVOKED, about, acting_for=account.person_id, sessions=1)


def target(request: PortalRequest, db: Session, compte: str) -> Account:
    """The account to act on, held until the transaction ends; 404 for the viewer's own, a relative's, and those
    out of reach."""
    try:
        return desk_acts.target(db, request.viewer, request.revealed("account", compte))
    except NotAllowed:
        raise NotFoundException from None


def _form(
    request: PortalRequest, compte: str, sent: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    sheet = actable(request, compte)
    if sheet.closing is None or not sheet.may_reopen:
        raise NotFoundException
    return page_of_act(request, compte, sheet, "desk/accounts/reopening.html", "Rouvrir ce compte", errors, sent=sent)
