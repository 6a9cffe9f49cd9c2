"""The register of exemptions as files: CSV, Excel, PDF. /employeur/dispenses/registre.… (R-30)"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO, Any

from litestar.exceptions import HTTPException, NotFoundException

from portal.data.evidence import Action
from portal.data.exemption_register import count_shown, export_register, grounds_used
from portal.data.organisations import company_of
from portal.downloads import FileDownload
from portal.exemption_documents import COLUMNS, register_pdf
from portal.exemption_words import SHOWN_LABELS
from portal.formatting import day_in_france
from portal.headers import DOCUMENT_POLICY
from portal.pages.employer.exemptions import READS, read_query
from portal.routing import page
from portal.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, csv_stream, xlsx_stream
from portal.web import PortalRequest

Pieces = Callable[[Iterable[Any]], Iterator[bytes]]


@page("/employeur/dispenses/registre.csv", name="employer.exemptions.csv", guards=READS)
def csv_export(request: PortalRequest) -> FileDownload:
    return _download(request, partial(csv_stream, columns=COLUMNS), CSV_MEDIA_TYPE, "csv")


@page("/employeur/dispenses/registre.xlsx", name="employer.exemptions.xlsx", guards=READS)
def xlsx_export(request: PortalRequest) -> FileDownload:
    pieces = partial(xlsx_stream, columns=COLUMNS, sheet="Dispenses")
    return _download(request, pieces, XLSX_MEDIA_TYPE, "xlsx")


@page("/employeur/dispenses/registre.pdf", name="employer.exemptions.pdf", guards=READS)
def pdf_export(request: PortalRequest) -> FileDownload:
    now, insurer = request.now, request.services.settings.insurer
    if request.viewer.company_id is None:
        raise NotFoundException
    company = company_of(request.db, request.viewer.company_id)
    labels = dict(grounds_used(request.db, request.viewer))
    filters = read_query(request.query_params, set(labels)).filters
    shown = ", ".join(filter(None, (SHOWN_LABELS[filters.shown], labels.get(filters.ground))))
    said = {
        "company": company.name,
        "siret": company.siret,
        "shown": f"Sélection\u00a0: {shown}",
    }

    def pieces(rows: Iterable[Any]) -> Iterator[bytes]:
        yield register_pdf(rows, said, insurer, now)

    return _download(request, pieces, "application/pdf", "pdf")


def _download(request: PortalRequest, pieces: Pieces, media_type: str, suffix: str) -> FileDownload:
    """The filters' exemptions; noted in the evidence before the first one leaves. Raises 422 for a wrong filter."""
    day, viewer, database = day_in_france(request.now), request.viewer, request.database
    query = read_query(request.query_params, {code for code, _ in grounds_used(request.db, viewer)})
    if query.errors:
        raise HTTPException(status_code=422)
    count = count_shown(request.db, viewer, day, query.filters.ground)[query.filters.shown]
    request.note_read(Action.EXEMPTIONS_DOWNLOADED, suffix, filters=query.parameters, exemptions=count)
    request.db.close()  # a client may take its time, and connections are few

    def write(file: IO[bytes]) -> None:
        with database.read() as db:
            file.writelines(pieces(export_register(db, viewer, query.filters, day)))

    headers = {
        "Content-Disposition": f'attachment; filename="dispenses-{day.isoformat()}.{suffix}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    folder = request.services.settings.data_folder / "tmp"
    return FileDownload(write, folder, media_type=media_type, headers=headers)


HANDLERS = [csv_export, xlsx_export, pdf_export]
