"""What an employer does about one employee: leave, unpaid leave and return, reinstatement, the last act taken back."""

from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.departing import end_leave, grant_leave, let_go, reinstate
from portal.data.employee_acts import Acting, Refused
from portal.data.employee_history import undo_last
from portal.data.employees import Employee, EmployeeMoved
from portal.data.evidence import Action
from portal.data.leaving_rules import LeavingReason
from portal.data.reversal import ChangedSince
from portal.employee_words import REASON_LABELS, REFUSALS
from portal.formatting import day_in_france
from portal.forms import FieldError, exact_value, version_of
from portal.pages.employer.employee import act_crumbs, again, last_change
from portal.pages.employer.employee_forms import Reader
from portal.pages.employer.employee_leaving import Leaving, consequences
from portal.pages.employer.employees import CHANGES
from portal.pages.employer.views import acting, found_employee, locked_employee, note_employee_read
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

Act = Callable[[Session, Acting, Employee], object]

LEAVE_FIELDS = ("jour", "motif", "etape")
ABSENCE_FIELDS = ("debut", "fin", "couverture")
NO_REASON = "Choisissez un motif dans la liste."
NO_COVER = "Dites si la couverture continue pendant le congé."
ENDS_FIRST = "Le dernier jour précède le premier. Vérifiez les deux dates."
# The fields of each form; what is wrong with no field of it is told at the first one.
OWN = {"leave": LEAVE_FIELDS[:2], "absence": ABSENCE_FIELDS, "return": ("jour",)}
COVERS = {"maintenue": True, "suspendue": False}


# --- leaving ---


