"""What changes of beneficiaries are called, and how their day of effect is explained, in plain French (R-23)."""

from datetime import date

from portal.data.beneficiary_changes import Change
from portal.data.beneficiary_rules import NEW_CHILD, Deadlines, Effect, Reason, Rule, Situation, next_month
from portal.data.beneficiary_sending import Problem
from portal.data.cases import CaseKind
from portal.data.contributions import Structure
from portal.data.coverage import ContractKind, Relationship
from portal.formatting import NBSP, long_date, plural

RELATIONSHIP_LABELS = {
    Relationship.MEMBER: "Titulaire du contrat",
    Relationship.SPOUSE: "Époux ou épouse",
    Relationship.CIVIL_PARTNER: "Partenaire de Pacs",
    Relationship.COHABITANT: "Concubin ou concubine",
    Relationship.CHILD: "Enfant",
    Relationship.ASCENDANT: "Parent ou grand-parent",
    Relationship.OTHER: "Autre personne à charge",
}
WHO_LABELS = {
    Relationship.CHILD: "Un enfant",
    Relationship.SPOUSE: "Mon époux ou mon épouse",
    Relationship.CIVIL_PARTNER: "Mon partenaire de Pacs",
    Relationship.COHABITANT: "La personne avec qui je vis",
    Relationship.ASCENDANT: "Mon parent ou grand-parent",
    Relationship.OTHER: "Une autre personne à ma charge",
}
REASON_LABELS = {
    Reason.BIRTH: "Naissance",
    Reason.ADOPTION: "Adoption",
    Reason.MARRIAGE: "Mariage",
    Reason.CIVIL_UNION: "Pacs",
    Reason.COHABITATION: "Vie commune",
    Reason.COVER_LOST: "Fin d’une autre mutuelle",
    Reason.PLAIN: "Pas d’événement particulier",
    Reason.DEATH: "Décès",
    Reason.SEPARATION: "Divorce, fin de Pacs ou séparation",
    Reason.INDEPENDENCE: "Fin d’études ou premier emploi",
    Reason.COMPANY_COVER: "Mutuelle obligatoire de son employeur",
    Reason.STATE_COVER: "Complémentaire santé solidaire",
    Reason.ABROAD: "Départ à l’étranger",
    Reason.YEARLY: "Autre raison, à l’échéance du contrat",
}
EVENT_LABELS = {
    Reason.ADOPTION: "Date du jugement, ou de l’arrivée au foyer",
    Reason.MARRIAGE: "Date du mariage",
    Reason.CIVIL_UNION: "Date du Pacs",
    Reason.COHABITATION: "Vie commune depuis le",
    Reason.COVER_LOST: "Dernier jour de l’ancienne mutuelle",
    Reason.DEATH: "Date du décès",
}
EVENT = "Date de l’événement"
SITUATION_LABELS = {
    Situation.STUDENT: "Étudiant, apprenti ou en formation",
    Situation.DISABLED: "En situation de handicap",
}
STRUCTURE_LABELS = {
    Structure.SINGLE: "une personne",
    Structure.PAIR: "deux personnes",
    Structure.FAMILY: "trois personnes et plus",
}
KIND_TITLES = {
    CaseKind.BENEFICIARY_ADDED: "Ajout d’un bénéficiaire",
    CaseKind.BENEFICIARY_CHANGED: "Correction",
    CaseKind.BENEFICIARY_REMOVED: "Retrait d’un bénéficiaire",
}
FIELD_LABELS = {"nom": "Nom", "prenom": "Prénom", "naissance": "Date de naissance", "nir": "Numéro de Sécurité sociale"}
GROUP = frozenset({ContractKind.GROUP_MANDATORY, ContractKind.GROUP_OPTIONAL})

PROBLEM_WORDS = {
    Problem.UNFILLED: "Complétez d’abord les informations de la demande.",
    Problem.PIECES: (
        "Il manque des pièces\u00a0: ajoutez celles marquées «\u00a0À joindre\u00a0» ou «\u00a0À renvoyer\u00a0»."
    ),
    Problem.COVERED: "Cette personne est déjà couverte par votre contrat à cette date\u00a0: il n’y a rien à demander.",
    Problem.ASKED: "Une autre demande est déjà en cours pour cette personne. Suivez-la, ou annulez-la d’abord.",
    Problem.CONTRACT_ENDS: "Votre contrat prend fin avant la date d’effet\u00a0: nous ne pouvons plus le modifier.",
}


def masked_nir(nir: str) -> str:
    """« 2 85 05 •• ••• ••• »: sex, year and month of birth, which the person knows; nothing without a NIR."""
    return f"{nir[0]} {nir[1:3]} {nir[3:5]} •• ••• •••".replace(" ", NBSP) if len(nir) == 15 else ""


def effect_title(change: Change, effect: Effect) -> str:
    """« Couverture à partir du 3 mars 2026 »."""
    if change.kind is CaseKind.BENEFICIARY_ADDED:
        return f"Couverture à partir du {long_date(effect.day)}"
    return f"Couverture jusqu’au {long_date(effect.day)} inclus"


