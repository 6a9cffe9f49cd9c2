"""The year's report of complaints, for supervisors: /gestion/rapports/reclamations, as Excel and PDF too (R-26)."""

from functools import partial

from anyio import to_thread
from litestar import Response

from portal.complaint_report_documents import METHOD, PUBLIC, report_pdf
from portal.complaint_report_words import COLUMNS, HIDDEN, Section, rows_of, sections_of
from portal.data.complaint_report import report_of, years_of
from portal.data.evidence import Action
from portal.formatting import today
from portal.forms import FieldError
from portal.headers import DOCUMENT_POLICY
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import async_page
from portal.spreadsheets import XLSX_MEDIA_TYPE, xlsx_stream
from portal.web import PortalRequest

READS = [requires(Permission.DESK_REPORTS)]
TITLE = "Rapport annuel des réclamations"
PUBLIC_VERSION = "publiable"
VERSIONS = (("complete", "Complète, pour l’autorité"), (PUBLIC_VERSION, "À publier, petits nombres masqués"))
NO_YEAR = "Choisissez une année de la liste."


@async_page("/gestion/rapports/reclamations", name="desk.complaints.report", guards=READS)
async def report_page(request: PortalRequest) -> Response[bytes]:
    return await request.database.run(_page, request)


@async_page("/gestion/rapports/reclamations.xlsx", name="desk.complaints.report.xlsx", guards=READS)
async def xlsx_file(request: PortalRequest) -> Response[bytes]:
    year, sections = await request.database.run(_sections, request)
    body = await to_thread.run_sync(lambda: b"".join(xlsx_stream(rows_of(sections), COLUMNS, f"Réclamations {year}")))
    return _file(request, body, XLSX_MEDIA_TYPE, year, "xlsx")


@async_page("/gestion/rapports/reclamations.pdf", name="desk.complaints.report.pdf", guards=READS)
async def pdf_file(request: PortalRequest) -> Response[bytes]:
    year, sections = await request.database.run(_sections, request)
    insurer, is_public = request.services.settings.insurer, _is_public(request)
    write = partial(report_pdf, sections, year, insurer, request.now, is_public=is_public)
    return _file(request, await to_thread.run_sync(write), "application/pdf", year, "pdf")


def _page(request: PortalRequest) -> Response[bytes]:
    with request.database.read() as db:
        years = years_of(db, request.viewer, today())
    year, is_wrong = _year(request, years)
    query = {"annee": str(year)} | ({"version": PUBLIC_VERSION} if _is_public(request) else {})
    return render_page(
        request,
        "desk/complaint_report/index.html",
        TITLE,
        errors=[FieldError("annee", NO_YEAR)] if is_wrong else [],
        years=[(str(each), str(each)) for each in years],
        year=year,
        version=request.query_params.get("version", ""),
        versions=VERSIONS,
        is_present=year == today().year,
        sections=_sections(request)[1],
        hidden=HIDDEN,
        notes=[METHOD, *([PUBLIC] if _is_public(request) else [])],
        query=query,
    )


def _sections(request: PortalRequest) -> tuple[int, list[Section]]:
    """The year that is asked for, else the present one, and its tables; the reading is noted."""
    with request.database.read() as db:
        year, _ = _year(request, years_of(db, request.viewer, today()))
        report = report_of(db, request.viewer, year)
    request.note_read(Action.COMPLAINTS_REPORTED, f"annee:{year}")
    return year, sections_of(report, is_public=_is_public(request))


def _year(request: PortalRequest, years: list[int]) -> tuple[int, bool]:
    """The year, and whether what was asked for is none of the list."""
    asked = request.query_params.get("annee", "")
    known = {str(year): year for year in years}
    return known.get(asked, years[0]), bool(asked) and asked not in known


def _is_public(request: PortalRequest) -> bool:
    return request.query_params.get("version") == PUBLIC_VERSION


def _file(request: PortalRequest, body: bytes, media_type: str, year: int, suffix: str) -> Response[bytes]:
    version = f"-{PUBLIC_VERSION}" if _is_public(request) else ""
    headers = {
        "Content-Disposition": f'attachment; filename="reclamations-{year}{version}.{suffix}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type=media_type, headers=headers)


HANDLERS = [report_page, xlsx_file, pdf_file]
