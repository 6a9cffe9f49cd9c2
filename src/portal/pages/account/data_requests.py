"""Asking the desk about one's data, and following it: /compte/donnees/demander/…, /compte/donnees/demandes/… (R-70).

Whatever the portal serves by itself is on other pages (`data_rights`, `data_choices`, `data_export`).
"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.case_areas import STATE_LABELS
from portal.case_steps import told_steps
from portal.data.cases import Case, CaseMoved, CaseState, TooManyDrafts, WrongState
from portal.data.data_request_rows import DataField, Wanted
from portal.data.data_right_rules import BY_DESK, DataRight
from portal.data.data_rights import (
    KIND,
    AlreadyAsked,
    Asked,
    NothingNew,
    ProofMissing,
    ask,
    birth_date_of,
    fields_of,
    find_request,
    forget_request,
    held_value,
    is_own_request,
    send_request,
    withdraw_request,
)
from portal.data.evidence import Action
from portal.data.received_requests import Channel, reception_of
from portal.data.throttling import MESSAGES, allow
from portal.data_letters import CHANNEL_LABELS
from portal.data_right_notices import tell_received
from portal.data_right_words import (
    ALREADY,
    FIELD_LABELS,
    MOVED,
    NO_PROOF,
    NOTHING_NEW,
    REQUEST_HINTS,
    REQUEST_TITLES,
    RIGHT_LABELS,
    TOO_MANY_DRAFTS,
    TOO_OFTEN,
    value_words,
)
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values, version_of
from portal.pages.account.case_withdrawal import take_back
from portal.pages.account.data_request_forms import VALUE, read_request
from portal.pages.account.data_rights import data_crumbs
from portal.pages.account.pieces import CASE, FIELD, slot_views
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

ASKS: list[Guard] = [requires(Permission.DATA_RIGHTS)]
# Whoever asks proves again who they are: no copy of an identity card is asked for on top (GDPR 12(6)).
PROVES: list[Guard] = [*ASKS, recently_confirmed]
NEW = "/compte/donnees/demander/{right:str}"
ONE = "/compte/donnees/demandes/{case:str}"


@page(NEW, name="data.ask", guards=PROVES)
def ask_page(request: PortalRequest, right: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, _right(right), {"champ": "", VALUE: "", "texte": ""}, [])


@async_action(NEW, name="data.ask.submit", guards=PROVES)
async def submit(request: PortalRequest, right: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_ask, request, _right(right), await request.form())


@page(ONE, name="data.request", guards=ASKS)
def request_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    asked = _found(request, request.db, case)
    request.note_read(Action.CASE_READ, asked.case.object)
    return _page(request, request.db, asked)


@async_action(f"{ONE}/envoi", name="data.request.send", guards=ASKS)
async def send(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    version = version_of(single_values(await request.form(), ("version",), 12)["version"])
    return await request.database.run_writing(_send, request, case, version)


@action(f"{ONE}/retrait", name="data.request.withdraw", guards=ASKS)
def withdraw(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        take_back(request, request.revealed(CASE, case), (KIND,), forget_request, withdraw_request)
    except WrongState:
        return _again(request, case, FieldError("", MOVED))
    return Redirect(request.services.urls("data"), status_code=303)


def _ask(request: PortalRequest, right: DataRight, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        born, fields = birth_date_of(db, request.viewer), fields_of(request.viewer)
    raw, wanted, errors = read_request(sent, right, fields, born, day_in_france(request.now))
    if wanted is not None:
        case, problem = _asked(request, wanted)
        if case is not None:
            return _to_request(request, case)
        errors = [problem]
    with request.database.read() as db:
        return _form(request, db, right, raw, errors)


def _asked(request: PortalRequest, wanted: Wanted) -> tuple[Case | None, FieldError]:
    """The request, also when its form was sent twice; or None and why."""
    try:
        with request.database.write() as db:
            if not allow(db, [(MESSAGES, str(request.viewer.account_id))], request.now):
                return None, FieldError("", TOO_OFTEN)
            case = ask(db, request.viewer, request.services.keyring, wanted, request.now)
            request.record(db, Action.CASE_OPENED if case.is_draft else Action.CASE_SENT, case.object)
            tell_received(request.services, db, case)
            return case, FieldError("", "")
    except NothingNew:
        return None, FieldError(VALUE, NOTHING_NEW)
    except AlreadyAsked as already:
        return (None, FieldError("champ", ALREADY)) if wanted.field else (already.case, FieldError("", ""))
    except TooManyDrafts:
        return None, FieldError("", TOO_MANY_DRAFTS)


def _send(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    case_id, keyring = request.revealed(CASE, opaque), request.services.keyring
    try:
        with request.database.write() as db:
            is_first = _found(request, db, opaque).case.is_draft
            case = send_request(db, request.viewer, keyring, case_id, version, request.now)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_SENT, case.object)
            if is_first:
                tell_received(request.services, db, case)
    except (CaseMoved, WrongState):
        return _again(request, opaque, FieldError("", MOVED))
    except ProofMissing as lacking:
        return _again(request, opaque, FieldError(f"{FIELD}-{lacking.slot.code}", NO_PROOF))
    except AlreadyAsked:
        return _again(request, opaque, FieldError("", ALREADY))
    return _to_request(request, case)


def _again(request: PortalRequest, opaque: str, problem: FieldError) -> Response[bytes]:
    with request.database.read() as db:
        return _page(request, db, _found(request, db, opaque), problem)


def _page(request: PortalRequest, db: Session, asked: Asked, problem: FieldError | None = None) -> Response[bytes]:
    return render_page(
        request,
        "account/data/request.html",
        f"{RIGHT_LABELS[asked.right]}\u00a0: demande {asked.case.reference}",
        crumbs=data_crumbs(request),
        errors=[problem] if problem else [],
        asked=asked,
        label=FIELD_LABELS[asked.field] if asked.field else REQUEST_TITLES[asked.right],
        former=value_words(asked.field, asked.former),
        value=value_words(asked.field, asked.value),
        name=request.services.keyring.conceal(CASE, [asked.case.id or 0])[0],
        arrival=_arrival(db, asked),
        is_own=is_own_request(db, asked.case),
        state=STATE_LABELS[CaseState(asked.case.state)],
        slots=slot_views(request, db, asked.case),
        steps=told_steps(request, db, asked.case),
    )


def _arrival(db: Session, asked: Asked) -> str:
    """How a request came that was not made here; empty for one that was."""
    received = reception_of(db, asked.case)
    return CHANNEL_LABELS[Channel(received.channel)] if received else ""


def _form(
    request: PortalRequest, db: Session, right: DataRight, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    is_correction = right is DataRight.RECTIFICATION
    return render_page(
        request,
        "account/data/correct.html" if is_correction else "account/data/ask.html",
        REQUEST_TITLES[right],
        crumbs=data_crumbs(request),
        errors=errors,
        raw=raw,
        right=right.value,
        hint=REQUEST_HINTS.get(right, ""),
        fields=[(field.value, _choice(request, db, field)) for field in fields_of(request.viewer)],
        may={name: request.services.site.is_permitted(request.viewer, name) for name in LINKED},
    )


# Where what one corrects by oneself is.
LINKED = ("contact", "email.change", "member.bank", "member.beneficiaries", "provider.agreement", "correction.new")


def _choice(request: PortalRequest, db: Session, field: DataField) -> str:
    held = value_words(field, held_value(db, request.viewer, request.services.keyring, field))
    return f"{FIELD_LABELS[field]}\u00a0: {held}" if held else FIELD_LABELS[field]


def _right(name: str) -> DataRight:
    if name not in BY_DESK:
        raise NotFoundException
    return DataRight(name)


def _found(request: PortalRequest, db: Session, opaque: str) -> Asked:
    asked = find_request(db, request.viewer, request.services.keyring, request.revealed(CASE, opaque))
    if asked is None:
        raise NotFoundException
    return asked


def _to_request(request: PortalRequest, case: Case) -> Redirect:
    name = request.services.keyring.conceal(CASE, [case.id or 0])[0]
    return Redirect(request.services.urls("data.request", case=name), status_code=303)


HANDLERS = [ask_page, submit, request_page, send, withdraw]
