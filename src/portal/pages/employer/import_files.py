"""Files that the portal gives for files of employees: the template, and the refused rows to correct."""

import json
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import IO

from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.employee_imports import refused_lines
from portal.data.evidence import Action
from portal.downloads import FileDownload
from portal.headers import DOCUMENT_POLICY
from portal.pages.employer.imports import IMPORTS, ONE, PATH, found_import
from portal.routing import page
from portal.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, Column, csv_stream, xlsx_stream
from portal.staff_files import FIELDS, rows_of
from portal.web import PortalRequest

REASONS = "motif_du_refus"
_TEMPLATE = [Column(field, field) for field in FIELDS]
_EXAMPLES = (
    "A;00123;;Exemple;;Camille;31/12/1990;camille@exemple.example;NONCADRES;01/06/2026;;general;;;",
    "M;00045;;;;;;;CADRES;01/06/2026;;;;;",
    "R;00078;;;;;;;;;;;30/06/2026;demission;",
)


@page(f"{PATH}/modele.csv", name="employer.imports.template.csv", guards=IMPORTS)
def template_csv(request: PortalRequest) -> FileDownload:
    return _download(request, csv_stream(_examples(), _TEMPLATE), "modele-salaries.csv", CSV_MEDIA_TYPE)


@page(f"{PATH}/modele.xlsx", name="employer.imports.template.xlsx", guards=IMPORTS)
def template_xlsx(request: PortalRequest) -> FileDownload:
    chunks = xlsx_stream(_examples(), _TEMPLATE, "Salariés")
    return _download(request, chunks, "modele-salaries.xlsx", XLSX_MEDIA_TYPE)


@page(f"{ONE}/refus.csv", name="employer.import.refused", guards=IMPORTS)
def refused_csv(request: PortalRequest, file: FromPath[str]) -> FileDownload:
    found = found_import(request, request.db, file)
    if found.storage_name is None:
        raise NotFoundException
    reasons = refused_lines(request.db, found)
    columns: dict[str, int] = json.loads(found.columns)
    sheet = request.services.storage.give(found.storage_name)
    request.note_read(Action.EMPLOYEES_DOWNLOADED, found.object)
    rows = _refused(sheet, columns, reasons)
    return _download(
        request, csv_stream(rows, [*_TEMPLATE, Column(REASONS, REASONS)]), "lignes-refusees.csv", CSV_MEDIA_TYPE
    )


def _refused(sheet: bytes, columns: dict[str, int], reasons: dict[int, list[str]]) -> Iterator[SimpleNamespace]:
    """The refused rows under the template's titles, with why."""
    for line, cells in rows_of(sheet):
        if line in reasons:
            said = {field: cells[at] for field, at in columns.items() if at < len(cells)}
            yield SimpleNamespace(**dict.fromkeys(FIELDS, "") | said, **{REASONS: " ".join(reasons[line])})


def _examples() -> Iterator[SimpleNamespace]:
    for line in _EXAMPLES:
        yield SimpleNamespace(**dict(zip(FIELDS, line.split(";"), strict=True)))


def _download(request: PortalRequest, chunks: Iterable[bytes], name: str, media_type: str) -> FileDownload:
    def write(file: IO[bytes]) -> None:
        for chunk in chunks:
            file.write(chunk)

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": DOCUMENT_POLICY}
    return FileDownload(write, request.services.settings.data_folder / "tmp", media_type=media_type, headers=headers)
