"""A complaint on paper: the dated copy, and the whole file with its clock and its conversation (R-26)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.complaint_words import CATEGORY_LABELS, marks_of, state_of
from portal.data.case_messages import Message
from portal.data.case_pieces import Piece
from portal.data.complaints import Told
from portal.documents import breakable, typeset
from portal.formatting import day_in_france, local_time, long_date
from portal.insurer import Insurer

LONGEST_RUN = 60


@dataclass(frozen=True, slots=True)
class Dossier:
    """A complaint and all that followed. `reason`: why the insurer answered as it did, empty before."""

    told: Told
    reason: str
    messages: Sequence[Message]
    pieces: Sequence[Piece]


def complaint_pdf(dossier: Dossier, insurer: Insurer, at: datetime) -> bytes:
    """The PDF/UA-1 of a complaint as it stands at an instant (UTC). Slow: off the event loop."""
    told, day = dossier.told, day_in_france(at)
    case = told.case
    data = {
        "title": f"Réclamation {case.reference}",
        "reference": f"réclamation {case.reference}",
        "insurer": insurer.model_dump(),
        "facts": [
            ("Référence", case.reference, False),
            *([("De", breakable(told.contact.name, LONGEST_RUN), False)] if told.contact else []),
            ("Envoyée", local_time(case.sent_at) if case.sent_at else "pas encore", False),
            ("Sujet", CATEGORY_LABELS[told.said.category], False),
            *([("Contrat", told.contract_number, False)] if told.contract_number else []),
            ("État", state_of(told)[0], False),
        ],
        "text": paragraphs(told.said.text),
        "marks": [f"{mark.title}, {long_date(mark.day)}. {mark.words}" for mark in marks_of(told, day)],
        "reason": paragraphs(dossier.reason),
        "messages": [told_message(message, insurer) for message in dossier.messages],
        "pieces": [breakable(piece.name, LONGEST_RUN) for piece in dossier.pieces],
    }
    return typeset("complaint.typ", data, at)


def told_message(message: Message, insurer: Insurer) -> dict[str, Any]:
    """A message of a conversation, ready to print."""
    who = insurer.name if message.is_from_insurer else "Vous"
    return {"head": f"{who}, {local_time(message.sent_at)}", "text": paragraphs(message.text)}


def paragraphs(text: str) -> list[str]:
    """A long text, ready to print."""
    return [breakable(line, LONGEST_RUN) for line in text.splitlines() if line.strip()]
