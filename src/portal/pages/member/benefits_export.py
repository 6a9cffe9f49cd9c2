"""Exports of exactly what the list's filter shows: CSV and Excel (R-21)."""

from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from litestar.exceptions import HTTPException

from portal.data.evidence import Action
from portal.data.listing import export_lines
from portal.data.visibility import persons_in, visible_scope
from portal.downloads import FileDownload
from portal.formatting import today
from portal.headers import DOCUMENT_POLICY
from portal.pages.member.benefits_filters import read_query
from portal.permissions import Permission, requires
from portal.routing import page
from portal.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, csv_stream, xlsx_stream
from portal.web import PortalRequest

Pieces = Callable[[Iterable[Any]], Iterator[bytes]]

EXPORTS = [requires(Permission.BENEFITS_EXPORT)]


@page("/adherent/prestations/export.csv", name="member.benefits.csv", guards=EXPORTS)
def csv_export(request: PortalRequest) -> FileDownload:
    return _download(request, csv_stream, CSV_MEDIA_TYPE, "csv")


@page("/adherent/prestations/export.xlsx", name="member.benefits.xlsx", guards=EXPORTS)
def xlsx_export(request: PortalRequest) -> FileDownload:
    return _download(request, xlsx_stream, XLSX_MEDIA_TYPE, "xlsx")


def _download(request: PortalRequest, pieces: Pieces, media_type: str, suffix: str) -> FileDownload:
    """The filter's lines; noted in the evidence before the first one leaves. Raises 422 for a filter that is wrong."""
    scope = visible_scope(request.db, request.viewer, today())
    query = read_query(request.query_params, scope, request.services.keyring)
    if query.errors:
        raise HTTPException(status_code=422)
    chosen = query.filters.person_id
    persons = [chosen] if chosen else sorted(persons_in(scope.detailed))
    request.note_read(Action.BENEFITS_EXPORTED, suffix, filters=query.parameters, persons=persons)
    request.db.close()  # a client may take its time, and connections are few
    database, viewer = request.database, request.viewer

    def write(file: IO[bytes]) -> None:
        with database.read() as db:
            file.writelines(pieces(export_lines(db, viewer, scope, query.filters)))

    folder = request.services.settings.data_folder / "tmp"
    return FileDownload(write, folder, media_type=media_type, headers=_headers(suffix))


def _headers(suffix: str) -> dict[str, str]:
    name = f"prestations-{today().isoformat()}.{suffix}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": DOCUMENT_POLICY}
