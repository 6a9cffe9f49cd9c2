"""The kinds of cases, the states that a case takes, and where it may go from each."""

from enum import StrEnum


class CaseKind(StrEnum):
    """Values are stored, and part of the evidence."""

    CLAIM = "remboursement"
    QUOTE = "devis"
    BENEFICIARY_ADDED = "ajout-beneficiaire"
    BENEFICIARY_CHANGED = "modification-beneficiaire"
    BENEFICIARY_REMOVED = "retrait-beneficiaire"
    COMPLAINT = "reclamation"
    MESSAGE = "message"
    AUTONOMY = "autonomie"
    CORRECTION = "signalement-erreur"
    CONTRIBUTION_DISPUTE = "contestation-cotisation"
    INVOICE_DISPUTE = "contestation-facture"
    PRACTICE_ADDRESS = "adresse-cabinet"
    PRACTICE_NUMBER = "finess-cabinet"
    DATA_RIGHT = "droit-donnees"


class CaseState(StrEnum):
    """DRAFT: not sent yet. INCOMPLETE: waits for the person (a piece, an answer). ANSWERED: a conversation in which the
    insurer spoke last. CANCELLED: taken back by the person. CLOSED: a conversation that is settled, till one writes.
    LAPSED: what was asked for never came; its author may take it up again (`case_silence.py`)."""

    DRAFT = "brouillon"
    SENT = "envoyee"
    IN_REVIEW = "en_instruction"
    INCOMPLETE = "a_completer"
    ANSWERED = "repondue"
    ACCEPTED = "acceptee"
    PARTLY = "acceptee_en_partie"
    REFUSED = "refusee"
    CANCELLED = "annulee"
    CLOSED = "close"
    LAPSED = "sans_suite"


S = CaseState
DECISIONS = frozenset({S.ACCEPTED, S.PARTLY, S.REFUSED})
ENDS = DECISIONS | {S.CANCELLED, S.LAPSED}
WITH_INSURER = frozenset({S.SENT, S.IN_REVIEW})
_BY_INSURER = DECISIONS | {S.IN_REVIEW, S.INCOMPLETE, S.ANSWERED, S.CLOSED}
# From each state, where a case may go next.
MOVES: dict[CaseState, frozenset[CaseState]] = {
    S.DRAFT: frozenset({S.SENT}),
    S.SENT: _BY_INSURER | {S.CANCELLED},
    S.IN_REVIEW: _BY_INSURER - {S.IN_REVIEW} | {S.CANCELLED},
    S.INCOMPLETE: frozenset({S.SENT, S.CANCELLED, S.CLOSED, S.LAPSED}) | DECISIONS,
    S.ANSWERED: frozenset({S.SENT, S.ANSWERED, S.CLOSED, S.CANCELLED}) | DECISIONS,
    S.CLOSED: frozenset({S.SENT, S.ANSWERED}),
    **dict.fromkeys(ENDS, frozenset()),
}

# Their authors write and add pieces until they end, and that alone answers the insurer.
ALWAYS_OPEN = frozenset({CaseKind.MESSAGE, CaseKind.COMPLAINT, CaseKind.CORRECTION, CaseKind.INVOICE_DISPUTE})
