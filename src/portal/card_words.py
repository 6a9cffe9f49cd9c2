"""What a card, a rights answer and a check of a code say, in French."""

from portal.data.card_codes import CodeVerdict
from portal.data.card_terms import CareColumn
from portal.data.rights import RightsStatus

# The five data of the harmonised block, in their order; each label is printed even when its value is empty.
BLOCK_LABELS = ("N° AMC", "Type de convention", "CSR", "N° adhérent", "Période de validité")

STATUS_WORDS: dict[RightsStatus, tuple[str, str]] = {
    RightsStatus.OPEN: ("Droits ouverts", "ok"),
    RightsStatus.CLOSED: ("Droits fermés", "bad"),
    RightsStatus.NOT_COVERED: ("Pas de couverture à cette date", "wait"),
    RightsStatus.UNKNOWN: ("Bénéficiaire inconnu", "bad"),
    RightsStatus.NO_AGREEMENT: ("Professionnel sans convention", "wait"),
    RightsStatus.INCONSISTENT: ("Données incohérentes", "bad"),
}
VERDICT_WORDS: dict[CodeVerdict, tuple[str, str, str]] = {
    CodeVerdict.VALID: ("Carte valable", "ok", "Les droits sont ouverts aujourd’hui pour\u00a0:"),
    CodeVerdict.FUTURE: (
        "Carte pas encore valable",
        "wait",
        "Les droits ne sont pas encore ouverts. Vérifiez de nouveau à partir de la date indiquée sur la carte.",
    ),
    CodeVerdict.EXPIRED: (
        "Carte périmée",
        "bad",
        "Sa période de validité est terminée. Demandez à la personne sa carte à jour, dans son espace en ligne.",
    ),
    CodeVerdict.REVOKED: (
        "Carte révoquée",
        "bad",
        "Les droits ont pris fin avant la date imprimée\u00a0: cette carte ne permet plus le tiers payant.",
    ),
    CodeVerdict.UNKNOWN: (
        "Code inconnu",
        "bad",
        "Ce code n’est celui d’aucune de nos cartes. Vérifiez les 40 lettres et chiffres, ou appelez-nous.",
    ),
}


def value_words(column: CareColumn) -> str:
    """What a column's value means for the person at the counter."""
    if column.value == "PEC":
        return "après accord de la mutuelle, que le professionnel demande en ligne"
    if column.value == "TM":
        return "la part que la Sécurité sociale laisse, sans dépassement"
    if column.value.isdigit():
        return f"jusqu’à {column.value}\u00a0% de la base, Sécurité sociale comprise"
    return "pas de tiers payant\u00a0: vous avancez notre part"
