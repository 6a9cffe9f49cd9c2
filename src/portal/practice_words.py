"""Agreements of health professionals, and the changes that a practice asks for, in words."""

from portal.data.cases import CaseKind
from portal.data.practice_changes import Asked, PracticeChange
from portal.formatting import NBSP

KIND_LABELS = {
    CaseKind.PRACTICE_ADDRESS: "Changement d’adresse",
    CaseKind.PRACTICE_NUMBER: "Changement de numéro FINESS",
}
KIND_NAMES = {CaseKind.PRACTICE_ADDRESS: "adresse", CaseKind.PRACTICE_NUMBER: "finess"}

NO_ADDRESS = "Écrivez le numéro et la rue, en 3 à 120 caractères."
NO_POSTCODE = "Un code postal a cinq chiffres, comme 42000."
OTHER_COMMUNE = f"Cette commune n’a pas ce code postal. Vérifiez les deux, et laissez le CEDEX de côté{NBSP}:"
NO_COMMUNE = "Nous ne connaissons pas ce code postal. Donnez celui de la rue, sans CEDEX."
NO_DAY = "Indiquez un jour qui existe, comme 31/12/2026."
FAR_DAY = "Choisissez un jour entre trois mois avant aujourd’hui et un an après."
NO_NUMBER = "Un numéro FINESS a neuf chiffres. Il est sur l’attestation de l’agence régionale de santé."
WRONG_KEY = (
    f"Ce numéro contient une erreur de frappe{NBSP}: sa clé ne correspond pas. Recopiez-le depuis l’attestation."
)
NOTHING_NEW = f"C’est déjà ce que nous avons{NBSP}: rien n’est à changer."
ALREADY = "Une demande du même type est déjà en cours. Attendez notre réponse, ou retirez-la d’abord."
NO_FINESS = "Vous êtes connu par un numéro RPPS, qui ne change jamais."
NO_PROOF = "Joignez le justificatif avant d’envoyer."
MOVED = "Cette demande a changé depuis que vous l’avez ouverte. La voici à jour."
TOO_MANY_DRAFTS = "Vous avez beaucoup de brouillons. Envoyez-en ou supprimez-en avant d’en commencer un autre."


def asked_in_words(row: PracticeChange) -> str:
    """What a change asks for, on one line."""
    return row.national_id or f"{row.address}, {row.postcode} {row.city}"


def title_of(asked: Asked) -> str:
    """What a request is called."""
    return f"{KIND_LABELS[asked.kind]} {asked.case.reference}"
