"""A dispute about an invoice on paper: what was sent, the answer, and all that was written (R-40)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.complaint_documents import LONGEST_RUN, paragraphs, told_message
from portal.data.case_messages import Message
from portal.data.case_pieces import Piece
from portal.data.invoice_disputing import Contested
from portal.data.invoices import InvoiceState
from portal.documents import breakable, typeset
from portal.formatting import day_in_france, local_time, long_date, money
from portal.insurer import Insurer
from portal.invoice_dispute_words import MOTIVE_LABELS, marks_of, state_of
from portal.invoice_words import STATE_LABELS

PDF_SOURCE = "complaint.typ"
Fact = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dispute and all that followed. `reason`: why the insurer answered as it did, empty before."""

    told: Contested
    reason: str
    messages: Sequence[Message]
    pieces: Sequence[Piece]


def dispute_pdf(dossier: Dossier, insurer: Insurer, at: datetime) -> bytes:
    """The PDF/UA-1 of a dispute as it stands at an instant (UTC). Slow: off the event loop."""
    told, case = dossier.told, dossier.told.case
    data = {
        "title": f"Contestation {case.reference}",
        "reference": f"contestation {case.reference}",
        "insurer": insurer.model_dump(),
        "facts": _facts(told),
        "text": paragraphs(told.said.text),
        "marks": [f"{mark.title}, {long_date(mark.day)}. {mark.words}" for mark in marks_of(case, day_in_france(at))],
        "reason": paragraphs(dossier.reason),
        "messages": [told_message(message, insurer) for message in dossier.messages],
        "pieces": [breakable(piece.name, LONGEST_RUN) for piece in dossier.pieces],
    }
    return typeset(PDF_SOURCE, data, at)


def _facts(told: Contested) -> list[Fact]:
    case, row, invoice = told.case, told.row, told.invoice
    claimed: list[Fact] = [("Montant attendu", money(row.claimed_cents), False)] if row.claimed_cents else []
    granted: list[Fact] = [("Montant retenu", money(row.granted_cents), False)] if row.granted_cents else []
    return [
        ("Référence", case.reference, True),
        ("Envoyée", local_time(case.sent_at) if case.sent_at else "pas encore", False),
        ("État", state_of(case)[0], False),
        ("Facture", breakable(invoice.number, LONGEST_RUN), True),
        ("Patient", breakable(invoice.patient, LONGEST_RUN), False),
        ("Date des soins", long_date(invoice.care_date), False),
        ("Contestée quand elle était", STATE_LABELS[InvoiceState(row.state)][0].lower(), False),
        ("Motif", MOTIVE_LABELS[told.said.motive], False),
        *claimed,
        *granted,
    ]