def effect_words(change: Change, effect: Effect, deadlines: Deadlines | None) -> str:
    """Why this day, in one or two sentences."""
    words = {
        Rule.FROM_EVENT: _from_event(change, effect),
        Rule.NEXT_MONTH: f"{_late(effect)}La couverture commence le premier jour du mois qui suit l’envoi.",
        Rule.WITH_CONTRACT: "C’est le premier jour de votre contrat\u00a0: la couverture ne peut pas commencer avant.",
        Rule.ON_EVENT: "La couverture s’arrête le jour du décès.",
        Rule.MONTH_END: "La couverture va jusqu’à la fin du mois, pour vous laisser le temps de vous organiser.",
        Rule.AFTER_CHANGE: _after_change(deadlines),
        Rule.YEARLY: f"{_late(effect)}C’est la veille de la date anniversaire du contrat, avec {_notice(deadlines)}.",
    }
    return words[effect.rule]


def _from_event(change: Change, effect: Effect) -> str:
    limit = long_date(effect.limit) if effect.limit else ""
    since = _SINCE.get(change.reason, _SINCE[None])
    if change.case.sent_at:
        return f"La personne est couverte {since}\u00a0: vous avez envoyé la demande avant la date limite, le {limit}."
    return f"La personne est couverte {since}, si vous envoyez cette demande au plus tard le {limit}."


_SINCE: dict[Reason | None, str] = {
    None: "dès le jour de l’événement",
    Reason.BIRTH: "dès la naissance",
    Reason.ADOPTION: "dès l’arrivée de l’enfant",
    Reason.COVER_LOST: "dès le lendemain de l’ancienne mutuelle, sans interruption",
}


def _late(effect: Effect) -> str:
    return f"La date limite pour une date plus proche était le {long_date(effect.limit)}. " if effect.limit else ""


def _after_change(deadlines: Deadlines | None) -> str:
    months = _months(deadlines.change_effect) if deadlines else "un mois"
    return (
        f"Après ce changement de situation, la couverture prend fin {months} après l’envoi de la demande, ou la veille "
        "du changement s’il est plus lointain (code de la mutualité, L221-17)."
    )


def _notice(deadlines: Deadlines | None) -> str:
    return f"{_months(deadlines.notice) if deadlines else 'deux mois'} de préavis"


def _months(count: int) -> str:
    return plural(count, "mois", "mois")


def charged_words(effect: Effect) -> str:
    """From when the contribution changes; the months that a newborn costs nothing."""
    since = long_date(effect.charged_from)
    if (effect.charged_from - effect.day).days > 1:
        return f"Gratuit jusqu’à cette date\u00a0: la nouvelle cotisation s’applique à partir du {since}."
    return f"À partir du {since}."


def event_label(reason: Reason | None) -> str:
    """What the event's day is called."""
    return EVENT_LABELS.get(reason, EVENT) if reason else EVENT


def state_of(valid_from: date, valid_to: date | None, today: date) -> tuple[str, str]:
    """The state of a cover: words and tone of its badge."""
    if valid_to is not None and valid_to < today:
        return f"Terminée le {long_date(valid_to)}", ""
    if valid_from > today:
        return f"À partir du {long_date(valid_from)}", "info"
    if valid_to is not None:
        return f"Jusqu’au {long_date(valid_to)}", "wait"
    return "En cours", "ok"


BY_HAND = "Un gestionnaire calcule la date et vous l’écrit."


def promise(reason: Reason, deadlines: Deadlines | None, today: date) -> str:
    """From when cover begins, before anything is typed."""
    if deadlines is None:
        return BY_HAND
    if reason in {Reason.COHABITATION, Reason.PLAIN}:
        soon = long_date(next_month(today))
        return f"Le premier jour du mois qui suit la demande\u00a0: le {soon}, si vous l’envoyez ce mois-ci."
    since = _SINCE.get(reason, _SINCE[None])
    within = _months(deadlines.birth if reason in NEW_CHILD else deadlines.event)
    free = f" Les {_months(deadlines.birth_free)} qui suivent sont gratuits." if reason in NEW_CHILD else ""
    return (
        f"{since[0].upper()}{since[1:]}, si vous envoyez la demande dans un délai de {within}.{free} "
        "Passé ce délai, le premier jour du mois qui suit la demande."
    )


def removal_promise(reason: Reason, deadlines: Deadlines | None) -> str:
    """Until when cover lasts, by reason, before anything is typed."""
    if reason is Reason.DEATH:
        return "Fin de la couverture le jour du décès."
    if reason in {Reason.SEPARATION, Reason.INDEPENDENCE}:
        return "Fin de la couverture à la fin du mois."
    if deadlines is None:
        return BY_HAND
    if reason is Reason.YEARLY:
        return f"Fin de la couverture la veille de la date anniversaire du contrat, avec {_notice(deadlines)}."
    effect, limit = _months(deadlines.change_effect), _months(deadlines.change)
    return f"Fin de la couverture {effect} après la demande, à envoyer dans les {limit} qui suivent le changement."
