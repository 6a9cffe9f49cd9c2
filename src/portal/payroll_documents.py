"""The files of the payroll sheet: rows for CSV, the PDF/UA-1, and lines to paste."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal.data.payroll_sheets import Sheet
from portal.documents import breakable, typeset
from portal.formatting import local_day, month_name
from portal.insurer import Insurer
from portal.payroll_words import as_lines, change_words, told_sheet
from portal.spreadsheets import Column, Kind, neutral

RULE = (
    "Ces valeurs sont celles que nous connaissons aujourd’hui. Chaque mois civil commencé est dû en entier, au prix en "
    "vigueur le premier jour d’affiliation du mois. Document indicatif\u00a0: seul votre contrat fait foi."
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A line of the sheet as a spreadsheet holds it."""

    month: str
    contract: str
    since: date
    until: date
    category: str
    structure: str
    rubric: str
    label: str
    value: str


COLUMNS = (
    Column("Mois", "month"),
    Column("Contrat", "contract"),
    Column("Du", "since", Kind.DATE),
    Column("Au", "until", Kind.DATE),
    Column("Catégorie", "category"),
    Column("Structure", "structure"),
    Column("Rubrique DSN", "rubric"),
    Column("Libellé", "label"),
    Column("Valeur", "value"),
)


def file_rows(sheet: Sheet) -> list[FileRow]:
    """The lines of a sheet, one for each value."""
    head = (month_name(sheet.month), sheet.contract.number)
    return [
        FileRow(*head, stretch.since, stretch.until, category, structure, *line)
        for stretch, category, structure, line in as_lines(told_sheet(sheet))
    ]


def pasted_lines(sheet: Sheet) -> str:
    """The sheet as lines of cells set apart by tabs, which spreadsheets paste into columns."""
    rows = [(row.category, row.structure, row.rubric, row.label, row.value) for row in file_rows(sheet)]
    return "\n".join("\t".join(neutral(" ".join(cell.split())) for cell in row) for row in rows)


def sheet_pdf(sheet: Sheet, company: str, insurer: Insurer, at: datetime) -> bytes:
    """The PDF/UA-1 of a sheet. Slow: off the event loop."""
    return typeset("payroll-sheet.typ", _data(sheet, company, insurer, at), at)


def _data(sheet: Sheet, company: str, insurer: Insurer, at: datetime) -> dict[str, Any]:
    month = month_name(sheet.month)
    return {
        "title": f"Fiche de paramétrage, {month}",
        "reference": f"fiche de paramétrage {month}, contrat {sheet.contract.number}",
        "insurer": insurer.model_dump(),
        "facts": [
            ("Entreprise", breakable(company, 18), False),
            ("Contrat", sheet.contract.number, True),
            ("Paie de", month, False),
            ("Éditée le", local_day(at), False),
        ],
        "changes": [list(change_words(sheet, change)) for change in sheet.changes],
        "is_first": sheet.is_first,
        "stretches": [
            {
                "title": stretch.title,
                "contract": [list(line) for line in stretch.contract],
                "tables": [
                    {
                        "label": table.category.label,
                        "structures": table.structures,
                        "rows": [[line.rubric, line.label, *values] for line, values in table.rows],
                        "pays_as_family": table.pays_as_family,
                    }
                    for table in stretch.tables
                ],
            }
            for stretch in told_sheet(sheet)
        ],
        "rule": RULE,
    }
