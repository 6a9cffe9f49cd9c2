"""The list of a company's employees: /employeur/salaries (R-30). Its files hold exactly what its filters show."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO, Any

from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.employee_listing import count_employees, employee_page, export_employees
from portal.data.employee_rows import Row, Sort, State
from portal.data.evidence import Action
from portal.data.staff_categories import staff_categories
from portal.downloads import FileDownload
from portal.employee_list_words import EMPLOYEE_COLUMNS, SORT_LABELS, STATE_LABELS, STRUCTURE_LABELS, state_words
from portal.formatting import day_in_france, today
from portal.headers import DOCUMENT_POLICY
from portal.pages.employer.employee_filters import CATEGORY, SEARCH, Query, read_query, typed_query
from portal.pages.employer.views import EMPLOYEE, employee_names, home_crumb
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, csv_stream, xlsx_stream
from portal.web import PortalRequest

Pieces = Callable[[Iterable[Any]], Iterator[bytes]]

TITLE = "Salariés"
READS = [requires(Permission.EMPLOYEES_READ)]
CHANGES = [requires(Permission.EMPLOYEES_CHANGE)]


@page("/employeur/salaries", name="employer.employees", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    context = list_context(request, request.db, asked_query(request))
    query: Query = context["query"]
    template = "employer/employees/index.html"
    return render_page(request, template, TITLE, errors=query.errors, crumbs=[home_crumb(request)], **context)


@async_action("/employeur/salaries/recherche", name="employer.employees.search", guards=READS)
async def search(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run(_searched, request, sent)


@page("/employeur/salaries/export.csv", name="employer.employees.csv", guards=READS)
def csv_export(request: PortalRequest) -> FileDownload:
    return _download(request, partial(csv_stream, columns=EMPLOYEE_COLUMNS), CSV_MEDIA_TYPE, "csv")


@page("/employeur/salaries/export.xlsx", name="employer.employees.xlsx", guards=READS)
def xlsx_export(request: PortalRequest) -> FileDownload:
    pieces = partial(xlsx_stream, columns=EMPLOYEE_COLUMNS, sheet="Salariés")
    return _download(request, pieces, XLSX_MEDIA_TYPE, "xlsx")


def asked_query(request: PortalRequest) -> Query:
    """The filters of the request's query string."""
    known = _category_ids(request, request.db)
    return read_query(request.query_params, request.viewer, request.services.keyring, known)


def sent_query(request: PortalRequest, db: Session, sent: Any) -> Query:
    """The filters of the form that was sent."""
    return typed_query(sent, request.viewer, request.services.keyring, _category_ids(request, db))


def list_context(request: PortalRequest, db: Session, query: Query) -> dict[str, Any]:
    """The list and what stands around it: page and fragment share it. Raises 404 for a foreign cursor."""
    context = rows_context(request, db, query)
    categories = staff_categories(db, request.viewer)
    names = request.services.keyring.conceal(CATEGORY, (each.id or 0 for each in categories))
    options = [(name, each.label) for name, each in zip(names, categories, strict=True)]
    return context | {
        "count": count_employees(db, request.viewer, query.filters, day_in_france(request.now)),
        "problems": {error.field: error.message for error in query.errors},
        "categories": options,
        "states": [(state.value, words) for state, (words, _) in STATE_LABELS.items()],
        "structures": STRUCTURE_LABELS.items(),
        "sorts": SORT_LABELS.items(),
        "chips": _chips(request, query, dict(options)),
        "orders": {sort.name: query.sorted_by(sort) for sort in Sort},
        "done": _done(request),
    }


def rows_context(request: PortalRequest, db: Session, query: Query) -> dict[str, Any]:
    """The rows from the request's cursor on; what is read is evidence. Raises 404 for a foreign cursor."""
    shown = employee_page(db, request.viewer, query.filters, day_in_france(request.now), _cursor(request))
    if shown is None:
        raise NotFoundException
    opaque = employee_names(request, (row.id for row in shown.rows))
    persons = sorted({row.person_id for row in shown.rows if row.person_id})
    filters = {name: value for name, value in query.parameters.items() if name != SEARCH}
    request.note_read(Action.EMPLOYEES_READ, "liste", filters=filters, employees=len(opaque), persons=persons)
    return {
        "query": query,
        "rows": [(row, name, state_words(row)) for row, name in zip(shown.rows, opaque, strict=True)],
        "structure_labels": STRUCTURE_LABELS,
        "is_following": "apres" in request.query_params,
        "next": opaque[-1] if shown.more else None,
        "may_change": request.services.site.is_permitted(request.viewer, "employer.employee.leave"),
        "may_send_files": request.services.site.is_permitted(request.viewer, "employer.imports"),
    }


def _searched(request: PortalRequest, sent: Any) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        query = sent_query(request, db, sent)
        if not query.errors:
            return Redirect(request.services.urls("employer.employees", query.parameters), status_code=303)
        context = list_context(request, db, query)
        template = "employer/employees/index.html"
        return render_page(request, template, TITLE, errors=query.errors, crumbs=[home_crumb(request)], **context)


def _category_ids(request: PortalRequest, db: Session) -> set[int]:
    return {category.id or 0 for category in staff_categories(db, request.viewer)}


def _cursor(request: PortalRequest) -> int | None:
    given = request.query_params.get("apres")
    return request.revealed(EMPLOYEE, given) if given is not None else None


def _done(request: PortalRequest) -> int:
    """How many employees an act on several has just changed; 0 without one."""
    text = request.query_params.get("faits", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _chips(request: PortalRequest, query: Query, categories: dict[str, str]) -> list[tuple[str, str]]:
    """What narrows the list, in words, each with the URL of the list without it."""
    filters = query.filters
    shown = {
        SEARCH: filters.text and f"«\u00a0{filters.text}\u00a0»",
        "categorie": filters.category_id and categories[query.raw["categorie"]],
        "etat": filters.state and STATE_LABELS[State(filters.state)][0],
        "structure": filters.structure and STRUCTURE_LABELS[filters.structure],
    }
    url = request.services.urls
    return [(str(text), url("employer.employees", query.without(name))) for name, text in shown.items() if text]


def _download(request: PortalRequest, pieces: Pieces, media_type: str, suffix: str) -> FileDownload:
    """The filter's employees; noted in the evidence before the first one leaves. Raises 422 for a wrong filter."""
    query, day = asked_query(request), day_in_france(request.now)
    if query.errors:
        raise HTTPException(status_code=422)
    filters = {name: value for name, value in query.parameters.items() if name != SEARCH}
    count = count_employees(request.db, request.viewer, query.filters, day)
    request.note_read(Action.EMPLOYEES_DOWNLOADED, suffix, filters=filters, employees=count)
    request.db.close()  # a client may take its time, and connections are few
    database, viewer = request.database, request.viewer

    def write(file: IO[bytes]) -> None:
        with database.read() as db:
            rows: Iterator[Row] = export_employees(db, viewer, query.filters, day)
            file.writelines(pieces(rows))

    name = f"salaries-{today().isoformat()}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": DOCUMENT_POLICY}
    folder = request.services.settings.data_folder / "tmp"
    return FileDownload(write, folder, media_type=media_type, headers=headers)


HANDLERS = [list_page, search, csv_export, xlsx_export]
