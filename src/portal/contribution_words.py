"""Calls for contributions in words: states, structures, why something is called again."""

from portal.data.contribution_balance import CallState
from portal.data.contribution_calls import ContributionCall, ContributionLine, PaymentMethod
from portal.data.contribution_disputes import Motive
from portal.data.contribution_rules import Cause
from portal.data.contributions import Structure
from portal.data.employees import EmployeeEvent, EventKind
from portal.data.rules import add_months
from portal.employee_words import EVENT_LABELS
from portal.formatting import long_date, month_name

STATE_LABELS: dict[CallState, tuple[str, str]] = {
    CallState.TO_PAY: ("À payer", "info"),
    CallState.PAID: ("Payé", "ok"),
    CallState.LATE: ("En retard", "bad"),
    CallState.DISPUTED: ("Contesté", "wait"),
    CallState.SETTLED: ("Soldé", "ok"),
}
STRUCTURE_LABELS: dict[str, str] = {
    Structure.SINGLE: "Isolé",
    Structure.PAIR: "Duo",
    Structure.FAMILY: "Famille",
}
METHOD_LABELS: dict[str, str] = {
    PaymentMethod.SEPA: "Prélèvement SEPA",
    PaymentMethod.DSN: "Paiement par la DSN",
    PaymentMethod.TRANSFER: "Virement",
}
MOTIVE_LABELS: dict[Motive, str] = {
    Motive.HEADCOUNT: "Le nombre de salariés",
    Motive.PRICE: "Le tarif",
    Motive.STRUCTURE: "La structure (isolé, duo, famille)",
    Motive.DATES: "Les dates d’entrée, de sortie ou de congé",
    Motive.OTHER: "Autre chose",
}
CAUSE_LABELS: dict[str, str] = {
    Cause.FAMILY: "Composition de la famille",
    Cause.RATE: "Changement de tarif",
    Cause.OTHER: "Correction par la mutuelle",
}
RULE = (
    "Chaque mois civil où un salarié est affilié au moins un jour est dû en entier, au prix de sa catégorie et de sa "
    "structure le premier jour d’affiliation du mois. Un mois entièrement pris en congé sans solde sans maintien "
    "de la couverture n’est pas dû. La portabilité est gratuite."
)


def period_label(call: ContributionCall) -> str:
    """« juin 2026 », « 2e trimestre 2026 », or both months."""
    if call.period_end < add_months(call.period_start, 1):
        return month_name(call.period_start)
    quarter = (call.period_start.month - 1) // 3 + 1
    if call.period_end >= add_months(call.period_start, 2):
        return f"{quarter}{'er' if quarter == 1 else 'e'} trimestre {call.period_start.year}"
    return f"{month_name(call.period_start)} à {month_name(call.period_end)}"


def months_label(line: ContributionLine) -> str:
    """« juin 2026 », « avril 2026 à juin 2026 »."""
    first = month_name(line.month)
    return first if line.months == 1 else f"{first} à {month_name(add_months(line.month, line.months - 1))}"


def what(categories: dict[int, str], category_id: int | None, structure: str | None) -> str:
    """« Cadres, famille »; « rien » where nothing is due."""
    if category_id is None:
        return "rien"
    return f"{categories.get(category_id, '')}, {STRUCTURE_LABELS[structure or ''].lower()}"


def cause_label(line: ContributionLine, event: EmployeeEvent | None) -> str:
    """« Sortie de l’entreprise au 20 mai 2026 », « Annulation : … », « Composition de la famille »."""
    if event is None:
        return CAUSE_LABELS.get(line.cause or "", CAUSE_LABELS[Cause.OTHER])
    label = f"{EVENT_LABELS[EventKind(event.kind)]} au {long_date(event.effective_on)}"
    return f"Annulation\u00a0: {label}" if line.cause == Cause.UNDONE else label
