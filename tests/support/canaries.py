"""Canaries: rows whose every text, and every amount, is recognised wherever it comes out again."""

import html
import io
import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Column, LargeBinary, Table, Text

from portal.data.columns import UtcDateTime
from portal.data.tables import metadata

CANARY = "canari-7f3a"
DAY = date(2026, 1, 1)
NOON = datetime(2026, 1, 1, tzinfo=UTC)
# Values of a row that has to be more than filled: amounts that add up, a suspension that has ended, a
# number no longer than its column.
FITTING: dict[str, dict[str, Any]] = {
    "account_suspension": {"ended_at": datetime(2026, 1, 2, tzinfo=UTC)},
    "retention_hold": {"person_id": None},
    "claim_estimate": {"spent_cents": 3, "base_net_cents": 1, "supplementary_cents": 1, "remaining_cents": 1},
    "practice_change": {"national_id": "990000101"},
    "invoice": {"total_cents": 3, "base_cents": 1, "requested_cents": 1, "accepted_cents": 1},
    "contribution_line": dict.fromkeys(
        ("months", "people", "unit_cents", "unit_employer_cents", "amount_cents", "employer_cents"), 1
    ),
}


def value_for(
    column: Column[Any], account_id: int, number: int, made: dict[str, int], codes: Iterable[tuple[str, str]] = ()
) -> Any:
    """A value of the column's type that shows where it is found again. `made`: keys of earlier rows, by table; `codes`:
    columns that hold no text of a person's."""
    kind = column.type
    if column.name == "account_id":
        return account_id
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column.table.name
        return account_id if target == "account" else made.get(target, None if column.nullable else 1)
    if isinstance(kind, UtcDateTime):
        return NOON
    if isinstance(kind, LargeBinary):
        return f"{CANARY}-{number}".encode()
    python = kind.python_type if not isinstance(kind, Text) else str
    typed = {bool: True, int: number, float: number / 1000, date: DAY}
    if python in typed:
        return typed[python]
    return f"code-{number}" if (column.table.name, column.name) in codes else f"{CANARY}-{number}"


def fill(
    db: Any,
    table: Table,
    account_id: int,
    number: int,
    made: dict[str, int],
    codes: Iterable[tuple[str, str]] = (),
    **values: Any,
) -> int:
    """A row of the table with a canary in each column, `values` but; its key."""
    canaries = {
        column.name: value_for(column, account_id, number, made, codes)
        for column in table.columns
        if column.name not in values and not _is_numbered(column)
    }
    row = canaries | FITTING.get(table.name, {}) | values
    key: int = db.execute(table.insert().values(**row)).inserted_primary_key[0]
    return key


def dump(db: Any) -> str:
    """Every value of every table, as text; bytes as they are."""
    lines: list[str] = []
    for table in metadata.tables.values():
        for row in db.execute(table.select()):
            lines += [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(lines)


def printed(cents: int) -> set[str]:
    """Every form in which an amount may be printed, without its spaces."""
    euros, rest = divmod(cents, 100)
    return {str(cents), f"{euros},{rest:02}", f"{euros}.{rest:02}", f"{cents / 100}"}


def seen_in(text: str, words: Iterable[str], amounts: Iterable[int]) -> set[str]:
    """Which of the words (in any case) and amounts a text holds, however it is spaced and escaped. Amounts must be long
    enough to be no part of another number: spaces between numbers do not count."""
    plain = html.unescape(text)
    low, tight = plain.casefold(), re.sub(r"\s", "", plain)
    held = {word for word in words if word.casefold() in low}
    return held | {str(cents) for cents in amounts if any(form in tight for form in printed(cents))}


def legible(content: bytes, media_type: str) -> str:
    """What a person reads in an answer: the text of a page, of a PDF, the cells of a workbook."""
    if media_type.startswith("application/pdf"):
        return _pdf_text(content)
    if "spreadsheetml" in media_type:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
        return "\n".join(str(cell) for row in rows for cell in row)
    return content.decode("utf-8", errors="replace")


def _pdf_text(content: bytes) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext (poppler-utils) is not installed: the text of PDF files was not read")
    run = subprocess.run([program, "-layout", "-", "-"], input=content, capture_output=True, check=False)
    return run.stdout.decode() if run.returncode == 0 else content.decode("utf-8", errors="replace")


def _is_numbered(column: Column[Any]) -> bool:
    """Whether the database gives the column its value: a key of its own."""
    if column.name == "account_id":
        return False
    return column.primary_key and column.autoincrement is not False and column.type.python_type is int
