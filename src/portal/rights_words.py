"""What a health professional is told of rights, in French: what to do next, and what is paid directly (R-42)."""

from collections.abc import Iterable, Mapping

from portal.data.card_terms import CareColumn
from portal.data.rights import RightsStatus
from portal.data.rights_patterns import Pattern
from portal.data.rights_questions import Means
from portal.formatting import plural

ADVICE: dict[RightsStatus, str] = {
    RightsStatus.OPEN: "Vous pouvez pratiquer le tiers payant pour des soins de ce jour, aux conditions ci-dessous. "
    "Reportez le numéro d’engagement sur votre facture.",
    RightsStatus.CLOSED: "La couverture a pris fin avant ces soins\u00a0: pas de tiers payant. "
    "Le patient vous règle\u00a0; demandez-lui s’il a une nouvelle complémentaire.",
    RightsStatus.NOT_COVERED: "La personne n’est pas couverte ce jour-là, mais elle l’est ou le sera à une autre date. "
    "Vérifiez la date des soins\u00a0; sinon, le patient vous règle.",
    RightsStatus.UNKNOWN: "Aucune personne ne correspond exactement à ce que vous avez saisi. Relisez le numéro, la "
    "date et le rang de naissance sur la carte, puis recommencez. Sinon, le patient vous règle.",
    RightsStatus.NO_AGREEMENT: "Aucune convention de tiers payant ne vous lie à nous à la date de ces soins\u00a0: "
    "nous n’avons cherché personne. Vérifiez la date, ou écrivez-nous par la messagerie.",
    RightsStatus.INCONSISTENT: "Ce que vous avez saisi se contredit, ou désigne deux personnes. Relisez la date et le "
    "rang de naissance sur la carte, ou saisissez le numéro de sécurité sociale de la personne elle-même.",
}
MEANS_LABELS: dict[Means, str] = {
    Means.MEMBER_NUMBER: "N° d’adhérent",
    Means.NIR: "N° de sécurité sociale",
    Means.CARD_CODE: "Code de la carte",
}

# What was unusual, for the practice: enough to understand, not the figures to stay below of.
SEEN_KINDS: dict[Pattern, str] = {
    Pattern.MISSES: "beaucoup de saisies sans résultat",
    Pattern.BIRTHS: "plusieurs dates de naissance essayées pour un même numéro",
    Pattern.NEIGHBOURS: "des numéros qui se suivent, ou presque",
    Pattern.NIGHT: "des vérifications la nuit, alors que votre structure n’en fait pas",
    Pattern.BROWSERS: "plusieurs appareils ou réseaux inconnus le même jour",
    Pattern.VOLUME: "bien plus de vérifications que d’habitude",
}
# The same for the desk: counts, nobody's data.
_SEEN_COUNTS: dict[Pattern, tuple[str, str]] = {
    Pattern.MISSES: ("vérification", "sans résultat en 24\u00a0heures"),
    Pattern.BIRTHS: ("date", "de naissance essayées pour un même numéro en 24\u00a0heures"),
    Pattern.NEIGHBOURS: ("numéro", "proches les uns des autres demandés en 24\u00a0heures"),
    Pattern.NIGHT: ("vérification", "cette nuit, dans une structure qui n’en fait pas la nuit"),
    Pattern.BROWSERS: ("navigateur", "jamais vus pour ce compte en 24\u00a0heures"),
    Pattern.VOLUME: ("vérification", "en sept jours, plus de deux fois l’habitude de la structure"),
}


def seen_kinds(patterns: Iterable[Pattern]) -> list[str]:
    """What was unusual, without its figures."""
    return [words for pattern, words in SEEN_KINDS.items() if pattern in set(patterns)]


def told_to_desk(seen: Mapping[Pattern, int]) -> str:
    """What the desk's case tells: what was unusual, with its counts, and of whom nothing."""
    told = [f"{plural(seen[each], noun)} {rest}" for each, (noun, rest) in _SEEN_COUNTS.items() if each in seen]
    return "Vérifications de droits gelées. Vu\u00a0: " + "\u00a0; ".join(told) + "."


def told_value(column: CareColumn) -> str:
    """What a column's value means for the professional who is to be paid."""
    if column.value == "PEC":
        return "tiers payant après notre accord, à demander avant les soins"
    if column.value == "TM":
        return "nous vous payons la part que la Sécurité sociale laisse, sans dépassement"
    if column.value.isdigit():
        return f"nous vous payons jusqu’à {column.value}\u00a0% de la base, Sécurité sociale comprise"
    return "pas de tiers payant\u00a0: le patient vous règle"


def engagement_words(number: str) -> str:
    """« 1234 5678 9012 3456 »: to be read aloud and copied; it may be cut between groups."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
