"""Lines put right, and sums paid too much, in words: for agents, for members, in letters."""

from portal.data.overpayments import Owed, StepKind
from portal.data.rectification_review import Effect, Obstacle, Review
from portal.data.valuation import SHORTEST_WORDS
from portal.formatting import long_date, money

# What a rectification does, as the agent who decides it reads it: its title, and the sentence.
EFFECTS: dict[Effect, tuple[str, str]] = {
    Effect.UNPAID: (
        "Rien n’était encore versé",
        "Le bon montant partira avec les prochains virements.",
    ),
    Effect.PAID_MORE: (
        "Un complément sera versé",
        "La différence partira avec les prochains virements, sur le compte en vigueur de l’adhérent.",
    ),
    Effect.OWED: (
        "Une somme sera à rendre",
        "L’adhérent reçoit une lettre\u00a0: quoi, pourquoi, comment contester. Rien n’est retenu sans son accord.",
    ),
    Effect.OWED_LESS: (
        "La somme à rendre diminue",
        "Rien n’est versé\u00a0: la différence vient en moins de ce que l’adhérent doit déjà rendre pour ce soin.",
    ),
    Effect.NONE: ("Aucun argent ne bouge", "Le calcul change, pas ce qui est dû."),
}
# The field beside which an obstacle stands, and what to do about it.
OBSTACLES: dict[Obstacle, tuple[str, str]] = {
    Obstacle.SAME: ("prix", "Rien ne change\u00a0: modifiez ce qui est faux, ou revenez au dossier."),
    Obstacle.BARRED: (
        "decision",
        "Ce soin a été payé il y a plus de deux ans\u00a0: rien ne se réclame plus (L221-11). Gardez la ligne.",
    ),
    Obstacle.TWO_STEPS: (
        "prix",
        "Une somme est déjà à rendre pour ce soin\u00a0: rectifiez d’abord au montant versé, puis au bon.",
    ),
    Obstacle.PERSON: ("personne", "Une ligne se rectifie pour la même personne\u00a0: annulez-la, puis refaites-la."),
}
MOVED = (
    "Ce que fait cette rectification a changé depuis que vous l’avez lue\u00a0: un virement est parti, ou un collègue "
    "a modifié le dossier. Relisez, puis décidez."
)
STALE = (
    "Ce que fait cette décision a changé depuis qu’elle a été proposée\u00a0: renvoyez-la à son auteur, qui relira les "
    "montants."
)
STALE_REASON = "Les montants, ou ce qui est versé, ont changé depuis votre décision. Relisez, puis proposez de nouveau."
NO_REASON = f"Expliquez à l’adhérent pourquoi la ligne change, en {SHORTEST_WORDS} caractères au moins."
NO_PROBLEM = "Cette ligne ne peut plus être rectifiée ainsi."

# How a sum owed ended, with the tone of its badge.
ENDINGS: dict[StepKind, tuple[str, str]] = {
    StepKind.WITHHELD: ("Rendue, par retenue", "ok"),
    StepKind.REPAID: ("Rendue", "ok"),
    StepKind.REDUCED: ("Plus rien à rendre", "ok"),
    StepKind.WAIVED: ("Abandonnée par la mutuelle", "ok"),
    StepKind.VOID: ("Sans objet", "ok"),
}
STEPS: dict[StepKind, str] = {
    StepKind.AGREED: "Vous acceptez la retenue sur vos prochains remboursements",
    StepKind.WITHDRAWN: "Vous retirez cet accord",
    StepKind.WITHHELD: "{amount} retenus sur un virement",
    StepKind.UNDONE: "{amount} de nouveau à rendre\u00a0: le virement nous est revenu",
    StepKind.REPAID: "{amount} reçus de vous",
    StepKind.REDUCED: "{amount} de moins à rendre\u00a0: le soin a été rectifié de nouveau",
    StepKind.WAIVED: "Nous ne réclamons plus cette somme",
    StepKind.VOID: "Plus rien à rendre\u00a0: le versement nous était revenu",
    StepKind.REFUNDED: "{amount} rendus par nous",
}


def standing_badge(standing: Owed) -> tuple[str, str]:
    """Where a sum owed stands, with its tone."""
    if standing.row.ended_at is not None:
        return ENDINGS[standing.ending or StepKind.VOID]
    if standing.is_contested:
        return "Contestée\u00a0: en attente de notre réponse", "wait"
    return ("Retenue acceptée", "info") if standing.row.agreed_at else ("À rendre", "bad")


def told_steps_of(standing: Owed) -> list[tuple[str, object]]:
    """What happened to a sum owed, as the member reads it: words, and when."""
    return [(STEPS[StepKind(step.kind)].format(amount=money(abs(step.cents))), step.at) for step in standing.steps]


def usual_words(review: Review) -> str:
    """The first words of a rectification, for the agent to complete."""
    line = review.line
    return f"Nous avons relu le calcul de votre soin du {long_date(line.care_date)}\u00a0: "
