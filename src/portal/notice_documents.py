"""The notice of cover (notice d'information) on paper: what the insurer writes for each employee of a category.

Code de la mutualité, L221-6, and loi n° 89-1009 of 31 December 1989, article 12: guarantees, how they begin, what to
do, what limits them, the time to act. PDF/UA-1; the guarantees come from the same rows as the page.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from portal.data.complaint_rules import ACKNOWLEDGED_WITHIN, ANSWERED_WITHIN_MONTHS, MEDIATOR_WITHIN_MONTHS
from portal.data.group_figures import GroupFigures
from portal.data.guarantee_examples import Example
from portal.data.guarantees import GuaranteeTable
from portal.data.notice_deliveries import Notice
from portal.documents import breakable, typeset
from portal.formatting import long_date
from portal.guarantee_documents import headings_data
from portal.insurer import Insurer, Mediator

LONGEST_RUN = 18


@dataclass(frozen=True, slots=True)
class NoticeFile:
    """All that a notice says. `figures`: the law's delays on the table's day, None where they are not known."""

    company: str
    notice: Notice
    table: GuaranteeTable
    examples: list[Example]
    figures: GroupFigures | None


def notice_pdf(file: NoticeFile, insurer: Insurer, mediator: Mediator, at: datetime) -> bytes:
    """The PDF/UA-1 of a notice. Slow: off the event loop."""
    return typeset("notice.typ", _data(file, insurer, mediator), at)


def period_words(notice: Notice) -> str:
    """« depuis le 1er janvier 2025 », « du … au … »."""
    if notice.until is None:
        return f"depuis le {long_date(notice.since)}"
    return f"du {long_date(notice.since)} au {long_date(notice.until)}"


def _data(file: NoticeFile, insurer: Insurer, mediator: Mediator) -> dict[str, Any]:
    contract, category = file.table.contract, file.notice.category
    definition = category.definition or "les salariés de cette catégorie"
    return {
        "title": "Notice d’information",
        "reference": f"notice d’information, contrat {contract.number}, {category.code}",
        "insurer": insurer.model_dump(),
        "mediator": mediator.model_dump(),
        "facts": [
            ("Entreprise", breakable(file.company, LONGEST_RUN), False),
            ("Contrat", contract.number, False),
            ("Catégorie", breakable(category.label, LONGEST_RUN), False),
            ("Formule", contract.product, False),
            ("Version", period_words(file.notice), False),
            ("Contrat responsable", "oui" if contract.is_responsible else "non", False),
        ],
        "category": breakable(category.label, LONGEST_RUN),
        "definition": breakable(definition, LONGEST_RUN).rstrip("."),
        "period": period_words(file.notice),
        "is_mandatory": category.is_mandatory,
        "is_responsible": contract.is_responsible,
        "figures": _figures(file.figures),
        "headings": headings_data(file.table, file.examples),
        "acknowledged_within": str(ACKNOWLEDGED_WITHIN),
        "answered_within": str(ANSWERED_WITHIN_MONTHS),
        "mediator_within": str(MEDIATOR_WITHIN_MONTHS),
    }


def _figures(figures: GroupFigures | None) -> dict[str, str] | None:
    return {name: str(value) for name, value in asdict(figures).items()} if figures else None
