"""The valuing of claims in words: for agents, what is wrong with a line; for members, what was decided."""

from datetime import date

from portal.data.benefits import BenefitLine, LineKind, Status
from portal.data.cases import CaseState
from portal.data.claim_settling import Outcome, Valued
from portal.data.payments import Hold, PaymentDue
from portal.data.valuation import LONGEST_WORDS, SHORTEST_WORDS, LineProblem, Reason, Verdict
from portal.formatting import long_date, money

VERDICTS = {
    Verdict.ACCEPTED: "Payer ce que donne le contrat",
    Verdict.FIXED: "Payer un autre montant",
    Verdict.REFUSED: "Refuser",
}
REASONS = {
    Reason.UNCOVERED: "Non couvert par le contrat",
    Reason.WAITING: "Pendant le délai de carence",
    Reason.LIMIT: "Limite de la garantie atteinte",
    Reason.TWIN: "Déjà remboursé",
    Reason.BARRED: "Plus de deux ans (L221-11)",
    Reason.PIECE: "Un document manque",
    Reason.OTHER: "Autre raison, à écrire",
}
# The field of a line beside which a problem stands, and what to do about it.
PROBLEMS: dict[LineProblem, tuple[str, str]] = {
    LineProblem.SPENT: ("prix", "Donnez le prix payé et le nombre de soins, plus grands que zéro."),
    LineProblem.SHARES: ("secu", "La Sécurité sociale et l’autre organisme ont payé plus que le prix. Vérifiez-les."),
    LineProblem.TO_COME: ("jour", "Ce jour n’est pas encore venu. Vérifiez la date du soin."),
    LineProblem.UNCOVERED: (
        "jour",
        "Cette personne n’est pas couverte ce jour-là, ou le soin n’a pas de tarif\u00a0: vérifiez, ou refusez.",
    ),
    LineProblem.NOT_WAITING: (
        "jour",
        "La ligne qui attendait ce document a changé. Retirez cette ligne, et refaites-la.",
    ),
    LineProblem.BARRED: ("decision", "Ce soin avait plus de deux ans à l’envoi\u00a0: refusez-le pour cette raison."),
    LineProblem.NO_REASON: ("motif", "Choisissez la raison du refus."),
    LineProblem.FIXED: ("fixe", "Donnez un montant plus grand que zéro, et pas plus que ce qui reste à payer."),
    LineProblem.WORDS: ("mots", f"Expliquez à l’adhérent, en {SHORTEST_WORDS} caractères au moins."),
    LineProblem.TWIN: (
        "autre-soin",
        "Un soin semblable est déjà connu\u00a0: refusez cette ligne, ou cochez que c’est un autre soin.",
    ),
    LineProblem.NOTHING: ("decision", "Le contrat ne paie rien pour ce soin\u00a0: refusez la ligne, avec sa raison."),
}
MOVED = (
    "Les montants ont changé depuis que vous les avez lus\u00a0: un autre dossier a été liquidé, ou un collègue a "
    "modifié celui-ci. Relisez, puis décidez."
)
STALE = (
    "Ce que donnent les règles a changé depuis que cette liquidation a été proposée\u00a0: renvoyez-la à son auteur, "
    "qui relira les montants."
)
STALE_REASON = "Les montants ont changé depuis votre décision. Relisez-les, puis proposez de nouveau."
NEAR = "Ce dossier est le vôtre, ou celui d’un proche\u00a0: un autre gestionnaire doit le traiter."
LONG_WORDS = f"Raccourcissez ce texte\u00a0: {LONGEST_WORDS} caractères au plus."
HOLDS = {
    Hold.NO_ACCOUNT: "Paiement en attente de vos coordonnées bancaires",
    Hold.RETURNED: "Votre banque a renvoyé le virement\u00a0: donnez un autre compte",
    Hold.FROZEN: "Paiement suspendu tant que votre compte est gelé",
    Hold.OWING: "Retenu sur vos prochains remboursements",
    Hold.DEATH: "Paiement gardé pour la succession",
}


def due_words(due: PaymentDue, cents: int) -> str:
    """When a line will be paid, or why it waits, as its reader sees it."""
    if cents < 0 and not due.hold:
        return f"Vient en moins du virement du {long_date(due.due_on)}, avec la ligne qui la remplace"
    if due.hold:
        return HOLDS[Hold(due.hold)]
    return f"Validée, paiement prévu le {long_date(due.due_on)}"


def line_words(line: BenefitLine, due: PaymentDue | None, paid_on: date | None) -> str:
    """What becomes of a line's money, as the person who asked for it reads it; empty when there is nothing to say."""
    if due is not None:
        return due_words(due, line.supplementary_cents)
    if paid_on is not None:
        done = "Rectifié le" if line.kind == LineKind.CORRECTION else "Payée le"
        return f"{done} {long_date(paid_on)}"
    return line.note if line.status in {Status.REFUSED, Status.AWAITING_PIECE} else ""


def problem_words(valued: Valued) -> list[str]:
    """What is wrong with a line."""
    return [PROBLEMS[problem][1] for problem in valued.problems]


def usual_words(outcome: Outcome) -> str:
    """The first words of the decision, for the agent to complete."""
    if outcome.decision is CaseState.REFUSED:
        return "Bonjour, nous ne pouvons pas rembourser cette demande. La raison figure à côté de chaque soin."
    paid = f"nous vous remboursons {money(outcome.granted)}"
    if outcome.decision is CaseState.PARTLY:
        return f"Bonjour, {paid}. Une partie est refusée\u00a0: la raison figure à côté de chaque soin."
    return f"Bonjour, {paid}. Le calcul se lit à côté de chaque soin."
