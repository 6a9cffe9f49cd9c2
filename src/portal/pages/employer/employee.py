"""One employee: who, where the affiliation stands, what happened, what can be done; fields edited in place (R-30)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.beneficiary_words import masked_nir
from portal.data.affiliating import change_category, correct
from portal.data.departing import may_reinstate
from portal.data.departures import departure_of
from portal.data.employee_acts import Acting, Refused
from portal.data.employee_history import history_of, undoable
from portal.data.employee_listing import employee_row
from portal.data.employee_rows import State
from portal.data.employees import Employee, EmployeeMoved, EventKind, absences_of
from portal.data.evidence import Action
from portal.data.leavers import left_of
from portal.data.leaving_rules import LeavingReason
from portal.data.staff_categories import StaffCategory, staff_categories
from portal.employee_list_words import STRUCTURE_LABELS, state_words
from portal.employee_words import EVENT_LABELS, REASON_LABELS, REFUSALS, author_words, event_words
from portal.formatting import day_in_france
from portal.forms import FieldError, exact_value, single_values, version_of
from portal.pages.employer.employee_filters import CATEGORY
from portal.pages.employer.employee_forms import NO_CATEGORY, Reader
from portal.pages.employer.employees import CHANGES, READS, TITLE
from portal.pages.employer.exemptions import exemption_views
from portal.pages.employer.views import acting, found_employee, home_crumb, locked_employee, note_employee_read
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

EDITED = ("matricule", "email", "categorie")
EDIT_FIELDS = (*EDITED, "jour")
GONE = frozenset({State.GONE, State.PORTABLE})
Outcome = tuple[str, dict[str, str], list[FieldError]]


@page("/employeur/salaries/{employee:str}", name="employer.employee", guards=READS)
def employee_page(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    return show(request, request.db, employee, edited=edited_field(request))


@async_action("/employeur/salaries/{employee:str}", name="employer.employee.edit", guards=CHANGES)
async def edit(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    edited, raw, errors = await kept(request, employee)
    if not errors:
        return Redirect(request.services.urls("employer.employee", employee=employee), status_code=303)
    return await request.database.run(again, request, employee, edited, raw, errors)


# --- shared with the fragments and the acts ---


def edited_field(request: PortalRequest) -> str:
    """The field that the address asks to edit; empty for none, or for whoever may not."""
    asked = request.query_params.get("modifier", "")
    return asked if asked in EDITED and may_change(request) else ""


def may_change(request: PortalRequest) -> bool:
    """Whether the viewer may act on employees."""
    return request.services.site.is_permitted(request.viewer, "employer.employee.leave")


async def kept(request: PortalRequest, opaque: str) -> Outcome:
    """Reads the one field that was sent, and keeps it when it is right: the field, what was typed, what is wrong."""
    sent = await request.form()
    return await request.database.run_writing(_keep, request, opaque, sent)


def employee_crumbs(request: PortalRequest) -> list[Crumb]:
    """The steps above an employee's page."""
    return [home_crumb(request), Crumb(TITLE, request.services.urls("employer.employees"))]


def act_crumbs(request: PortalRequest, employee: Employee, opaque: str) -> list[Crumb]:
    """The steps above the page of an act on an employee."""
    return [
        *employee_crumbs(request),
        Crumb(employee.name, request.services.urls("employer.employee", employee=opaque)),
    ]


