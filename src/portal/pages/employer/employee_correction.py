"""Correcting what was declared of an employee: /employeur/salaries/…/correction. The NIR is given once (R-30)."""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.employee_acts import Refused
from portal.data.employee_entry import correct_entry
from portal.data.employees import Employee, EmployeeMoved
from portal.data.evidence import Action
from portal.employee_words import REFUSALS
from portal.formatting import day_in_france
from portal.forms import FieldError, exact_value, version_of
from portal.pages.employer.employee import act_crumbs, last_change
from portal.pages.employer.employee_forms import CORRECTION_FIELDS, Reader
from portal.pages.employer.employees import CHANGES
from portal.pages.employer.views import acting, found_employee, locked_employee, note_employee_read
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

UNCHANGED = "Rien n’a changé\u00a0: modifiez au moins une information."


@page("/employeur/salaries/{employee:str}/correction", name="employer.employee.correction", guards=CHANGES)
def correction_page(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    found = found_employee(request, request.db, employee)
    return _form(request, request.db, employee, _stored(found), found.version)


@async_action("/employeur/salaries/{employee:str}/correction", name="employer.employee.correct", guards=CHANGES)
async def correct(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_correct, request, employee, sent)


def _correct(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, CORRECTION_FIELDS, day_in_france(request.now))
    version = version_of(exact_value(sent, "version"))
    values, nir = _read(reader)
    errors = reader.errors or _kept(request, opaque, version, values, nir)
    if not errors:
        return Redirect(request.services.urls("employer.employee", employee=opaque), status_code=303)
    with request.database.read() as db:
        return _form(request, db, opaque, reader.raw, version, errors)


def _read(reader: Reader) -> tuple[dict[str, Any], str]:
    birth = None
    values: dict[str, Any] = {"last_name": reader.name("nom"), "usage_name": reader.name("usage", is_needed=False)}
    values["first_name"] = reader.name("prenom")
    values["birth_date"] = birth = reader.birth("naissance")
    nir = reader.nir(birth)
    values |= {"matricule": reader.matricule(), "email": reader.email(), "hired_on": reader.day("embauche")}
    return values, nir


def _kept(request: PortalRequest, opaque: str, version: int, values: dict[str, Any], nir: str) -> list[FieldError]:
    try:
        with request.database.write() as db:
            employee = locked_employee(request, db, opaque, version)
            if correct_entry(db, acting(request, db), employee, nir, **values) is None:
                return [FieldError("prenom", UNCHANGED)]
            request.record(db, Action.EMPLOYEE_CHANGED, f"salarie:{employee.id}", fields=["identity"])
    except Refused as refused:
        return [FieldError(refused.field, REFUSALS[refused.code])]
    except EmployeeMoved:
        return [FieldError("prenom", REFUSALS["moved"])]
    return []


def _stored(employee: Employee) -> dict[str, str]:
    return {
        "nom": employee.last_name,
        "usage": employee.usage_name,
        "prenom": employee.first_name,
        "naissance": employee.birth_date.isoformat(),
        "nir": "",
        "matricule": employee.matricule or "",
        "email": employee.email,
        "embauche": employee.hired_on.isoformat(),
    }


def _form(
    request: PortalRequest,
    db: Session,
    opaque: str,
    raw: dict[str, str],
    version: int,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    employee = found_employee(request, db, opaque)
    note_employee_read(request, employee)
    return render_page(
        request,
        "employer/employees/correction.html",
        "Corriger la fiche",
        errors=errors or [],
        crumbs=act_crumbs(request, employee, opaque),
        employee=employee,
        opaque=opaque,
        raw=raw,
        version=employee.version,
        meanwhile=last_change(request, db, employee) if version != employee.version else "",
    )


HANDLERS = [correction_page, correct]
