"""Employees in words: states, what happened, why they leave, and why an act is refused, with what to do about it."""

from portal.data.employees import EventKind, PeriodKind
from portal.data.leaving_rules import LeavingReason

PERIOD_LABELS: dict[PeriodKind, tuple[str, str]] = {
    PeriodKind.AFFILIATED: ("Affilié", "ok"),
    PeriodKind.INVITED: ("Invitation envoyée", "wait"),
    PeriodKind.EXEMPT: ("Dispensé", "info"),
}
EVENT_LABELS: dict[EventKind, str] = {
    EventKind.INVITED: "Invitation à s’affilier",
    EventKind.AFFILIATED: "Affiliation",
    EventKind.EXEMPTED: "Dispense d’affiliation",
    EventKind.EXEMPTION_ENDED: "Fin de dispense, affiliation",
    EventKind.CATEGORY_CHANGED: "Changement de catégorie",
    EventKind.LEFT: "Sortie de l’entreprise",
    EventKind.REINSTATED: "Réintégration",
    EventKind.ABSENT: "Congé sans solde",
    EventKind.BACK: "Retour de congé",
    EventKind.CORRECTED: "Correction",
}
REASON_LABELS: dict[LeavingReason, str] = {
    LeavingReason.DISMISSAL: "Licenciement",
    LeavingReason.AGREED: "Rupture conventionnelle",
    LeavingReason.FIXED_TERM_ENDED: "Fin de contrat à durée déterminée",
    LeavingReason.RESIGNATION: "Démission",
    LeavingReason.LEGITIMATE_RESIGNATION: "Démission pour motif légitime",
    LeavingReason.RETIREMENT: "Départ à la retraite",
    LeavingReason.GROSS_MISCONDUCT: "Licenciement pour faute lourde",
    LeavingReason.DEATH: "Décès",
    LeavingReason.TRIAL_ENDED: "Fin de période d’essai à l’initiative de l’employeur",
    LeavingReason.TRANSFER: "Mutation vers une autre entreprise du groupe",
}
REFUSALS: dict[str, str] = {
    "too-early": "Ce jour est trop ancien pour un changement en ligne. Écrivez-nous pour les cas anciens.",
    "too-late": "Ce jour est trop lointain\u00a0: annoncez un changement un an à l’avance au plus.",
    "hired-later": "L’affiliation ne peut pas commencer avant l’embauche. Vérifiez les deux dates.",
    "outside-contract": "Votre contrat de groupe n’est pas en vigueur ce jour-là. Vérifiez la date.",
    "born-later": "Cette date de naissance est postérieure à l’embauche. Vérifiez les deux dates.",
    "already-there": "Ce salarié figure déjà dans votre liste à cette date. Cherchez-le par son nom ou son matricule.",
    "matricule-taken": "Ce matricule est celui d’un autre salarié. Vérifiez-le, ou laissez-le vide.",
    "already-affiliated": "Ce salarié est déjà affilié.",
    "already-exempt": "Ce salarié est déjà dispensé.",
    "same-category": "Ce salarié est déjà dans cette catégorie. Choisissez-en une autre.",
    "not-employed": "Ce salarié ne fait pas partie de vos effectifs ce jour-là. Vérifiez la date.",
    "later-period": "Un changement plus tardif est déjà enregistré. Annulez-le d’abord, ou changez le jour.",
    "absent-already": "Un congé est déjà enregistré pour cette période. Terminez-le d’abord.",
    "not-absent": "Aucun congé sans fin n’est en cours à cette date.",
    "not-left": "Aucune sortie n’est à annuler. Pour un retour après un départ, déclarez une nouvelle embauche.",
    "not-last": "Seule la dernière opération peut être annulée. Annulez d’abord les plus récentes.",
    "final": "Une réintégration ne s’annule pas. Si la personne part, déclarez une nouvelle sortie.",
    "changed-since": "Le dossier a changé depuis cette opération\u00a0: elle ne peut plus être annulée. Écrivez-nous.",
    "moved": "Un collègue a modifié ce salarié pendant votre saisie. Vérifiez ce qui a changé, puis recommencez.",
}
