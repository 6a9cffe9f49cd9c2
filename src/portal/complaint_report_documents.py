"""The year's report of complaints on paper."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portal.complaint_report_words import COUNTS, DELAYS, HIDDEN, ReportRow, Section
from portal.documents import typeset
from portal.formatting import local_day, whole
from portal.insurer import Insurer

PDF_SOURCE = "complaint-report.typ"
METHOD = (
    "Reçues\u00a0: envoyées dans l’année. Closes\u00a0: répondues ou retirées dans l’année. En cours\u00a0: envoyées "
    "avant le 1er janvier suivant, et pas closes à cette date. Les délais vont de "
    "l’envoi à l’accusé, ou à la réponse, quand ils sont partis dans l’année. Les jours sont ceux de Paris."
)
PUBLIC = (
    "Version à publier\u00a0: les nombres de un à quatre sont masqués, comme ceux qui permettraient de les retrouver."
)


def report_pdf(sections: Sequence[Section], year: int, insurer: Insurer, at: datetime, *, is_public: bool) -> bytes:
    """The PDF/UA-1 of a report. Slow: off the event loop."""
    return typeset(PDF_SOURCE, pdf_data(sections, year, insurer, at, is_public=is_public), at)


def pdf_data(
    sections: Sequence[Section], year: int, insurer: Insurer, at: datetime, *, is_public: bool
) -> dict[str, Any]:
    """What the Typst source receives: texts only, ready to print."""
    return {
        "reference": f"Réclamations {year}",
        "title": f"Rapport annuel des réclamations, {year}",
        "insurer": insurer.model_dump(),
        "facts": [("Année", str(year), False), ("Édité le", local_day(at), False)],
        "sections": [{"title": title, "rows": [_cells(row) for row in rows]} for title, rows in sections],
        "notes": [METHOD, *([PUBLIC] if is_public else [])],
    }


def _cells(row: ReportRow) -> dict[str, str]:
    counts = {name: _count(getattr(row, name)) for name in COUNTS}
    delays = {name: _delay(getattr(row, name), "\u00a0%" if name.endswith("share") else "\u00a0j") for name in DELAYS}
    return {"label": row.label, **counts, **delays}


def _count(value: int | None) -> str:
    return HIDDEN if value is None else whole(value)


def _delay(value: int | None, unit: str) -> str:
    return "–" if value is None else f"{value}{unit}"
