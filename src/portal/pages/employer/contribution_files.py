"""The files of a call for contributions: PDF, CSV, Excel. /employeur/cotisations/<bordereau>/…"""

from anyio import to_thread
from litestar import Response
from litestar.params import FromPath

from portal.contribution_documents import COLUMNS, CallFile, call_pdf, rows_of
from portal.data.contribution_calls import contract_of, lines_of, payments_counted
from portal.data.contribution_reading import category_labels, employees_named, events_named
from portal.data.evidence import Action
from portal.data.organisations import company_of
from portal.headers import DOCUMENT_POLICY
from portal.pages.employer.contributions import READS, found_call, persons_of
from portal.routing import async_page, page
from portal.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, csv_stream, xlsx_stream
from portal.web import PortalRequest


@async_page("/employeur/cotisations/{call:str}/pdf", name="employer.contribution.pdf", guards=READS)
async def pdf_file(request: PortalRequest, call: FromPath[str]) -> Response[bytes]:
    file = await request.database.run(_file, request, call, "pdf")
    body = await to_thread.run_sync(call_pdf, file, request.services.settings.insurer)
    return _answer(file, body, "application/pdf", "pdf")


@page("/employeur/cotisations/{call:str}/csv", name="employer.contribution.csv", guards=READS)
def csv_file(request: PortalRequest, call: FromPath[str]) -> Response[bytes]:
    file = _file(request, call, "csv")
    return _answer(file, b"".join(csv_stream(rows_of(file), COLUMNS)), CSV_MEDIA_TYPE, "csv")


@page("/employeur/cotisations/{call:str}/xlsx", name="employer.contribution.xlsx", guards=READS)
def xlsx_file(request: PortalRequest, call: FromPath[str]) -> Response[bytes]:
    file = _file(request, call, "xlsx")
    return _answer(file, b"".join(xlsx_stream(rows_of(file), COLUMNS, "Cotisations")), XLSX_MEDIA_TYPE, "xlsx")


def _file(request: PortalRequest, opaque: str, suffix: str) -> CallFile:
    """All that the files of a call say; noted in the evidence."""
    call, db, viewer = found_call(request, opaque), request.db, request.viewer
    lines = lines_of(db, call)
    employees = employees_named(db, viewer, lines)
    named = persons_of(employees.values())
    request.note_read(Action.CONTRIBUTIONS_DOWNLOADED, call.number, format=suffix, persons=named)
    return CallFile(
        call,
        company_of(db, call.company_id),
        contract_of(db, call),
        lines,
        payments_counted(db, call),
        category_labels(db, viewer),
        employees,
        events_named(db, lines),
    )


def _answer(file: CallFile, body: bytes, media_type: str, suffix: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'attachment; filename="cotisations-{file.call.number}.{suffix}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type=media_type, headers=headers)
