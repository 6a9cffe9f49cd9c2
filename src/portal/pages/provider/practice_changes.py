"""Asking for another address, or another FINESS, and following it. /professionnel/convention/… (R-03, R-64).

The form makes a draft, whose page shows what is asked again, takes the evidence and sends it.
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
from portal.data.answer_delays import usual_delay
from portal.data.cases import Case, CaseKind, CaseMoved, CaseState, TooManyDrafts, WrongState
from portal.data.evidence import Action
from portal.data.organisations import provider_of
from portal.data.practice_addresses import address_on
from portal.data.practice_changes import (
    KINDS,
    AlreadyAsked,
    Asked,
    NoFiness,
    NothingNew,
    ProofMissing,
    Wanted,
    find_change,
    forget_change,
    is_finess,
    open_change,
    rewrite_change,
    send_change,
    start_change,
    withdraw_change,
)
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values, version_of
from portal.pages.account.case_withdrawal import take_back
from portal.pages.account.pieces import CASE, FIELD, slot_views
from portal.pages.provider.agreement import READS, agreement_crumbs
from portal.pages.provider.practice_forms import blank, filled_form, read_change
from portal.permissions import Permission, recently_confirmed, requires
from portal.practice_notices import tell_of_practice_change
from portal.practice_words import (
    ALREADY,
    KIND_LABELS,
    KIND_NAMES,
    MOVED,
    NO_FINESS,
    NO_PROOF,
    NOTHING_NEW,
    TOO_MANY_DRAFTS,
    asked_in_words,
    title_of,
)
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

CHANGES: list[Guard] = [requires(Permission.PRACTICE_CHANGE)]
# Writing what is asked needs a proof: our letters, and patients, would go where a thief says.
WRITES: list[Guard] = [*CHANGES, recently_confirmed]
NEW = "/professionnel/convention/demandes/{kind:str}"
ONE = "/professionnel/convention/demande/{case:str}"
KIND_OF = {name: kind for kind, name in KIND_NAMES.items()}
TEMPLATES = {
    CaseKind.PRACTICE_ADDRESS: "provider/agreement/address.html",
    CaseKind.PRACTICE_NUMBER: "provider/agreement/number.html",
}
FIRST_FIELD = {CaseKind.PRACTICE_ADDRESS: "adresse", CaseKind.PRACTICE_NUMBER: "finess"}


@page(NEW, name="provider.practice.ask", guards=WRITES)
def ask_page(request: PortalRequest, kind: FromPath[str]) -> Response[bytes]:
    wanted = _kind(kind)
    return _form(request, request.db, wanted, blank(wanted, day_in_france(request.now)), [])


@async_action(NEW, name="provider.practice.start", guards=WRITES)
async def start(request: PortalRequest, kind: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_start, request, _kind(kind), await request.form())


@page(ONE, name="provider.practice.change", guards=READS)
def change_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    asked = _found(request, request.db, case)
    request.note_read(Action.CASE_READ, asked.case.object)
    return _page(request, request.db, asked)


@page(f"{ONE}/modifier", name="provider.practice.edit", guards=WRITES)
def edit_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    asked = _found(request, request.db, case)
    return _form(request, request.db, asked.kind, filled_form(asked.kind, asked.row), [], asked.case)


@async_action(f"{ONE}/modifier", name="provider.practice.rewrite", guards=WRITES)
async def rewrite(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_rewrite, request, case, await request.form())


@async_action(f"{ONE}/envoi", name="provider.practice.send", guards=CHANGES)
async def send(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    number = version_of(single_values(await request.form(), ("version",), 12)["version"])
    return await request.database.run_writing(_send, request, case, number)


@action(f"{ONE}/retrait", name="provider.practice.withdraw", guards=CHANGES)
def withdraw(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        take_back(request, request.revealed(CASE, case), KINDS, forget_change, withdraw_change)
    except WrongState:
        return _again(request, case, MOVED)
    return Redirect(request.services.urls("provider.agreement"), status_code=303)


def _start(request: PortalRequest, kind: CaseKind, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw, wanted, errors = read_change(sent, kind, day_in_france(request.now))
    if wanted is not None:
        case, problem = _started(request, wanted)
        if case is not None:
            return _to_change(request, case)
        errors = [problem]
    with request.database.read() as db:
        return _form(request, db, kind, raw, errors)


def _started(request: PortalRequest, wanted: Wanted) -> tuple[Case | None, FieldError]:
    """The draft; or None and why."""
    try:
        with request.database.write() as db:
            case = start_change(db, request.viewer, wanted, request.now, day_in_france(request.now))
            request.record(db, Action.CASE_OPENED, case.object)
            return case, FieldError("", "")
    except NothingNew:
        return None, FieldError(FIRST_FIELD[wanted.kind], NOTHING_NEW)
    except AlreadyAsked:
        return None, FieldError("", ALREADY)
    except NoFiness:
        return None, FieldError("", NO_FINESS)
    except TooManyDrafts:
        return None, FieldError("", TOO_MANY_DRAFTS)


def _rewrite(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        asked = _found(request, db, opaque)
    raw, wanted, errors = read_change(sent, asked.kind, day_in_france(request.now))
    version = version_of(single_values(sent, ("version",), 12)["version"])
    if wanted is not None:
        try:
            return _rewritten(request, asked.case, version, wanted)
        except NothingNew:
            errors = [FieldError(FIRST_FIELD[wanted.kind], NOTHING_NEW)]
        except (CaseMoved, WrongState):
            return _again(request, opaque, MOVED)
    with request.database.read() as db:
        return _form(request, db, asked.kind, raw, errors, asked.case)


def _rewritten(request: PortalRequest, case: Case, version: int, wanted: Wanted) -> Redirect:
    today = day_in_france(request.now)
    with request.database.write() as db:
        changed = rewrite_change(db, request.viewer, case.id or 0, version, wanted, request.now, today)
        if changed is None:
            raise NotFoundException
        request.record(db, Action.CASE_CHANGED, changed.object)
    return _to_change(request, case)


def _send(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            asked = send_change(db, request.viewer, request.revealed(CASE, opaque), version, request.now)
            if asked is None:
                raise NotFoundException
            tell_of_practice_change(request.services, db, asked.case, asked.row, "practice-change-asked", request.now)
            request.record(db, Action.CASE_SENT, asked.case.object)
    except (CaseMoved, WrongState):
        return _again(request, opaque, MOVED)
    except ProofMissing as lacking:
        return _again(request, opaque, NO_PROOF, f"{FIELD}-{lacking.slot.code}")
    except AlreadyAsked:
        return _again(request, opaque, ALREADY)
    return _to_change(request, asked.case)


def _again(request: PortalRequest, opaque: str, problem: str, field: str = "") -> Response[bytes]:
    with request.database.read() as db:
        return _page(request, db, _found(request, db, opaque), FieldError(field, problem))


def _page(request: PortalRequest, db: Session, asked: Asked, problem: FieldError | None = None) -> Response[bytes]:
    is_permitted = request.services.site.is_permitted
    return render_page(
        request,
        "provider/agreement/change.html",
        title_of(asked),
        crumbs=agreement_crumbs(request),
        errors=[problem] if problem else [],
        asked=asked,
        what=asked_in_words(asked.row),
        label=KIND_LABELS[asked.kind],
        name=request.services.keyring.conceal(CASE, [asked.case.id or 0])[0],
        state=STATE_LABELS[CaseState(asked.case.state)],
        slots=slot_views(request, db, asked.case),
        steps=told_steps(request, db, asked.case),
        delay=usual_delay(db, asked.kind, request.viewer.space, request.now),
        may_change=is_permitted(request.viewer, "provider.practice.send"),
    )


def _form(
    request: PortalRequest,
    db: Session,
    kind: CaseKind,
    raw: dict[str, str],
    errors: list[FieldError],
    case: Case | None = None,
) -> Response[bytes]:
    practice = provider_of(db, request.viewer.provider_id or 0)
    other = open_change(db, request.viewer, kind) if case is None else None
    return render_page(
        request,
        TEMPLATES[kind],
        KIND_LABELS[kind],
        crumbs=agreement_crumbs(request),
        errors=errors,
        raw=raw,
        kind=KIND_NAMES[kind],
        practice=practice,
        has_finess=is_finess(practice.national_id),
        address=address_on(db, practice.id or 0, day_in_france(request.now)),
        other=other,
        case=case,
        name=request.services.keyring.conceal(CASE, [case.id or 0])[0] if case else "",
    )


def _kind(name: str) -> CaseKind:
    if name not in KIND_OF:
        raise NotFoundException
    return KIND_OF[name]


def _found(request: PortalRequest, db: Session, opaque: str) -> Asked:
    asked = find_change(db, request.viewer, request.revealed(CASE, opaque))
    if asked is None:
        raise NotFoundException
    return asked


def _to_change(request: PortalRequest, case: Case) -> Redirect:
    name = request.services.keyring.conceal(CASE, [case.id or 0])[0]
    return Redirect(request.services.urls("provider.practice.change", case=name), status_code=303)


HANDLERS = [ask_page, start, change_page, edit_page, rewrite, send, withdraw]
