"""Delays of answers in words: which kinds of requests each space makes, and what they are called."""

from portal.data.accounts import Space
from portal.data.case_states import CaseKind
from portal.data.work_items import FRAUD

K = CaseKind
KIND_LABELS: dict[str, str] = {
    K.CLAIM: "Demandes de remboursement",
    K.QUOTE: "Devis",
    K.BENEFICIARY_ADDED: "Ajouts de bénéficiaires",
    K.BENEFICIARY_CHANGED: "Corrections de bénéficiaires",
    K.BENEFICIARY_REMOVED: "Retraits de bénéficiaires",
    K.COMPLAINT: "Réclamations",
    K.MESSAGE: "Messages",
    K.AUTONOMY: "Demandes d’autonomie",
    K.CORRECTION: "Signalements d’erreurs",
    K.CONTRIBUTION_DISPUTE: "Contestations de cotisations",
    K.INVOICE_DISPUTE: "Contestations de factures",
    K.PRACTICE_ADDRESS: "Changements d’adresse",
    K.PRACTICE_NUMBER: "Changements de FINESS",
    K.DATA_RIGHT: "Demandes sur les données",
    FRAUD: "Signalements de fraude",
}
SPACES: dict[Space, tuple[str, tuple[CaseKind, ...]]] = {
    Space.MEMBER: (
        "Adhérents",
        (
            K.CLAIM,
            K.QUOTE,
            K.BENEFICIARY_ADDED,
            K.BENEFICIARY_CHANGED,
            K.BENEFICIARY_REMOVED,
            K.MESSAGE,
            K.COMPLAINT,
            K.CORRECTION,
            K.AUTONOMY,
        ),
    ),
    Space.EMPLOYER: ("Employeurs", (K.CONTRIBUTION_DISPUTE, K.MESSAGE, K.CORRECTION)),
    Space.PROVIDER: (
        "Professionnels de santé",
        (K.MESSAGE, K.INVOICE_DISPUTE, K.PRACTICE_ADDRESS, K.PRACTICE_NUMBER, K.CORRECTION),
    ),
}


def kind_label(kind: str) -> str:
    """What requests of a kind are called, in the plural."""
    return KIND_LABELS.get(kind, kind)
