"""The notice of a transfer to a professional: PDF/UA-1 (R-40)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from portal.data.organisations import Provider
from portal.data.transfer_reading import LineRow, TransferRow
from portal.documents import breakable, typeset
from portal.formatting import long_date, money, number, plural, short_date
from portal.insurer import Insurer

PDF_SOURCE = "transfer-notice.typ"
UNMATCHED = "Facture non retrouvée dans nos dossiers"


@dataclass(frozen=True, slots=True)
class TransferFile:
    """All that the notice of a transfer says. `credited`: the account it went to, masked; empty when nobody knows."""

    transfer: TransferRow
    practice: Provider
    lines: list[LineRow]
    credited: str


def transfer_pdf(file: TransferFile, insurer: Insurer) -> bytes:
    """The PDF/UA-1 of a transfer. The same transfer gives the same bytes. Slow: off the event loop."""
    at = datetime.combine(file.transfer.paid_on, time(12), UTC)
    return typeset(PDF_SOURCE, pdf_data(file, insurer), at)


def pdf_data(file: TransferFile, insurer: Insurer) -> dict[str, Any]:
    """What the Typst source receives: texts only, ready to print."""
    transfer, practice = file.transfer, file.practice
    sums = [("Total des lignes", money(transfer.lines_cents)), ("Montant du virement", money(transfer.amount_cents))]
    gap = [("Écart à éclaircir", money(transfer.gap_cents))] if transfer.gap_cents else []
    return {
        "reference": transfer.reference,
        "title": f"Avis de règlement {transfer.reference}",
        "subtitle": f"Virement du {long_date(transfer.paid_on)}",
        "insurer": insurer.model_dump(),
        "facts": [
            ("Professionnel", breakable(practice.name, 18), False),
            ("Numéro national", practice.national_id, True),
            ("Compte crédité", file.credited or "Non communiqué", True),
            ("Lignes", plural(transfer.lines, "ligne"), False),
        ],
        "lines": [_cells(line) for line in file.lines],
        "sums": sums + gap,
    }


def _cells(line: LineRow) -> tuple[str, str, str, str]:
    patient = line.patient or UNMATCHED
    told = f"{patient} ({line.label})" if line.label and line.patient else patient
    care = short_date(line.care_date) if line.care_date else "–"
    return breakable(line.invoice_number, 18), breakable(told, 18), care, number(line.amount_cents)
