"""Where each kind of case lives: its words, its page, and the slots for its pieces.

The pages of pieces (`pages/account/pieces.py`) serve every kind, and find here what is a kind's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from portal.data.autonomy import autonomy_slots
from portal.data.beneficiary_sending import change_slots
from portal.data.case_slots import Slot
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.claims import claim_slots
from portal.data.complaints import free_slots
from portal.data.contribution_disputes import dispute_slots
from portal.data.corrections import correction_slots
from portal.data.data_request_slots import request_slots
from portal.data.invoice_disputing import invoice_dispute_slots
from portal.data.messages import message_slots
from portal.data.practice_changes import change_slots as practice_slots


@dataclass(frozen=True, slots=True)
class Area:
    """`title`: what the case is called (« Demande de remboursement »). `page`: the name of the route that shows it,
    whose parameter is `case`. `slots`: the pieces that this case takes, in order."""

    title: str
    page: str
    slots: Callable[[Session, Case], Sequence[Slot]]


AREAS: dict[CaseKind, Area] = {
    CaseKind.MESSAGE: Area("Message", "message", message_slots),
    CaseKind.CLAIM: Area("Demande de remboursement", "member.claim", claim_slots),
    CaseKind.QUOTE: Area("Devis", "member.claim", claim_slots),
    CaseKind.AUTONOMY: Area("Demande d’autonomie", "member.autonomy.request", autonomy_slots),
    CaseKind.CORRECTION: Area("Signalement", "correction", correction_slots),
    CaseKind.CONTRIBUTION_DISPUTE: Area("Contestation de cotisations", "employer.contribution.dispute", dispute_slots),
    CaseKind.INVOICE_DISPUTE: Area("Contestation de facture", "provider.dispute", invoice_dispute_slots),
    CaseKind.PRACTICE_ADDRESS: Area("Changement d’adresse", "provider.practice.change", practice_slots),
    CaseKind.PRACTICE_NUMBER: Area("Changement de FINESS", "provider.practice.change", practice_slots),
    CaseKind.DATA_RIGHT: Area("Demande sur des données", "data.request", request_slots),
    CaseKind.COMPLAINT: Area("Réclamation", "member.complaint", free_slots),
    CaseKind.BENEFICIARY_ADDED: Area("Ajout d’un bénéficiaire", "member.beneficiary.request", change_slots),
    CaseKind.BENEFICIARY_CHANGED: Area("Correction d’un bénéficiaire", "member.beneficiary.request", change_slots),
    CaseKind.BENEFICIARY_REMOVED: Area("Retrait d’un bénéficiaire", "member.beneficiary.request", change_slots),
}

STATE_LABELS: dict[CaseState, tuple[str, str]] = {
    CaseState.DRAFT: ("Brouillon", ""),
    CaseState.SENT: ("Envoyée", "info"),
    CaseState.IN_REVIEW: ("En cours d’étude", "wait"),
    CaseState.INCOMPLETE: ("À compléter", "bad"),
    CaseState.ANSWERED: ("Réponse reçue", "info"),
    CaseState.ACCEPTED: ("Acceptée", "ok"),
    CaseState.PARTLY: ("Acceptée en partie", "ok"),
    CaseState.REFUSED: ("Refusée", "bad"),
    CaseState.CANCELLED: ("Annulée", ""),
    CaseState.CLOSED: ("Close", ""),
    CaseState.LAPSED: ("Classée sans suite", ""),
}

# As the desk says it: what its author sent has come here, and what was answered waits for its author.
DESK_STATES: dict[CaseState, tuple[str, str]] = STATE_LABELS | {
    CaseState.SENT: ("Reçue", "info"),
    CaseState.INCOMPLETE: ("Attend la personne", "wait"),
    CaseState.ANSWERED: ("Répondue", "ok"),
}


def area_of(case: Case) -> Area:
    """The area of a case's kind."""
    return AREAS[CaseKind(case.kind)]


def slot_of(db: Session, case: Case, code: str) -> Slot | None:
    """One of the case's slots by its code, or None."""
    return next((slot for slot in area_of(case).slots(db, case) if slot.code == code), None)
