"""The acts of a practice on its agreement and its account in words, for the holder of the account (R-51)."""

from portal.activity_kinds import Kind, Words
from portal.data.evidence import Action

_C, _R, _D = Kind.ACCOUNT, Kind.READS, Kind.DOCUMENTS

PRACTICE_WORDS: dict[Action, Words] = {
    Action.AGREEMENT_READ: Words(_R, "Consultation de la convention"),
    Action.AGREEMENT_DOWNLOADED: Words(_D, "Téléchargement de la convention"),
    Action.PRACTICE_BANK_READ: Words(_R, "Consultation des coordonnées bancaires du cabinet"),
    Action.PRACTICE_BANK_CHANGE_ASKED: Words(_C, "Demande de changement du compte bancaire du cabinet"),
    Action.PRACTICE_BANK_CHANGE_APPROVED: Words(_C, "Changement du compte bancaire du cabinet approuvé"),
    Action.PRACTICE_BANK_CHANGE_CANCELLED: Words(_C, "Changement du compte bancaire du cabinet annulé"),
    Action.PRACTICE_BANK_CHANGED: Words(_C, "Nouveau compte bancaire du cabinet en vigueur"),
    Action.PRACTICE_BANK_RULE_CHOSEN: Words(_C, "Choix d’une ou deux signatures pour le compte du cabinet"),
    Action.PRACTICE_CHANGE_APPLIED: Words(_C, "Changement d’adresse ou de FINESS du cabinet en vigueur"),
}
