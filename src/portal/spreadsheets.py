"""Tables to download: CSV that French spreadsheets open as it is, XLSX with real dates and numbers. Memory stays flat.

Every writer takes any iterable of rows and the columns to read from them by attribute name.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from tempfile import TemporaryFile
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from portal.labels import FAMILY_LABELS, KIND_LABELS, METHOD_LABELS, STATUS_LABELS

CSV_MEDIA_TYPE = "text/csv"  # the framework adds the charset
XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BYTE_ORDER_MARK = "\ufeff"
CSV_BATCH = 500
FILE_CHUNK = 64 * 1024
XLSX_LONGEST_TEXT = 32_767
XLSX_MOST_ROWS = 1_048_575
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class TooManyRows(ValueError):
    """More rows than a sheet can hold: nothing is cut silently."""


class Kind(StrEnum):
    """MONEY: cents. PERCENT and COUNT: whole numbers. DATE: a date or None. TEXT: anything else."""

    TEXT = "text"
    DATE = "date"
    MONEY = "money"
    PERCENT = "percent"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its French title, the row's attribute, what it is. `labels` turns codes into words."""

    title: str
    attribute: str
    kind: Kind = Kind.TEXT
    labels: Mapping[Any, str] = field(default_factory=dict)

    def value(self, row: Any) -> Any:
        """The row's value, in words where the column has labels."""
        value = getattr(row, self.attribute)
        return self.labels.get(value, value) if self.labels else value


LINE_AMOUNTS = (
    Column("Dépense", "spent_cents", Kind.MONEY),
    Column("Base de remboursement", "base_cents", Kind.MONEY),
    Column("Taux du régime obligatoire (%)", "base_rate", Kind.PERCENT),
    Column("Régime obligatoire (net)", "base_net_cents", Kind.MONEY),
    Column("Part de la mutuelle", "supplementary_cents", Kind.MONEY),
    Column("Autre organisme", "other_cover_cents", Kind.MONEY),
    Column("Reste à votre charge", "remaining_cents", Kind.MONEY),
)
BENEFIT_COLUMNS = (
    Column("Date de soin", "care_date", Kind.DATE),
    Column("Bénéficiaire", "first_name"),
    Column("Acte", "label"),
    Column("Code de l’acte", "act_code"),
    Column("Type de soin", "family", labels=FAMILY_LABELS),
    Column("Nature de la ligne", "kind", labels=KIND_LABELS),
    Column("État", "status", labels=STATUS_LABELS),
    Column("Professionnel", "provider"),
    Column("Quantité", "quantity", Kind.COUNT),
    *LINE_AMOUNTS[:3],
    Column("Régime obligatoire (brut)", "base_gross_cents", Kind.MONEY),
    Column("Participation forfaitaire", "flat_fee_cents", Kind.MONEY),
    Column("Franchise médicale", "franchise_cents", Kind.MONEY),
    *LINE_AMOUNTS[3:],
    Column("Traitée le", "posted_on", Kind.DATE),
    Column("Versée le", "paid_on", Kind.DATE),
    Column("Mode de versement", "method", labels=METHOD_LABELS),
    Column("Référence du versement", "payment_reference"),
    Column("Référence de la ligne", "reference"),
    Column("Note", "note"),
)


def csv_stream(rows: Iterable[Any], columns: Sequence[Column] = BENEFIT_COLUMNS) -> Iterator[bytes]:
    """CSV in UTF-8 with its mark, `;` between cells, decimal commas, dates dd/mm/yyyy, piece by piece.

    Text that a spreadsheet would run as a formula gets an apostrophe in front (security: E5).
    """
    lines: list[str] = []
    writer = csv.writer(_Lines(lines), delimiter=";", lineterminator="\r\n")
    lines.append(BYTE_ORDER_MARK)
    writer.writerow([column.title for column in columns])
    cells = [(column.value, _CSV_CELLS[column.kind]) for column in columns]
    for row in rows:
        writer.writerow([cell(value(row)) for value, cell in cells])
        if len(lines) >= CSV_BATCH:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def xlsx_stream(
    rows: Iterable[Any], columns: Sequence[Column] = BENEFIT_COLUMNS, sheet: str = "Prestations"
) -> Iterator[bytes]:
    """An Excel workbook, written row by row to a temporary file, then read in chunks. Raises `TooManyRows`."""
    with TemporaryFile(prefix="portal-") as file:
        _write_xlsx(file, rows, columns, sheet)
        file.seek(0)
        while chunk := file.read(FILE_CHUNK):
            yield chunk


def neutral(text: str) -> str:
    """`text`, with an apostrophe in front when a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class _Lines:
    """What `csv.writer` writes to: one string per row."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def _csv_text(value: Any) -> str:
    return "" if value is None else neutral(str(value).replace("\x00", ""))


def _csv_date(value: date | None) -> str:
    return value.strftime("%d/%m/%Y") if value else ""


def _csv_money(cents: int | None) -> str:
    if cents is None:
        return ""
    euros, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{euros},{rest:02}"


def _csv_number(value: int | None) -> str:
    return "" if value is None else str(value)


_CSV_CELLS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: _csv_text,
    Kind.DATE: _csv_date,
    Kind.MONEY: _csv_money,
    Kind.PERCENT: _csv_number,
    Kind.COUNT: _csv_number,
}

_XLSX_FORMATS = {
    Kind.DATE: {"num_format": "dd/mm/yyyy", "align": "left"},
    Kind.MONEY: {"num_format": "#,##0.00\\ [$€-40C]"},
    Kind.PERCENT: {"num_format": "0"},
    Kind.COUNT: {"num_format": "0"},
}
_XLSX_WIDTHS = {Kind.TEXT: 24, Kind.DATE: 13, Kind.MONEY: 15, Kind.PERCENT: 11, Kind.COUNT: 11}


def _write_xlsx(file: IO[bytes], rows: Iterable[Any], columns: Sequence[Column], sheet: str) -> None:
    # Text stays text: nothing a person typed becomes a formula or a link.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with closing(Workbook(file, options)) as workbook:
        worksheet = workbook.add_worksheet(sheet)
        _write_titles(workbook, worksheet, columns)
        cells = [(column.value, _xlsx_cell(workbook, worksheet, column.kind)) for column in columns]
        for number, row in enumerate(rows, start=1):
            if number > XLSX_MOST_ROWS:
                raise TooManyRows(f"a sheet holds {XLSX_MOST_ROWS} rows")
            for at, (value, write) in enumerate(cells):
                write(number, at, value(row))


def _write_titles(workbook: Workbook, worksheet: Worksheet, columns: Sequence[Column]) -> None:
    strong = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    worksheet.freeze_panes(1, 0)
    for at, column in enumerate(columns):
        worksheet.set_column(at, at, _XLSX_WIDTHS[column.kind])
        worksheet.write_string(0, at, column.title, strong)


def _xlsx_cell(workbook: Workbook, worksheet: Worksheet, kind: Kind) -> Callable[[int, int, Any], None]:
    shape = workbook.add_format(_XLSX_FORMATS[kind]) if kind in _XLSX_FORMATS else None

    def write(row: int, at: int, value: Any) -> None:
        if value is None:
            return
        if kind is Kind.TEXT:
            worksheet.write_string(row, at, str(value)[:XLSX_LONGEST_TEXT])
        elif kind is Kind.DATE:
            worksheet.write_datetime(row, at, value, shape)
        else:
            worksheet.write_number(row, at, value / 100 if kind is Kind.MONEY else value, shape)

    return write