def show(
    request: PortalRequest,
    db: Session,
    opaque: str,
    *,
    edited: str = "",
    raw: Mapping[str, str] | None = None,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    """The employee's page, one of its fields in its form. Raises 404 for another company's employee."""
    context = employee_context(request, db, opaque, edited=edited, raw=raw, errors=errors)
    template, crumbs = "employer/employees/employee.html", employee_crumbs(request)
    return render_page(request, template, context["employee"].name, errors=errors or [], crumbs=crumbs, **context)


def again(
    request: PortalRequest, opaque: str, edited: str, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    """The same, after what was sent could not be kept."""
    with request.database.read() as db:
        return show(request, db, opaque, edited=edited, raw=raw, errors=errors)


def employee_context(
    request: PortalRequest,
    db: Session,
    opaque: str,
    *,
    edited: str = "",
    raw: Mapping[str, str] | None = None,
    errors: list[FieldError] | None = None,
) -> dict[str, Any]:
    """What the employee's page and its fragment show; reading it is evidence."""
    employee, day = found_employee(request, db, opaque), day_in_france(request.now)
    row = employee_row(db, request.viewer, employee.id or 0, day)
    note_employee_read(request, employee)
    departure, last = departure_of(db, employee), undoable(db, employee, request.now)
    categories = category_names(request, db)
    current = next((name for name, each in categories.items() if row and each.id == row.category_id), "")
    stored = {"matricule": employee.matricule or "", "email": employee.email, "categorie": current}
    state = State(row.state) if row else None
    return {
        "employee": employee,
        "opaque": opaque,
        "row": row,
        "state": state_words(row) if row else None,
        "structure": STRUCTURE_LABELS[row.structure] if row and row.structure else "",
        "nir": masked_nir(request.services.keyring.decrypt(employee.nir_encrypted)) if employee.nir_encrypted else "",
        "departure": departure,
        "reason": REASON_LABELS[LeavingReason(departure.reason)] if departure else "",
        "absence": next((each for each in absences_of(db, employee) if (each.ends_on or date.max) > day), None),
        "history": [
            (told, EVENT_LABELS[EventKind(told.event.kind)], event_words(told.event), author_words(told))
            for told in history_of(db, request.viewer, employee)
        ],
        "last": (last, EVENT_LABELS[EventKind(last.kind)], event_name(request, last.id or 0)) if last else None,
        "may_change": may_change(request),
        "exemptions": exemption_views(request, db, employee.id or 0),
        "may_exempt": request.services.site.is_permitted(request.viewer, "employer.exemption.accept"),
        "is_there": state is not None and state not in GONE,
        "may_reinstate": may_reinstate(db, employee),
        "has_left": left_of(db, employee) is not None,
        "edited": edited,
        "raw": stored | {"jour": day.isoformat()} | dict(raw or {}),
        "problems": {error.field: error.message for error in errors or []},
        "categories": [(name, each.label) for name, each in categories.items()],
    }


def event_name(request: PortalRequest, event_id: int) -> str:
    """The opaque name of an event."""
    return request.services.keyring.conceal("employee-event", [event_id])[0]


def last_change(request: PortalRequest, db: Session, employee: Employee) -> str:
    """The last thing that happened to an employee, and who did it: what a colleague did while a form was open."""
    told = next(iter(history_of(db, request.viewer, employee)), None)
    if told is None:
        return ""
    label = EVENT_LABELS[EventKind(told.event.kind)]
    if told.event.undone_at is not None:
        return f"{label}\u00a0: opération annulée."
    return f"{label}, par {author_words(told)}. {event_words(told.event)}"


def _keep(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Outcome:
    edited = exact_value(sent, "champ")
    raw = single_values(sent, EDIT_FIELDS)
    raw = {name: value for name, value in raw.items() if name in {edited, "jour"}}
    if edited not in EDITED:
        return "", {}, [FieldError("", "Ce champ ne se modifie pas ici.")]
    try:
        with request.database.write() as db:
            errors = _kept(request, db, opaque, edited, Reader(raw, day_in_france(request.now)), _version(sent))
    except Refused as refused:
        errors = [FieldError(edited if refused.field != "jour" else "jour", REFUSALS[refused.code])]
    except EmployeeMoved as moved:
        with request.database.read() as db:
            errors = [FieldError(edited, f"{REFUSALS['moved']} {last_change(request, db, moved.employee)}".strip())]
    return edited, raw, errors


def _version(sent: FormMultiDict) -> int:
    return version_of(exact_value(sent, "version"))


def _kept(
    request: PortalRequest, db: Session, opaque: str, edited: str, reader: Reader, version: int
) -> list[FieldError]:
    employee = locked_employee(request, db, opaque, version)
    doing = acting(request, db)
    if edited == "categorie":
        return _category_kept(request, db, doing, employee, reader)
    value = reader.matricule() if edited == "matricule" else reader.email()
    if not reader.errors and correct(db, doing, employee, **{edited: value}) is not None:
        request.record(db, Action.EMPLOYEE_CHANGED, f"salarie:{employee.id}", fields=[edited])
    return reader.errors


def _category_kept(
    request: PortalRequest, db: Session, doing: Acting, employee: Employee, reader: Reader
) -> list[FieldError]:
    category = reader.choice("categorie", category_names(request, db), NO_CATEGORY)
    day = reader.day("jour")
    if category is None or day is None:
        return reader.errors
    change_category(db, doing, employee, category, day)
    request.record(db, Action.EMPLOYEE_CHANGED, f"salarie:{employee.id}", fields=["category"])
    return []


def category_names(request: PortalRequest, db: Session) -> dict[str, StaffCategory]:
    """The company's categories by their opaque names."""
    found = staff_categories(db, request.viewer)
    names = request.services.keyring.conceal(CATEGORY, (each.id or 0 for each in found))
    return dict(zip(names, found, strict=True))


HANDLERS = [employee_page, edit]
