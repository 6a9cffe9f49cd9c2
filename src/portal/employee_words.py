"""Employees in words: states, what happened, why they leave, and why an act is refused, with what to do about it."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.data.employee_history import Author, Told
from portal.data.employees import EmployeeEvent, EventKind, PeriodKind
from portal.data.leaving_rules import LeavingReason, Portability
from portal.formatting import long_date, plural

PERIOD_LABELS: dict[PeriodKind, tuple[str, str]] = {
    PeriodKind.AFFILIATED: ("Affilié", "ok"),
    PeriodKind.INVITED: ("Invitation envoyée", "wait"),
    PeriodKind.EXEMPT: ("Dispensé", "info"),
}
EVENT_LABELS: dict[EventKind, str] = {
    EventKind.INVITED: "Invitation à s’affilier",
    EventKind.INVITATION_ENDED: "Invitation retirée",
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
    "ground-closed": "Ce cas n’est pas ouvert à vos salariés à cette date. Choisissez-en un autre dans la liste.",
    "ground-unknown": "Ce code de dispense n’est pas ouvert à vos salariés à cette date. Ceux qui le sont figurent "
    "au bas de la page des dispenses.",
    "stated-later": "La demande écrite ne peut pas être datée de demain ou plus tard. Vérifiez le jour.",
    "insurer-needed": "Indiquez l’organisme qui couvre déjà le salarié\u00a0: la loi demande de le désigner.",
    "until-needed": "Indiquez jusqu’à quel jour cette couverture, ou ce contrat, dure\u00a0: la dispense finit avec.",
    "until-before": "Cette couverture s’arrête avant le début de la dispense. Vérifiez les deux dates.",
    "until-too-far": "Ce jour est trop lointain pour ce cas. Relisez la date sur le justificatif.",
    "not-renewable": "Ce cas ne se renouvelle pas\u00a0: à son terme, affiliez le salarié, ou choisissez un autre cas.",
    "asked-already": "Une demande de ce salarié attend déjà une décision. Décidez d’abord de celle-là.",
    "exemption-decided": "Une décision a déjà été prise sur cette demande. Relisez la page pour voir où elle en est.",
    "exemption-evidence": "Il manque une pièce\u00a0: ajoutez-la, puis acceptez. Sans preuve, rien ne tient.",
    "exemption-expired": "Ce justificatif n’est plus valable. Refusez cette demande, et demandez-en un plus récent.",
    "exemption-earlier": "Cette demande commence avant la dispense en cours. Refusez-la, et recommencez-en une.",
    "not-exempt": "Ce salarié n’est plus dispensé. Relisez sa fiche pour voir où il en est.",
    "same-category": "Ce salarié est déjà dans cette catégorie. Choisissez-en une autre.",
    "other-contract": "Cette catégorie est celle d’un autre contrat de groupe. Choisissez-en une du même contrat.",
    "not-employed": "Ce salarié ne fait pas partie de vos effectifs ce jour-là. Vérifiez la date.",
    "later-period": "Un changement plus tardif est déjà enregistré. Annulez-le d’abord, ou changez le jour.",
    "absent-already": "Un congé est déjà enregistré. Déclarez le retour, ou choisissez un jour après ce congé.",
    "absent-uncovered": "Un congé sans couverture court ce jour-là, ou commence ensuite. Choisissez un jour après ce"
    " congé, ou déclarez d’abord le retour.",
    "not-absent": "Aucun congé à terminer ce jour-là. Choisissez un jour entre le deuxième et le dernier du congé.",
    "not-left": "Aucune sortie n’est à annuler. Pour un retour après un départ, déclarez une nouvelle embauche.",
    "not-last": "Seule la dernière opération peut être annulée. Annulez d’abord les plus récentes.",
    "final": "Cette opération ne s’annule pas. Si la personne part ou revient, déclarez-le à nouveau.",
    "no-email": "Indiquez l’adresse e-mail à laquelle envoyer l’invitation.",
    "exemption-pending": "Ce salarié demande une dispense\u00a0: décidez-en d’abord, dans le registre des dispenses.",
    "not-invited": "Cette invitation n’attend plus de réponse. Regardez où en est le salarié dans votre liste.",
    "changed-since": "Le dossier a changé depuis cette opération\u00a0: elle ne peut plus être annulée. Écrivez-nous.",
    "undo-too-late": "Une opération s’annule jusqu’à minuit, le jour où elle est faite. Écrivez-nous, ou corrigez-la.",
    "undo-none": "Cette opération ne s’annule pas\u00a0: déclarez à nouveau ce qui doit l’être.",
    "known-number": "Ce numéro est celui d’un autre salarié de votre liste. Vérifiez-le.",
    "moved": "Un collègue a modifié ce salarié pendant votre saisie. Vérifiez ce qui a changé, puis recommencez.",
}
FIELD_LABELS = {
    "last_name": "nom de naissance",
    "usage_name": "nom d’usage",
    "first_name": "prénom",
    "birth_date": "date de naissance",
    "hired_on": "date d’embauche",
    "matricule": "matricule",
    "email": "adresse e-mail",
    "nir": "numéro de Sécurité sociale",
}
_AUTHORS = {Author.EMPLOYEE: "le salarié", Author.INSURER: "la mutuelle"}


def author_words(told: Told) -> str:
    """« Camille Exemple », « le salarié », « la mutuelle »."""
    return told.name or _AUTHORS.get(told.author, "")


def event_words(event: EmployeeEvent) -> str:
    """What an event changed and from when, in a sentence."""
    details: Mapping[str, Any] = json.loads(event.details)
    day, kind = long_date(event.effective_on), EventKind(event.kind)
    if kind is EventKind.CORRECTED:
        fields = [FIELD_LABELS.get(name, "") for name in details.get("fields", [])]
        return f"Corrigé\u00a0: {', '.join(filter(None, fields)) or 'ce qui était déclaré'}."
    if kind is EventKind.LEFT:
        return _left(details, day)
    if kind is EventKind.CATEGORY_CHANGED:
        return f"De «\u00a0{details.get('before')}\u00a0» à «\u00a0{details.get('category')}\u00a0» à partir du {day}."
    if kind is EventKind.ABSENT:
        until = details.get("until")
        end = f"du {day} au {long_date(date.fromisoformat(until))}" if until else f"à partir du {day}, sans date de fin"
        return f"Congé {end}, {'couverture maintenue' if details.get('keeps_cover') else 'couverture suspendue'}."
    category = f", catégorie «\u00a0{details['category']}\u00a0»" if details.get("category") else ""
    return f"Effet le {day}{category}."


def portability_words(right: Portability, figure: int) -> str:
    """Why portability lasts as long as it does, or that there is none."""
    if right.starts_on is None or right.ends_on is None:
        return "Ce motif n’ouvre pas de portabilité\u00a0: la couverture s’arrête le dernier jour du contrat."
    capped = f", dans la limite de {figure}\u00a0mois" if right.contract_months > figure else ""
    return (
        f"Le contrat de travail a duré {plural(right.contract_months, 'mois', 'mois')}, tout mois commencé compte"
        f"{capped}\u00a0: la couverture continue gratuitement {plural(right.months, 'mois', 'mois')}, "
        f"du {long_date(right.starts_on)} au {long_date(right.ends_on)}, tant que dure l’indemnisation du chômage."
    )


def _left(details: Mapping[str, Any], day: str) -> str:
    months = details.get("months") or 0
    reason = REASON_LABELS[LeavingReason(details["reason"])]
    after = f", portabilité pendant {plural(months, 'mois', 'mois')}" if months else ", sans portabilité"
    return f"{reason}, dernier jour le {day}{after}."
