"""Why a decision could not be applied, in words for the agent."""

from portal.data.beneficiary_decisions import CannotApply
from portal.data.cases import WrongState
from portal.data.claim_valuing import AmountsMoved, NotValued, TooNear
from portal.data.data_right_desk import ExtendedAlready, IdentityOwed, TooLate, WordsOwed
from portal.data.data_right_desk import NumberTaken as NirTaken
from portal.data.invoice_dispute_desk import NothingToPay
from portal.data.practice_moving import NumberTaken
from portal.valuation_words import NEAR, STALE

REFUSED = (
    CannotApply,
    ExtendedAlready,
    IdentityOwed,
    NirTaken,
    NotValued,
    NothingToPay,
    NumberTaken,
    TooLate,
    TooNear,
    WrongState,
)
WORDS: dict[type[Exception], str] = {
    AmountsMoved: STALE,
    NotValued: STALE,
    TooNear: NEAR,
    NothingToPay: "Ce montant dépasse ce qui est demandé, ou ne dépasse pas ce qui est déjà payé.",
    NumberTaken: "Un autre professionnel porte déjà ce numéro FINESS\u00a0: vérifiez l’attestation.",
    NirTaken: "Une autre personne porte déjà ce numéro\u00a0: vérifiez la pièce.",
    ExtendedAlready: "Ce délai est déjà prolongé\u00a0: il ne l’est qu’une fois.",
    IdentityOwed: "Vérifiez d’abord qui demande\u00a0: personne ne s’est connecté pour cette demande. Demandez une "
    "preuve d’identité, ou détruisez celle qui est jointe une fois vérifiée.",
    TooLate: "Le premier mois est passé\u00a0: le délai ne se prolonge plus.",
    WordsOwed: "Dites ce que vous avez fait\u00a0: la personne le lira.",
    WrongState: "Cette décision n’est pas possible dans l’état de ce dossier. Vérifiez les montants et le texte, ou "
    "revenez au dossier.",
}


def words_of(problem: Exception) -> str:
    """The problem in French."""
    return WORDS.get(type(problem)) or str(problem)
