"""The households behind the fixed accounts, always there: what a visitor of the demonstration sees first."""

from datetime import date, timedelta

from portal.data.benefits import Status
from portal.data.rules import add_months
from portal.demo.care import Care
from portal.demo.people import Household, Patient
from portal.demo.reference import Reference

FAMILY, SINGLE, LEAVER, NEWCOMER, ADOLESCENT = 1, 2, 3, 4, 5
SHOWCASE = 5
MONTHS_SINCE_END = 13
YEARS = 3
EMAILS = {
    "Camille": "camille.exemple@exemple.example",
    "Noé": "noe.exemple@exemple.example",
    "Bernard": "bernard.imaginaire@exemple.example",
    "Solène": "solene.fictive@exemple.example",
    "Aurore": "aurore.nouvelle@exemple.example",
    "Marianne": "marianne.songe@exemple.example",
    "Lina": "lina.songe@exemple.example",
}


def households(first_day: date, today: date) -> list[Household]:
    """A family of four with two minors and an adult student, a retired single member, a member who left, a couple
    without accounts yet, of whom the insurer knows one address, and a mother with a daughter of seventeen."""
    starts_on = min(first_day, add_months(today, -12 * YEARS)).replace(day=1)
    ended_on = add_months(today, -MONTHS_SINCE_END)
    family = Household(FAMILY, "collectif_obligatoire", "EQUILIBRE", starts_on)
    single = Household(SINGLE, "individuel", "CONFORT", starts_on)
    leaver = Household(LEAVER, "collectif_obligatoire", "EQUILIBRE", starts_on, ended_on)
    newcomer = Household(NEWCOMER, "individuel", "ESSENTIEL", starts_on)
    adolescent = Household(ADOLESCENT, "individuel", "CONFORT", starts_on)
    _add(family, "Exemple", "Camille", add_months(today, -12 * 47 - 4), is_female=True)
    _add(family, "Exemple", "Noé", add_months(today, -12 * 19 - 7), is_female=False)
    _add(family, "Exemple", "Zoé", add_months(today, -12 * 12 - 2), is_female=True)
    _add(family, "Exemple", "Malik", add_months(today, -12 * 7 - 9), is_female=False)
    _add(single, "Imaginaire", "Bernard", add_months(today, -12 * 67 - 1), is_female=False)
    _add(leaver, "Fictive", "Solène", add_months(today, -12 * 35 - 5), is_female=True)
    _add(leaver, "Fictif", "Nathan", add_months(today, -12 * 18 - 4), is_female=False)
    _add(newcomer, "Nouvelle", "Aurore", add_months(today, -12 * 31 - 6), is_female=True)
    _add(newcomer, "Nouvelle", "Lucien", add_months(today, -12 * 33 - 2), is_female=False, relationship="conjoint")
    _add(adolescent, "Songe", "Marianne", add_months(today, -12 * 45 - 3), is_female=True)
    _add(adolescent, "Songe", "Lina", add_months(today, -12 * 17 - 1), is_female=True)
    return [family, single, leaver, newcomer, adolescent]


def _add(
    household: Household,
    last_name: str,
    first_name: str,
    birth_date: date,
    *,
    is_female: bool,
    relationship: str = "enfant",
) -> None:
    number = len(household.patients) + 1
    household.patients.append(
        Patient(
            reference=f"P-{household.index:06d}-{number}",
            last_name=last_name,
            first_name=first_name,
            birth_date=birth_date,
            is_female=is_female,
            relationship="adherent" if number == 1 else relationship,
            valid_from=max(household.starts_on, birth_date),
            valid_to=household.ends_on,
            quiet=number == 1 and household.index in {FAMILY, SINGLE},
            email=EMAILS.get(first_name, ""),
        )
    )


def worked_examples(reference: Reference, household: Household, today: date) -> list[Care]:
    """The worked examples of the domain, as care of the family's member, and of the single member for hearing.

    They fall within the last months, far enough from each other that no daily cap plays; a refused line, one that
    waits for a piece, a corrected one and one in progress stand among them. Other households: none.
    """
    if household.index not in {FAMILY, SINGLE}:
        return []

    def ago(days: int) -> date:
        return today - timedelta(days=days)

    optician, hospital = "Optique Démonstration", "Hôpital fictif Saint-Exemple"
    pharmacy, dentist = "Pharmacie de l’Exemple", "Dr Fabule, chirurgien-dentiste"
    if household.index == SINGLE:
        return [
            Care(ago(110), "PAU", 1, 95000, "AUDIO-100", "Audition de l’Exemple", third_party=True),
            Care(ago(18), "G", 1, reference.tariff("G", ago(18)).base_cents or 0, "MED-GEN", "Dr Conte, généraliste"),
        ]
    fee = reference.amount("forfait_journalier", ago(150))
    emergency = reference.amount("forfait_patient_urgences", ago(151))
    return [
        Care(ago(235), "LUN", 1, 43000, "OPT-LIBRE", optician),
        Care(ago(202), "ICO", 1, 85000, "DENT-LIBRE", dentist),
        Care(ago(188), "CZ0", 1, 50000, "DENT-100", dentist),
        Care(ago(151), "FPU", 1, emergency, "FPU", hospital),
        Care(ago(150), "FJ", 3, 3 * fee, "FJ", hospital, third_party=True),
        Care(ago(120), "B", 1, 4120, "ANALYSES", "Laboratoire de Villefictive", incident=Status.CANCELLED),
        Care(ago(105), "VAC", 1, 3200, "VACCINS", pharmacy, incident=Status.REFUSED),
        Care(ago(92), "OST", 1, 6000, "OSTEO", "Cabinet Songe, ostéopathe"),
        Care(ago(71), "AMK", 1, 1613, "AUXILIAIRES", "Cabinet Mirage, kinésithérapeute"),
        Care(ago(58), "B", 1, 2700, "ANALYSES", "Laboratoire de Villefictive"),
        Care(ago(44), "CS", 1, 8000, "MED-LIBRE", "Dr Chimère, dermatologue hors Optam"),
        Care(ago(37), "CS", 1, 6000, "MED-OPTAM", "Dr Légende, ophtalmologue"),
        Care(ago(30), "PH7", 2, 1248, "PHARMACIE", pharmacy),
        Care(ago(29), "G", 1, reference.tariff("G", ago(29)).base_cents or 0, "MED-GEN", "Dr Conte, généraliste"),
        Care(ago(22), "OST", 1, 6000, "OSTEO", "Cabinet Songe, ostéopathe", incident=Status.AWAITING_PIECE),
        Care(ago(2), "CS", 1, 6000, "MED-OPTAM", "Dr Légende, ophtalmologue"),
    ]


def contract_options(today: date) -> str:
    """The import file of who holds an option: the single member, for two months, in which nobody went to hospital."""
    since = today - timedelta(days=60)
    return f"contract;product;starts_on;ends_on\nC-{SINGLE:06d};RENFORT-HOPITAL;{since.isoformat()};\n"
