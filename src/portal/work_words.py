"""The desk's queue in words: kinds, turns, duties, ages, days due, what agents did."""

from collections.abc import Mapping
from datetime import datetime

from portal.data.accounts import Space
from portal.data.case_states import CaseKind
from portal.data.work_items import DEATH, FRAUD, Duty, Turn, Urgency
from portal.data.work_queue import MOST_COUNTED, SOON, QueueRow
from portal.data.work_steps import ToldStep, WorkAct
from portal.formatting import day_in_france, local_day, plural

KINDS: dict[str, str] = {
    CaseKind.CLAIM: "Demande de remboursement",
    CaseKind.QUOTE: "Devis",
    CaseKind.BENEFICIARY_ADDED: "Ajout d’un bénéficiaire",
    CaseKind.BENEFICIARY_CHANGED: "Correction d’un bénéficiaire",
    CaseKind.BENEFICIARY_REMOVED: "Retrait d’un bénéficiaire",
    CaseKind.COMPLAINT: "Réclamation",
    CaseKind.MESSAGE: "Message",
    CaseKind.AUTONOMY: "Demande d’autonomie",
    CaseKind.CORRECTION: "Signalement d’erreur",
    CaseKind.CONTRIBUTION_DISPUTE: "Contestation de cotisations",
    CaseKind.INVOICE_DISPUTE: "Contestation de facture",
    CaseKind.PRACTICE_ADDRESS: "Changement d’adresse d’un cabinet",
    CaseKind.PRACTICE_NUMBER: "Changement de FINESS",
    CaseKind.DATA_RIGHT: "Demande sur des données",
    FRAUD: "Signalement de fraude",
    DEATH: "Décès d’une personne",
}
TURNS = {Turn.DESK: "À traiter", Turn.PERSON: "Attend la personne", Turn.NOBODY: "Terminés"}
SPACES = {
    Space.MEMBER: "Adhérents",
    Space.EMPLOYER: "Employeurs",
    Space.PROVIDER: "Professionnels de santé",
    Space.DESK: "Gestion",
}
FROM_SPACE = {
    Space.MEMBER: "adhérent",
    Space.EMPLOYER: "employeur",
    Space.PROVIDER: "professionnel",
    Space.DESK: "gestion",
}
DUTIES: dict[Duty, tuple[str, str]] = {
    Duty.CARE: ("Soins", "Remboursements, devis, factures contestées."),
    Duty.CONTRACTS: ("Contrats", "Bénéficiaires, autonomie, erreurs signalées."),
    Duty.COMPANIES: ("Entreprises", "Cotisations contestées."),
    Duty.PRACTICES: ("Professionnels", "Adresses et numéros FINESS."),
    Duty.MESSAGES: ("Messages", "Questions de tous les espaces."),
    Duty.COMPLAINTS: ("Réclamations", "Réclamations et leurs délais."),
    Duty.PRIVACY: ("Données personnelles", "Droits sur les données, et leur délai d’un mois\u00a0; décès."),
    Duty.FRAUD: ("Fraude", "Comptes gelés après un signalement."),
}
_ACTS: Mapping[WorkAct, str] = {
    WorkAct.TAKEN: "{by} a pris ce dossier en charge",
    WorkAct.ASSIGNED: "{by} a confié ce dossier à {to}",
    WorkAct.GIVEN_BACK: "{by} a remis ce dossier dans la file",
    WorkAct.ESCALATED: "{by} a transmis ce dossier aux superviseurs",
    WorkAct.SETTLED: "{by} a rendu à ce dossier sa place habituelle",
    WorkAct.SNOOZED: "{by} a mis ce dossier en veille jusqu’au {until}",
    WorkAct.WOKEN: "{by} a réveillé ce dossier",
    WorkAct.NOTED: "Note de {by}",
}
MONTH = 60


def kinds_in_order(kinds: frozenset[str]) -> list[tuple[str, str]]:
    """These kinds with their labels, in the order of their labels."""
    return sorted(((kind, KINDS[kind]) for kind in kinds), key=lambda found: found[1])


def age_words(came_at: datetime, now: datetime) -> str:
    """« aujourd’hui », « hier », « il y a 12 jours », « il y a 3 mois »."""
    days = (day_in_france(now) - day_in_france(came_at)).days
    if days <= 1:
        return "aujourd’hui" if days <= 0 else "hier"
    return f"il y a {days}\u00a0jours" if days < MONTH else f"il y a {days // 30}\u00a0mois"


def due_words(due: datetime, now: datetime) -> str:
    """« en retard de 3 jours », « aujourd’hui », « demain », « dans 5 jours »."""
    days = (day_in_france(due) - day_in_france(now)).days
    if days < 0 or due < now:
        return f"en retard de {plural(max(-days, 1), 'jour')}"
    return {0: "aujourd’hui", 1: "demain"}.get(days, f"dans {days}\u00a0jours")


def due_tone(due: datetime, now: datetime) -> str:
    """The tone of a day due."""
    if due < now:
        return "bad"
    return "wait" if day_in_france(due) <= day_in_france(now + SOON) else ""


def count_words(count: int) -> str:
    """« 12 », « 500+ »: counting stops there."""
    return str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


def flags_of(row: QueueRow, now: datetime) -> list[tuple[str, str]]:
    """What sets a request apart, with its tone: before the supervisors, urgent, asleep."""
    found = []
    if row.escalated_at is not None:
        found.append(("Superviseurs", "bad"))
    elif row.urgency == Urgency.URGENT:
        found.append(("Urgent", "bad"))
    if row.snoozed_until is not None and row.snoozed_until > now:
        found.append((f"En veille jusqu’au {local_day(row.snoozed_until)}", "info"))
    if row.turn != Turn.DESK:
        found.append(({Turn.PERSON: "Attend la personne"}.get(Turn(row.turn), "Terminé"), ""))
    return found


def step_words(step: ToldStep) -> str:
    """What an agent did, as a sentence."""
    until = local_day(step.until) if step.until else ""
    return _ACTS[step.act].format(by=step.by or "Le portail", to=step.to or "un collègue", until=until)


def names_words(names: list[str]) -> str:
    """« Camille Roux », « Camille Roux et Léo Blanc »."""
    *first, last = names
    return f"{', '.join(first)} et {last}" if first else last
