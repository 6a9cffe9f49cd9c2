"""Exemptions in words: states, legal kinds, what the employee states, what ended one."""

from portal.data.exemption_grounds import ExemptionGround, GroundKind
from portal.data.exemption_register import RegisterRow, Shown, Standing
from portal.data.exemption_rows import EndCause, Origin, StepKind
from portal.formatting import long_date, plural

STATEMENT = (
    "Je demande, de ma propre initiative, à ne pas être affilié au contrat santé de mon entreprise. J’ai été informé "
    "des conséquences de ce choix\u00a0: ni ma famille ni moi ne serons remboursés par ce contrat, mon employeur n’en "
    "paiera pas sa part pour moi, et je n’aurai droit ni à sa portabilité ni à son maintien après mon départ. Je "
    "préviens mon employeur dès que ma situation change. Je peux demander à être affilié à tout moment."
)
RULE = (
    "Une dispense est toujours demandée par le salarié, par écrit. Sans demande ni preuve pour chacun, "
    "l’Urssaf peut réintégrer votre part dans l’assiette des cotisations (code de la sécurité sociale, L911-7, "
    "D911-2 et R242-1-6)."
)
STANDING_LABELS: dict[Standing, tuple[str, str]] = {
    Standing.TO_COMPLETE: ("Pièces à joindre", "wait"),
    Standing.TO_DECIDE: ("À décider", "wait"),
    Standing.IN_FORCE: ("En cours", "ok"),
    Standing.UNPROVEN: ("Sans preuve", "bad"),
    Standing.TO_RENEW: ("Bientôt échue", "wait"),
    Standing.EXPIRED: ("Échue", "bad"),
    Standing.ENDED: ("Terminée", ""),
    Standing.REFUSED: ("Refusée", ""),
    Standing.CANCELLED: ("Abandonnée", ""),
}
SHOWN_LABELS: dict[Shown, str] = {
    Shown.ALL: "Toutes",
    Shown.WAITING: "À décider",
    Shown.IN_FORCE: "En cours",
    Shown.TO_RENEW: "Bientôt échues ou échues",
    Shown.MISSING: "Pièces manquantes",
    Shown.PAST: "Terminées ou refusées",
}
KIND_LABELS = {GroundKind.BY_LAW: "De droit", GroundKind.BY_ACT: "Prévue par votre acte"}
ORIGIN_LABELS = {
    Origin.ONLINE: "En ligne, par le salarié",
    Origin.PAPER: "Demande écrite, enregistrée par l’entreprise",
    Origin.FILE: "Fichier de salariés",
}
CAUSE_LABELS = {
    EndCause.AFFILIATED: "Affilié ensuite",
    EndCause.LEFT: "Départ de l’entreprise",
    EndCause.REPLACED: "Remplacée par une autre demande",
}
NO_EFFECT = "N’a pas pris effet"
STEP_LABELS = {
    StepKind.ASKED: "Demande reçue",
    StepKind.ACCEPTED: "Dispense acceptée",
    StepKind.REFUSED: "Dispense refusée",
    StepKind.CANCELLED: "Demande abandonnée",
    StepKind.REMINDED: "Échéance rappelée par e-mail",
}


def standing_words(row: RegisterRow) -> str:
    """What to do about an exemption, or what became of it, in one sentence."""
    until = long_date(row.valid_until) if row.valid_until else ""
    return {
        Standing.TO_COMPLETE: "Il manque une pièce avant de décider.",
        Standing.TO_DECIDE: "Tout y est\u00a0: acceptez ou refusez.",
        Standing.IN_FORCE: f"Valable jusqu’au {until}." if until else "Sans échéance, tant que sa situation dure.",
        Standing.UNPROVEN: "Dispensé sans preuve complète\u00a0: joignez les pièces, ou affiliez le salarié.",
        Standing.TO_RENEW: f"Valable jusqu’au {until}\u00a0: {_soon(row)}",
        Standing.EXPIRED: f"Échue le {until}\u00a0: {_over(row)}",
        Standing.ENDED: _ended(row),
        Standing.REFUSED: "Cette demande n’a rien changé pour le salarié.",
        Standing.CANCELLED: "Cette demande n’a pas eu de suite.",
    }[Standing(row.standing)]


def ground_words(ground: ExemptionGround) -> list[str]:
    """What a legal case asks for and how long it holds, in short sentences."""
    words = [ground.condition]
    if ground.evidence:
        words.append(f"Justificatif\u00a0: {ground.evidence[:1].lower()}{ground.evidence[1:]}.")
    if ground.renewal_months:
        words.append(f"À justifier à nouveau tous les {plural(ground.renewal_months, 'mois', 'mois')}.")
    elif ground.needs_until:
        words.append("Elle s’arrête avec la couverture, ou le contrat, qui la justifie.")
    else:
        words.append("Sans échéance, tant que la situation dure.")
    if not ground.is_renewable:
        words.append("Elle ne se renouvelle pas.")
    return words


def _soon(row: RegisterRow) -> str:
    if row.is_renewable:
        return "demandez un nouveau justificatif."
    return "ce cas ne se renouvelle pas, prévoyez d’affilier le salarié ensuite."


def _over(row: RegisterRow) -> str:
    if row.is_renewable:
        return "renouvelez-la, ou affiliez le salarié."
    return "ce cas ne se renouvelle pas, affiliez le salarié, sauf s’il en invoque un autre."


def _ended(row: RegisterRow) -> str:
    cause = CAUSE_LABELS[EndCause(row.end_cause)] if row.end_cause else "Terminée"
    if row.ended_on is None:
        return ""
    return f"{cause}. {NO_EFFECT}." if row.never_held else f"{cause}. Dernier jour\u00a0: {long_date(row.ended_on)}."