@page("/employeur/salaries/{employee:str}/sortie", name="employer.employee.leave", guards=CHANGES)
def leave_page(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    raw = {"jour": day_in_france(request.now).isoformat(), "motif": ""}
    return _leaving(request, request.db, employee, raw, found_employee(request, request.db, employee).version)


@async_action("/employeur/salaries/{employee:str}/sortie", name="employer.employee.leave.submit", guards=CHANGES)
async def leave(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_leave, request, employee, sent)


def _leave(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, LEAVE_FIELDS, day_in_france(request.now))
    version = version_of(exact_value(sent, "version"))
    day, reason = reader.day("jour"), reader.choice("motif", {each.value: each for each in LeavingReason}, NO_REASON)
    errors = reader.errors
    if day is not None and reason is not None:
        if reader.raw["etape"] != "confirmer":
            return _previewed(request, opaque, reader.raw, version, Leaving(day, reason))
        errors = _done(
            request, opaque, version, Action.EMPLOYEE_LEFT, lambda db, by, who: let_go(db, by, who, day, reason)
        )
    if not errors:
        return _to_employee(request, opaque)
    with request.database.read() as db:
        return _leaving(request, db, opaque, reader.raw, version, errors=errors)


def _previewed(
    request: PortalRequest, opaque: str, raw: dict[str, str], version: int, leaving: Leaving
) -> Response[bytes]:
    """The same form, with what follows from it: confirming is a second press."""
    with request.database.read() as db:
        employee = found_employee(request, db, opaque)
        try:
            shown = consequences(db, acting(request, db), employee, leaving)
        except Refused as refused:
            return _leaving(request, db, opaque, raw, version, errors=[_error(refused)])
        return _leaving(request, db, opaque, raw, version, shown=shown)


def _leaving(
    request: PortalRequest,
    db: Session,
    opaque: str,
    raw: dict[str, str],
    version: int,
    *,
    errors: list[FieldError] | None = None,
    shown: dict[str, Any] | None = None,
) -> Response[bytes]:
    reasons = [(reason.value, label) for reason, label in REASON_LABELS.items()]
    options = {"raw": raw, "reasons": reasons, "shown": shown}
    return _form(request, db, opaque, ("leave", "Déclarer une sortie"), version, errors, **options)


# --- unpaid leave ---


@page("/employeur/salaries/{employee:str}/conge", name="employer.employee.absence", guards=CHANGES)
def absence_page(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    version = found_employee(request, request.db, employee).version
    raw = dict.fromkeys(ABSENCE_FIELDS, "")
    return _form(request, request.db, employee, ("absence", "Déclarer un congé sans solde"), version, raw=raw)


@async_action("/employeur/salaries/{employee:str}/conge", name="employer.employee.absence.submit", guards=CHANGES)
async def absence(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_absence, request, employee, sent)


def _absence(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, ABSENCE_FIELDS, day_in_france(request.now))
    version = version_of(exact_value(sent, "version"))
    first, last = reader.day("debut"), reader.day("fin", is_needed=False)
    if first and last and last < first:
        reader.wrong("fin", ENDS_FIRST)
    keeps = reader.choice("couverture", COVERS, NO_COVER)
    errors = reader.errors
    if not errors and first is not None:
        errors = _done(
            request,
            opaque,
            version,
            Action.EMPLOYEE_CHANGED,
            lambda db, by, who: grant_leave(db, by, who, first, last, keeps_cover=keeps),
        )
    if not errors:
        return _to_employee(request, opaque)
    with request.database.read() as db:
        form = ("absence", "Déclarer un congé sans solde")
        return _form(request, db, opaque, form, version, errors, raw=reader.raw)


@page("/employeur/salaries/{employee:str}/retour", name="employer.employee.return", guards=CHANGES)
def return_page(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    version = found_employee(request, request.db, employee).version
    raw = {"jour": day_in_france(request.now).isoformat()}
    return _form(request, request.db, employee, ("return", "Déclarer un retour de congé"), version, raw=raw)


@async_action("/employeur/salaries/{employee:str}/retour", name="employer.employee.return.submit", guards=CHANGES)
async def come_back(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_return, request, employee, sent)


def _return(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, ("jour",), day_in_france(request.now))
    version, day = version_of(exact_value(sent, "version")), reader.day("jour")
    errors = reader.errors
    if day is not None:
        errors = _done(
            request, opaque, version, Action.EMPLOYEE_CHANGED, lambda db, by, who: end_leave(db, by, who, day)
        )
    if not errors:
        return _to_employee(request, opaque)
    with request.database.read() as db:
        form = ("return", "Déclarer un retour de congé")
        return _form(request, db, opaque, form, version, errors, raw=reader.raw)


# --- one press ---


@async_action("/employeur/salaries/{employee:str}/reintegration", name="employer.employee.reinstate", guards=CHANGES)
async def come_again(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    version = version_of(exact_value(sent, "version"))
    return await request.database.run_writing(
        _pressed, request, employee, version, Action.EMPLOYEE_REINSTATED, reinstate
    )


@async_action("/employeur/salaries/{employee:str}/annulation", name="employer.employee.undo", guards=CHANGES)
async def undo(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    event_id = request.services.keyring.reveal("employee-event", exact_value(sent, "operation")) or 0
    return await request.database.run_writing(
        _pressed,
        request,
        employee,
        None,
        Action.EMPLOYEE_ACT_UNDONE,
        lambda db, by, who: undo_last(db, by, who, event_id),
    )


def _pressed(
    request: PortalRequest, opaque: str, version: int | None, done: Action, act: Act
) -> Response[bytes] | Redirect:
    errors = _done(request, opaque, version, done, act)
    if not errors:
        return _to_employee(request, opaque)
    return again(request, opaque, "", {}, [FieldError("ensuite", error.message) for error in errors])


# --- shared ---


def _done(request: PortalRequest, opaque: str, version: int | None, done: Action, act: Act) -> list[FieldError]:
    """Does an act and records it, or says why it cannot be done, with nothing written."""
    try:
        with request.database.write() as db:
            employee = locked_employee(request, db, opaque, version)
            act(db, acting(request, db), employee)
            request.record(db, done, f"salarie:{employee.id}")
    except Refused as refused:
        return [_error(refused)]
    except ChangedSince:
        return [FieldError("", REFUSALS["changed-since"])]
    except EmployeeMoved:
        return [FieldError("", REFUSALS["moved"])]
    return []


def _error(refused: Refused) -> FieldError:
    return FieldError(refused.field, REFUSALS[refused.code])


def _to_employee(request: PortalRequest, opaque: str) -> Redirect:
    return Redirect(request.services.urls("employer.employee", employee=opaque), status_code=303)


def _form(
    request: PortalRequest,
    db: Session,
    opaque: str,
    form: tuple[str, str],
    version: int,
    errors: list[FieldError] | None = None,
    **context: Any,
) -> Response[bytes]:
    """The page of an act. What somebody else changed meanwhile is told, and the form goes on from there."""
    employee = found_employee(request, db, opaque)
    note_employee_read(request, employee)
    template, title = form
    own = OWN[template]
    errors = [FieldError(error.field if error.field in own else own[0], error.message) for error in errors or []]
    given: dict[str, Any] = {"employee": employee, "opaque": opaque, "version": employee.version}
    given["meanwhile"] = last_change(request, db, employee) if version != employee.version else ""
    crumbs = act_crumbs(request, employee, opaque)
    return render_page(
        request, f"employer/employees/{template}.html", title, errors=errors, crumbs=crumbs, **given, **context
    )


HANDLERS = [
    leave_page,
    leave,
    absence_page,
    absence,
    return_page,
    come_back,
    come_again,
    undo,
]
