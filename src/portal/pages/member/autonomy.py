"""A minor of sixteen or seventeen asks for lines of their own. /adherent/autonomie (issue: dependants; domain 3.6)."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_areas import STATE_LABELS
from portal.case_notices import tell_of_autonomy
from portal.case_steps import told_steps
from portal.data.answer_delays import usual_delay
from portal.data.autonomy import (
    KIND,
    NoOwnAddress,
    NotReady,
    end_autonomy,
    forget_request,
    give_up_request,
    own_autonomy,
    send_request,
    start_request,
)
from portal.data.cases import Case, CaseMoved, CaseState, TooManyDrafts, WrongState, find_case
from portal.data.evidence import Action
from portal.data.own_account import own_account
from portal.formatting import today
from portal.forms import FieldError, single_values, version_of
from portal.pages.account.case_withdrawal import take_back
from portal.pages.account.pieces import CASE, slot_views
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLE = "Vos soins, à vous seul"
READS = [requires(Permission.AUTONOMY_READ)]
ASKS = [requires(Permission.AUTONOMY_ASK)]
NO_ADDRESS = (
    "Vos e-mails vont à l’adhérent, ou à personne. Donnez d’abord une adresse à vous seul, "
    "depuis «\u00a0Votre compte\u00a0»."
)
NO_PIECE = "Joignez votre pièce d’identité avant d’envoyer."
MOVED = "Cette demande a changé depuis que vous l’avez ouverte. La voici à jour."


@page("/adherent/autonomie", name="member.autonomy", guards=READS)
def autonomy_page(request: PortalRequest) -> Response[bytes]:
    own = own_autonomy(request.db, request.viewer, today())
    if own is None:
        raise NotFoundException
    request.note_read(Action.CASE_READ, KIND)
    names = request.services.keyring.conceal(CASE, (case.id or 0 for case in own.cases))
    labels = [STATE_LABELS[CaseState(case.state)] for case in own.cases]
    return render_page(
        request,
        "member/autonomy/index.html",
        TITLE,
        crumbs=[_home(request)],
        own=own,
        may_ask=own.may_ask and request.services.site.is_permitted(request.viewer, "member.autonomy.start"),
        cases=list(zip(own.cases, names, labels, strict=True)),
        delay=usual_delay(request.db, KIND, request.viewer.space, request.now),
    )


@action("/adherent/autonomie/demande", name="member.autonomy.start", guards=ASKS)
def start(request: PortalRequest) -> Redirect:
    try:
        with request.database.write() as db:
            case = start_request(db, request.viewer, request.now)
            if case is not None:
                request.record(db, Action.CASE_OPENED, case.object)
    except TooManyDrafts:
        case = None
    return _to_request(request, case.id or 0) if case else Redirect(_index(request), status_code=303)


@action("/adherent/autonomie/fin", name="member.autonomy.end", guards=ASKS)
def end(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        if end_autonomy(db, request.viewer, request.now):
            email = own_account(db, request.viewer).email
            tell_of_autonomy(request.services, db, request.viewer.account_id, email, is_autonomous=False)
            request.record(db, Action.AUTONOMY_ENDED, "autonomie")
    return Redirect(_index(request), status_code=303)


@page("/adherent/autonomie/{case:str}", name="member.autonomy.request", guards=READS)
def request_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    found = _found(request, request.db, case)
    request.note_read(Action.CASE_READ, found.object)
    return _page(request, request.db, found)


@async_action("/adherent/autonomie/{case:str}/envoi", name="member.autonomy.send", guards=ASKS)
async def send(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    number = version_of(single_values(await request.form(), ("version",), 12)["version"])
    return await request.database.run_writing(_send, request, case, number)


@action("/adherent/autonomie/{case:str}/abandon", name="member.autonomy.give-up", guards=ASKS)
def give_up(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        take_back(request, request.revealed(CASE, case), (KIND,), forget_request, give_up_request)
    except WrongState:
        return _again(request, case, MOVED)
    return Redirect(_index(request), status_code=303)


def _send(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            case = send_request(db, request.viewer, request.revealed(CASE, opaque), version, request.now)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_SENT, case.object)
    except (CaseMoved, WrongState):
        return _again(request, opaque, MOVED)
    except NotReady:
        return _again(request, opaque, NO_PIECE)
    except NoOwnAddress:
        return _again(request, opaque, NO_ADDRESS)
    return _to_request(request, case.id or 0)


def _again(request: PortalRequest, opaque: str, problem: str) -> Response[bytes]:
    with request.database.read() as db:
        return _page(request, db, _found(request, db, opaque), problem)


def _page(request: PortalRequest, db: Session, case: Case, problem: str = "") -> Response[bytes]:
    return render_page(
        request,
        "member/autonomy/request.html",
        f"Demande d’autonomie {case.reference}",
        crumbs=[_home(request), Crumb(TITLE, _index(request))],
        errors=[FieldError("", problem)] if problem else [],
        case=case,
        name=request.services.keyring.conceal(CASE, [case.id or 0])[0],
        state=STATE_LABELS[CaseState(case.state)],
        slots=slot_views(request, db, case),
        steps=told_steps(request, db, case),
        delay=usual_delay(db, KIND, request.viewer.space, request.now),
    )


def _found(request: PortalRequest, db: Session, opaque: str) -> Case:
    case = find_case(db, request.viewer, request.revealed(CASE, opaque), KIND)
    if case is None:
        raise NotFoundException
    return case


def _to_request(request: PortalRequest, case_id: int) -> Redirect:
    name = request.services.keyring.conceal(CASE, [case_id])[0]
    return Redirect(request.services.urls("member.autonomy.request", case=name), status_code=303)


def _index(request: PortalRequest) -> str:
    return request.services.urls("member.autonomy")


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("member.home"))


HANDLERS = [autonomy_page, start, end, request_page, send, give_up]
