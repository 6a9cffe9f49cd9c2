"""One change for several employees: their category, from a day on. /employeur/salaries/groupe (R-30).

The choice made in the list comes by opaque names; the day and the category are checked for each employee and shown
before anything is written; then all change, or none.
"""

from collections.abc import Iterable
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.affiliating import change_category, check_category_change
from portal.data.employee_acts import Acting, Refused
from portal.data.employee_listing import employee_rows
from portal.data.employee_rows import Row
from portal.data.employees import EmployeeMoved, find_employee, lock_employee
from portal.data.evidence import Action
from portal.data.staff_categories import StaffCategory
from portal.employee_words import REFUSALS
from portal.formatting import day_in_france, long_date, plural
from portal.forms import FieldError, single_values, typed_day, version_of
from portal.pages.employer.employee import category_names, employee_crumbs
from portal.pages.employer.employee_forms import NO_CATEGORY, Reader
from portal.pages.employer.employees import CHANGES
from portal.pages.employer.views import EMPLOYEE, acting, employee_names
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Changer la catégorie de plusieurs salariés"
FIELDS = ("categorie", "jour", "etape")
MOST = 200
NOBODY = "Cochez au moins un salarié dans la liste."
TOO_MANY = f"Choisissez {MOST} salariés au plus à la fois. Au-delà, envoyez un fichier."
SOME_REFUSED = "Ce changement n’est pas possible pour tous. Corrigez-le, ou retirez les salariés signalés."


@page("/employeur/salaries/groupe", name="employer.employees.group", guards=CHANGES)
def group_page(request: PortalRequest) -> Response[bytes]:
    ids, errors = _chosen(request, request.query_params.getall("salarie", []))
    raw = {"categorie": "", "jour": day_in_france(request.now).isoformat()}
    return _form(request, request.db, ids, raw, errors)


@async_action("/employeur/salaries/groupe", name="employer.employees.group.submit", guards=CHANGES)
async def change(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_change, request, sent)


def _chosen(request: PortalRequest, names: Iterable[object]) -> tuple[dict[int, int | None], list[FieldError]]:
    """The employees named, each with the version that the person saw (None in a choice made in the list)."""
    found: dict[int, int | None] = {}
    for given in [str(name) for name in names][: MOST + 1]:
        name, _, version = given.partition(".")
        found[request.revealed(EMPLOYEE, name)] = version_of(version) if version else None
    message = NOBODY if not found else TOO_MANY if len(found) > MOST else ""
    return found, [FieldError("salarie", message)] if message else []


def _change(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    ids, errors = _chosen(request, sent.getall("salarie", []))
    reader = Reader(single_values(sent, FIELDS), day_in_france(request.now), errors)
    with request.database.read() as db:
        category = reader.choice("categorie", category_names(request, db), NO_CATEGORY)
        day = reader.day("jour")
        if reader.errors or day is None:
            return _form(request, db, ids, reader.raw, reader.errors)
        doing = acting(request, db)
        refused = {number: why for number in ids if (why := _judged(db, doing, number, category, day))}
        if refused or reader.raw["etape"] != "confirmer":
            wrong = [FieldError("salarie", SOME_REFUSED)] if refused else []
            return _form(request, db, ids, reader.raw, wrong, refused=refused, is_checked=not refused)
    return _kept(request, ids, reader, category, day)


def _kept(
    request: PortalRequest, ids: dict[int, int | None], reader: Reader, category: StaffCategory, day: Any
) -> Response[bytes] | Redirect:
    """All of them, or none: what a colleague changed meanwhile is told of the employee concerned."""
    refused: dict[int, str] = {}
    try:
        with request.database.write() as db:
            doing = acting(request, db)
            for number in sorted(ids):
                refused = {number: REFUSALS["moved"]}
                employee = lock_employee(db, request.viewer, number, ids[number])
                if employee is not None:
                    change_category(db, doing, employee, category, day)
                    request.record(db, Action.EMPLOYEE_CHANGED, f"salarie:{number}", fields=["category"])
    except (EmployeeMoved, Refused) as error:
        if isinstance(error, Refused):
            refused = dict.fromkeys(refused, REFUSALS[error.code])
        with request.database.read() as db:
            return _form(request, db, ids, reader.raw, [FieldError("salarie", SOME_REFUSED)], refused=refused)
    return Redirect(request.services.urls("employer.employees", {"faits": str(len(ids))}), status_code=303)


def _judged(db: Session, doing: Acting, number: int, category: StaffCategory, day: Any) -> str:
    """Why an employee cannot change, in words; empty when nothing is in the way."""
    employee = find_employee(db, doing.viewer, number)
    if employee is None:
        return "Ce salarié n’est pas dans votre liste."
    try:
        check_category_change(db, doing, employee, category, day)
    except Refused as refused:
        return REFUSALS[refused.code]
    return ""


def _form(
    request: PortalRequest,
    db: Session,
    ids: dict[int, int | None],
    raw: dict[str, str],
    errors: list[FieldError],
    *,
    refused: dict[int, str] | None = None,
    is_checked: bool = False,
) -> Response[bytes]:
    rows: list[Row] = employee_rows(db, request.viewer, list(ids)[:MOST], day_in_france(request.now))
    opaque = employee_names(request, (row.id for row in rows))
    persons = sorted({row.person_id for row in rows if row.person_id})
    request.note_read(Action.EMPLOYEES_READ, "groupe", employees=len(rows), persons=persons)
    labels = {name: each.label for name, each in category_names(request, db).items()}
    return render_page(
        request,
        "employer/employees/group.html",
        TITLE,
        errors=errors,
        crumbs=employee_crumbs(request),
        raw=raw,
        rows=[(row, name, (refused or {}).get(row.id, "")) for row, name in zip(rows, opaque, strict=True)],
        categories=labels.items(),
        chosen=labels.get(raw["categorie"], ""),
        is_checked=is_checked,
        headcount=plural(len(rows), "salarié"),
        day_words=long_date(found) if (found := typed_day(raw["jour"])) else "",
    )


HANDLERS = [group_page, change]
