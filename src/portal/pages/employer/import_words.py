"""Files of employees in words: states, results, what is about to change."""

from collections.abc import Mapping

from portal.data.employee_imports import EmployeeImport, ImportState
from portal.formatting import plural
from portal.staff_rows import Result

STATE_LABELS: dict[ImportState, tuple[str, str]] = {
    ImportState.MATCHING: ("Colonnes à vérifier", "wait"),
    ImportState.CHECKING: ("Contrôle en cours", "info"),
    ImportState.CHECKED: ("À appliquer", "wait"),
    ImportState.APPLYING: ("Application en cours", "info"),
    ImportState.APPLIED: ("Appliqué", "ok"),
    ImportState.UNDOING: ("Annulation en cours", "info"),
    ImportState.UNDONE: ("Annulé ou expiré", ""),
}
RESULT_LABELS: dict[Result, tuple[str, str]] = {
    Result.ACCEPTED: ("0 – Acceptée", "ok"),
    Result.CORRECTED: ("1 – Acceptée avec correction", "info"),
    Result.PARTLY: ("2 – Prise en partie", "wait"),
    Result.REFUSED: ("3 – Refusée", "bad"),
}
ACTION_LABELS = {"A": "Ajouts", "M": "Changements", "R": "Sorties", "?": "Sans action"}
_NOUNS = {"A": ("addition", "additions"), "M": ("changement", "changements"), "R": ("sortie", "sorties")}
COLUMN_NOTES: dict[str, str] = {
    "action": "A pour une arrivée, M pour une modification, R pour un départ",
    "matricule": "Votre numéro interne. Il suffit, avec ou sans NIR, pour M et R",
    "nir": "15 caractères, clé comprise",
    "nom": "Obligatoire pour A",
    "nom_usage": "S’il diffère du nom de naissance",
    "prenom": "Obligatoire pour A",
    "date_naissance": "Obligatoire pour A. Exemple\u00a0: 31/12/1990",
    "email": "Pour écrire au salarié",
    "categorie": "Le code ou le nom de la catégorie de votre contrat. Obligatoire pour A",
    "date_effet": "Premier jour d’emploi pour A, jour du changement pour M",
    "option": "Non reprise\u00a0: le salarié choisit ses options lui-même",
    "regime": "general ou alsace-moselle",
    "date_sortie": "Dernier jour d’emploi. Obligatoire pour R",
    "motif_sortie": "Par exemple demission, licenciement, fin_cdd, retraite. Obligatoire pour R",
    "dispense_code": "Si le salarié demande une dispense à l’embauche",
}


def accepted_in_words(counts: Mapping[tuple[str, int], int]) -> str:
    """« 3 additions, 2 changements, 1 sortie »: the rows that are not refused; empty without any."""
    told = []
    for action, (one, many) in _NOUNS.items():
        number = sum(count for (of, result), count in counts.items() if of == action and result != Result.REFUSED)
        if number:
            told.append(f"{number} {one if number == 1 else many}")
    return ", ".join(told)


def headline(found: EmployeeImport, accepted: str) -> tuple[str, str, str]:
    """The tone, the title and the sentence of a file that nobody is working on."""
    if found.state == ImportState.CHECKED:
        if not accepted:
            return "bad", "Aucune ligne ne peut être appliquée", "Corrigez le fichier, puis envoyez-le à nouveau."
        return "info", f"Prêt\u00a0: {accepted}", "Rien n’est encore enregistré. Relisez, puis appliquez."
    if found.state == ImportState.APPLIED:
        return "ok", f"Fichier appliqué\u00a0: {accepted or 'aucune ligne'}", "Tout est enregistré dans vos effectifs."
    if found.applied_at is None:
        return "info", "Fichier expiré", "Il n’a pas été appliqué. Envoyez-le à nouveau si vous en avez besoin."
    kept = plural(found.kept, "opération a été gardée", "opérations ont été gardées")
    kept += ", car le dossier a changé depuis."
    return "info", "Fichier annulé", kept if found.kept else "Tout ce que ce fichier avait fait est défait."


WORK_TITLES: dict[ImportState, str] = {
    ImportState.CHECKING: "Contrôle du fichier",
    ImportState.APPLYING: "Application du fichier",
    ImportState.UNDOING: "Annulation du fichier",
}
