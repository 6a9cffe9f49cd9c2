"""The first sheet of a workbook as CSV text: no formula, no picture, no macro goes further than here."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zipfile import BadZipFile, ZipFile

import python_calamine

from portal.cleaning.verdicts import MOST_SHEET_ROWS, Cleaned, MediaType, Refusal, Refused

# What a sheet of fifty thousand employees unpacks to, several times over.
MOST_UNPACKED = 200_000_000
MOST_COLUMNS = 200
LONGEST_CELL = 1_000


def clean(content: bytes) -> Cleaned:
    """Rows in order, `;` between cells, days as ISO text. Raises `Refused`, `MemoryError`."""
    try:
        _check_size(content)
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        if sheet.height > MOST_SHEET_ROWS + 1:
            raise Refused(Refusal.LONG)
        if sheet.width > MOST_COLUMNS:
            raise Refused(Refusal.HUGE)
        return Cleaned(MediaType.CSV, _as_csv(sheet.iter_rows()))
    except python_calamine.PasswordError as problem:
        raise Refused(Refusal.LOCKED) from problem
    except (python_calamine.CalamineError, BadZipFile, OSError, ValueError, IndexError) as problem:
        raise Refused(Refusal.DAMAGED) from problem


def _check_size(content: bytes) -> None:
    """By what the archive says of itself: one that lies meets the limit of memory."""
    with ZipFile(io.BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED:
            raise Refused(Refusal.HEAVY)


def _as_csv(rows: Iterator[list[Any]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\n")
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)[:LONGEST_CELL]
