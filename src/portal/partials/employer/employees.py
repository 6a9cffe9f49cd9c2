"""Fragments of the list of employees, and of one employee edited in place."""

from litestar import Response
from litestar.params import FromPath
from sqlmodel import Session

from portal.forms import FieldError
from portal.pages.employer.employee import edited_field, employee_context, kept
from portal.pages.employer.employee_filters import Query
from portal.pages.employer.employees import (
    CHANGES,
    READS,
    TITLE,
    asked_query,
    list_context,
    rows_context,
    sent_query,
)
from portal.rendering import render_fragment
from portal.routing import async_action, fragment
from portal.web import PortalRequest

# The element around the form too: what a wrong filter changes, and what its correction changes back.
WHOLE = "salaries"


@async_action("/fragments/employeur/salaries", name="employer.employees.results", guards=READS)
async def results(request: PortalRequest) -> Response[bytes]:
    sent = await request.form()
    return await request.database.run(_results, request, sent)


@fragment("/fragments/employeur/salaries/suite", name="employer.employees.more", guards=READS)
def more(request: PortalRequest) -> Response[bytes]:
    context = rows_context(request, request.db, asked_query(request))
    return render_fragment(request, "employer/employees/rows.html", **context)


@fragment("/fragments/employeur/salaries/{employee:str}", name="employer.employee.fragment", guards=READS)
def employee(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    edited = edited_field(request)
    context = employee_context(request, request.db, employee, edited=edited)
    return _sheet(request, employee, edited, context)


@async_action("/fragments/employeur/salaries/{employee:str}", name="employer.employee.edit.fragment", guards=CHANGES)
async def edit(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    edited, raw, errors = await kept(request, employee)
    return await request.database.run(_edited, request, employee, edited if errors else "", raw, errors)


def _edited(
    request: PortalRequest, opaque: str, edited: str, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    with request.database.read() as db:
        given = raw if errors else None
        context = employee_context(request, db, opaque, edited=edited, raw=given, errors=errors)
        return _sheet(request, opaque, edited, context, status=422 if errors else 200)


def _sheet(
    request: PortalRequest, opaque: str, edited: str, context: dict[str, object], status: int = 200
) -> Response[bytes]:
    query = {"modifier": edited} if edited else None
    page_url = request.services.urls("employer.employee", query, employee=opaque) if status == 200 else None
    template = "employer/employees/sheet.html"
    return render_fragment(request, template, page_url=page_url, status=status, **context)


def _results(request: PortalRequest, sent: object) -> Response[bytes]:
    with request.database.read() as db:
        return _answer(request, db, sent_query(request, db, sent))


def _answer(request: PortalRequest, db: Session, query: Query) -> Response[bytes]:
    context = list_context(request, db, query)
    page_url = request.services.urls("employer.employees", query.parameters)
    if not query.errors and request.htmx.target != WHOLE:
        return render_fragment(request, "employer/employees/results.html", page_url=page_url, **context)
    status = 422 if query.errors else 200
    url = None if query.errors else page_url
    template = "employer/employees/corrected.html"
    answer = render_fragment(request, template, page_url=url, status=status, title=TITLE, **context)
    answer.headers["HX-Retarget"] = f"#{WHOLE}"
    return answer


HANDLERS = [results, more, employee, edit]
