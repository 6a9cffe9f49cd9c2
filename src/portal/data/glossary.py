"""The words of reimbursement in plain French, for people who never read a contract."""

from enum import StrEnum
from typing import NamedTuple

from portal.folding import fold


class Term(StrEnum):
    """A word that explanations use and define."""

    SPENT = "Dépense"
    BASE = "Base de remboursement"
    RATE = "Taux de remboursement"
    BASE_SCHEME = "Régime obligatoire"
    SUPPLEMENTARY = "Part de la mutuelle"
    FLAT_FEE = "Participation forfaitaire"
    FRANCHISE = "Franchise médicale"
    HEAVY_LUMP = "Participation aux actes coûteux"
    OVERRUN = "Dépassement d’honoraires"
    OPTAM = "Optam"
    CARE_PATH = "Parcours de soins"
    THIRD_PARTY = "Tiers payant"
    FLAT_AMOUNT = "Forfait"
    CAP = "Plafond"
    OTHER_COVER = "Autre organisme"
    REMAINING = "Reste à votre charge"
    WITHHOLDING = "Retenue"
    CORRECTION = "Régularisation"


class Definition(NamedTuple):
    """A word and what it means."""

    term: str
    definition: str


_DEFINITIONS = {
    Term.SPENT: "Le prix du soin, tel que le professionnel l’a facturé.",
    Term.BASE: (
        "Le prix de référence fixé par la Sécurité sociale pour ce soin. Les remboursements se calculent sur ce prix, "
        "même si le professionnel demande plus."
    ),
    Term.RATE: "La part de la base que la Sécurité sociale rembourse. Elle dépend du soin.",
    Term.BASE_SCHEME: "La Sécurité sociale\u00a0: c’est votre caisse d’assurance maladie qui verse cette part.",
    Term.SUPPLEMENTARY: "Ce que votre mutuelle ajoute, selon le tableau de garanties de votre contrat.",
    Term.FLAT_FEE: (
        "Une petite somme que la loi laisse à chaque adulte pour une consultation, une radio ou une analyse. "
        "Aucune mutuelle responsable ne peut la rembourser."
    ),
    Term.FRANCHISE: (
        "Une petite somme que la loi laisse à chaque adulte par boîte de médicament, soin d’auxiliaire médical ou "
        "trajet. Aucune mutuelle responsable ne peut la rembourser."
    ),
    Term.HEAVY_LUMP: (
        "La somme fixe que la loi laisse sur un acte coûteux, le plus souvent une opération, à la place d’un "
        "pourcentage. La mutuelle peut la payer, au contraire de la participation forfaitaire."
    ),
    Term.OVERRUN: "La partie du prix qui dépasse la base de remboursement.",
    Term.OPTAM: (
        "Un accord par lequel un médecin s’engage à modérer ses prix. Vous êtes mieux remboursé chez un médecin qui "
        "l’a signé."
    ),
    Term.CARE_PATH: (
        "Passer d’abord par son médecin traitant. Sinon, la Sécurité sociale rembourse moins, et la mutuelle ne peut "
        "pas compenser."
    ),
    Term.THIRD_PARTY: "Le professionnel est payé directement\u00a0: vous n’avancez pas la part remboursée.",
    Term.FLAT_AMOUNT: "Une somme fixe en euros, prévue par votre contrat.",
    Term.CAP: "Le maximum prévu, par an ou par période. Au-delà, le soin n’est plus couvert de la même façon.",
    Term.OTHER_COVER: "Une autre assurance qui a payé une partie de ce soin.",
    Term.REMAINING: "Ce que vous payez vous-même, une fois tous les remboursements versés.",
    Term.WITHHOLDING: "Une somme due pour un soin passé, reprise plus tard sur un autre remboursement.",
    Term.CORRECTION: "Une ligne qui corrige un calcul déjà fait. Les montants repris sont négatifs.",
}


def definitions(terms: set[Term]) -> tuple[Definition, ...]:
    """The definitions of some words, in the order an explanation uses them."""
    return tuple(Definition(term.value, _DEFINITIONS[term]) for term in Term if term in terms)


# Words of the contract that no explanation uses, but that people meet.
_MORE = {
    "Adhérent": "La personne qui tient le contrat. La loi dit «\u00a0membre participant\u00a0».",
    "Ayant droit": "Une personne couverte par le contrat d’une autre\u00a0: conjoint, enfant, ascendant.",
    "Bénéficiaire": "Toute personne que le contrat couvre\u00a0: l’adhérent et ses ayants droit.",
    "Contrat responsable": (
        "Un contrat qui respecte des minimums et des maximums fixés par la loi, et paie moins de taxes en échange."
    ),
    "Décompte": "Ce que la Sécurité sociale écrit d’un soin\u00a0: sa date, sa base, ce qu’elle a remboursé.",
    "Devis": "Le prix d’un soin à venir, écrit par le professionnel. Il n’engage que si vous le signez.",
    "Forfait journalier": "Ce que l’hôpital demande chaque jour pour l’hébergement.",
    "Médecin traitant": "Le médecin que vous avez déclaré à la Sécurité sociale, et que vous consultez d’abord.",
    "Télétransmission": (
        "L’envoi automatique de vos décomptes à votre mutuelle par la Sécurité sociale, aussi appelé NOÉMIE."
    ),
    "Ticket modérateur": "La part de la base que la Sécurité sociale laisse, et que la mutuelle paie d’ordinaire.",
    "100\u00a0% Santé": "Des lunettes, prothèses dentaires et aides auditives que la loi rend gratuites pour vous.",
}


def every_definition() -> list[Definition]:
    """The whole glossary, by the alphabet."""
    explained = [Definition(term.value, words) for term, words in _DEFINITIONS.items()]
    return sorted([*explained, *(Definition(*each) for each in _MORE.items())], key=lambda one: fold(one.term))


def anchor_of(term: str) -> str:
    """Where a word stands in the glossary's page: « mot-base-de-remboursement »."""
    return "mot-" + "".join(sign if sign.isalnum() else "-" for sign in fold(term)).strip("-")
