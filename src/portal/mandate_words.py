"""Mandates of outside firms in words: areas, what each extent allows, what a scope opens."""

from collections.abc import Mapping

from portal.data.mandates import READ_ONLY, Area, Extent

AREA_LABELS = {
    Area.EMPLOYEES: "Salariés",
    Area.EXEMPTIONS: "Dispenses",
    Area.CONTRIBUTIONS: "Cotisations",
    Area.CONTRACT: "Contrat",
}
NOTHING = "Rien"
_ACTS = {
    Area.EMPLOYEES: "Affilier, modifier, déclarer un départ, envoyer un fichier.",
    Area.EXEMPTIONS: "Enregistrer les demandes, joindre les preuves, accepter, refuser, mettre fin.",
    Area.CONTRIBUTIONS: "Contester une ligne d’un bordereau.",
}
_READS = {
    Area.EMPLOYEES: "La liste des salariés et leur affiliation.",
    Area.EXEMPTIONS: "Le registre des dispenses, ses preuves et ses exports.",
    Area.CONTRIBUTIONS: "Les bordereaux et leur détail.",
    Area.CONTRACT: "Les garanties, les taux et la fiche de paramétrage de la paie.",
}
EXTENT_LABELS = {Extent.READ: "Consulter", Extent.ACT: "Consulter et agir"}


def extent_choices(area: Area) -> list[tuple[str, str, str]]:
    """What may be chosen for an area: value, label, what it allows."""
    choices = [("", NOTHING, "Cette partie de l’espace reste fermée.")]
    choices.append((Extent.READ, EXTENT_LABELS[Extent.READ], _READS[area]))
    if area not in READ_ONLY:
        choices.append((Extent.ACT, EXTENT_LABELS[Extent.ACT], _ACTS[area]))
    return choices


def scope_in_words(scope: Mapping[Area, Extent]) -> list[str]:
    """One line for each area that a mandate opens."""
    return [f"{AREA_LABELS[area]}\u00a0: {EXTENT_LABELS[scope[area]].lower()}" for area in Area if area in scope]
