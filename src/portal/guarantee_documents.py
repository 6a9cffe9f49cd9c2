"""The description of guarantees (descriptif de garanties) on paper: PDF/UA-1 from the same rows as the page (R-20)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portal.data.guarantee_examples import Example
from portal.data.guarantees import GuaranteeTable, TableRow
from portal.documents import typeset
from portal.formatting import NBSP, long_date, money
from portal.guarantee_words import HEADING_LABELS, shares_of
from portal.insurer import Insurer


def guarantees_pdf(table: GuaranteeTable, examples: Sequence[Example], insurer: Insurer, at: datetime) -> bytes:
    """The PDF/UA-1 of a contract's guarantees on the table's day. Slow: off the event loop."""
    return typeset("guarantees.typ", _data(table, examples, insurer), at)


def _data(table: GuaranteeTable, examples: Sequence[Example], insurer: Insurer) -> dict[str, Any]:
    contract = table.contract
    return {
        "title": "Descriptif de garanties",
        "reference": f"descriptif de garanties, contrat {contract.number}",
        "insurer": insurer.model_dump(),
        "facts": [
            ("Contrat", contract.number, False),
            ("Formule", contract.product, False),
            ("Garanties au", long_date(table.day), False),
            ("En vigueur", _period(table), False),
            *([("Options", ", ".join(option.name for option in table.held), False)] if table.held else []),
            ("Contrat responsable", "oui" if contract.is_responsible else "non", False),
        ],
        "headings": headings_data(table, examples),
        "mentions": _mentions(insurer),
    }


def headings_data(table: GuaranteeTable, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Each heading's rows and examples, ready to print."""
    return [
        {
            "title": HEADING_LABELS[heading],
            "rows": [_row(row) for row in table.under(heading)],
            "examples": [_example(each) for each in examples if each.heading is heading],
        }
        for heading in table.headings
    ]


def _period(table: GuaranteeTable) -> str:
    if table.version is None:
        return ""
    start, end = table.version.valid_from, table.version.valid_to
    return f"du {long_date(start)} au {long_date(end)}" if end else f"depuis le {long_date(start)}"


def _row(row: TableRow) -> dict[str, str]:
    shares = shares_of(row)
    return {
        "clause": row.clause,
        "label": f"{row.label} ({row.option})" if row.option else row.label,
        "limits": shares.limits,
        "base": shares.base,
        "supplementary": shares.supplementary,
        "together": shares.together,
    }


def _example(example: Example) -> list[str]:
    amounts = (example.price, example.base, example.supplementary, example.remaining)
    return [example.label, *map(money, amounts)]


def _mentions(insurer: Insurer) -> list[str]:
    return [
        "Base\u00a0: le prix de référence de la Sécurité sociale. Les pourcentages comprennent sa part.",
        f"100{NBSP}% Santé\u00a0: des lunettes, des prothèses dentaires et des aides auditives sans reste à payer.",
        "Les exemples valent pour un adulte, dans le parcours de soins, qui n’a encore rien utilisé de ses limites.",
        "La loi laisse à chaque adulte la participation forfaitaire et les franchises, qui restent à sa charge.",
        f"Document indicatif\u00a0: seul votre contrat fait foi. Une question\u00a0? {insurer.name}, {insurer.phone}.",
    ]
