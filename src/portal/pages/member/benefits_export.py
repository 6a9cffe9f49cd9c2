"""Exports of exactly what the list's filter shows: CSV and Excel (R-21)."""

from collections.abc import Iterator

from litestar.exceptions import HTTPException
from litestar.response import Stream

from portal.data.evidence import Action
from portal.data.listing import export_lines
from portal.data.visibility import visible_scope
from portal.formatting import today
from portal.headers import DOCUMENT_POLICY
from portal.pages.member.benefits_filters import read_query
from portal.permissions import Permission, requires
from portal.routing import page
from portal.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, csv_stream, xlsx_stream
from portal.web import PortalRequest

EXPORTS = [requires(Permission.BENEFITS_EXPORT)]


@page("/adherent/prestations/export.csv", name="member.benefits.csv", guards=EXPORTS)
def csv_export(request: PortalRequest) -> Stream:
    return _download(csv_stream(_lines(request, "csv")), CSV_MEDIA_TYPE, "csv")


@page("/adherent/prestations/export.xlsx", name="member.benefits.xlsx", guards=EXPORTS)
def xlsx_export(request: PortalRequest) -> Stream:
    return _download(xlsx_stream(_lines(request, "xlsx")), XLSX_MEDIA_TYPE, "xlsx")


def _lines(request: PortalRequest, form: str) -> Iterator[object]:
    """The filter's lines; noted in the evidence before the first one leaves. Raises 422 for a filter that is wrong."""
    scope = visible_scope(request.db, request.viewer, today())
    query = read_query(request.query_params, scope, request.services.keyring)
    if query.errors:
        raise HTTPException(status_code=422)
    request.note_read(Action.BENEFITS_EXPORTED, form, filters=query.parameters)
    return export_lines(request.db, request.viewer, scope, query.filters)


def _download(pieces: Iterator[bytes], media_type: str, suffix: str) -> Stream:
    name = f"prestations-{today().isoformat()}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": DOCUMENT_POLICY}
    return Stream(pieces, media_type=media_type, headers=headers)
