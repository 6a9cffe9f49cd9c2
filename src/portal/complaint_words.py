"""Complaints in words: categories, outcomes, and the legal clock told step by step."""

from dataclasses import dataclass
from datetime import date, datetime

from portal.case_areas import STATE_LABELS
from portal.data.cases import Case, CaseState
from portal.data.complaint_rules import Clock, Outcome
from portal.data.complaints import Category, Told
from portal.formatting import day_in_france, long_date

CATEGORY_LABELS = {
    Category.REFUND: "Un remboursement",
    Category.DELAY: "Un délai trop long",
    Category.GUARANTEE: "Mes garanties",
    Category.CONTRIBUTION: "Mes cotisations",
    Category.ENDING: "La fin de mon contrat",
    Category.THIRD_PARTY: "Le tiers payant",
    Category.WELCOME: "L’accueil ou un conseiller",
    Category.PERSONAL_DATA: "Mes données personnelles",
    Category.ONLINE: "L’espace en ligne",
}
OUTCOME_LABELS: dict[Outcome, tuple[str, str]] = {
    Outcome.FOUNDED: ("Fondée", "ok"),
    Outcome.PARTLY: ("Fondée en partie", "wait"),
    Outcome.UNFOUNDED: ("Non fondée", "bad"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A step of the legal clock. `is_done`: it happened, or its day has come; `is_late`: it should have, by `day`."""

    title: str
    words: str
    day: date
    is_done: bool = False
    is_late: bool = False


def state_of(told: Told) -> tuple[str, str]:
    """The state of a complaint and its tone: the outcome once there is one."""
    if told.outcome is not None:
        return OUTCOME_LABELS[told.outcome]
    is_acknowledged = told.acknowledged_at is not None and told.case.state == CaseState.SENT
    if is_acknowledged or told.case.state == CaseState.IN_REVIEW:
        return ("Reçue, à l’étude", "wait")
    return STATE_LABELS[CaseState(told.case.state)]


def moved_to_complaint(written_at: datetime, complaint: Case) -> str:
    """What a conversation says of its message that became a complaint."""
    return (
        f"Votre message du {long_date(day_in_france(written_at))} est une réclamation\u00a0: nous la suivons sous la "
        f"référence {complaint.reference}, avec les délais que la loi prévoit depuis ce jour. Cette conversation "
        "s’arrête ici\u00a0; ajoutez ce que vous voulez à la réclamation."
    )


def marks_of(told: Told, today: date) -> list[Mark]:
    """The legal clock of a complaint that was sent; empty for a draft, or one taken back."""
    clock = told.clock
    if clock is None or told.case.state == CaseState.CANCELLED:
        return []
    return [
        Mark("Envoyée", "Votre réclamation nous est parvenue.", clock.sent_on, is_done=True),
        _acknowledged(told, clock, today),
        _answered(told, clock, today),
        *_mediator(clock, today),
    ]


def _acknowledged(told: Told, clock: Clock, today: date) -> Mark:
    if told.acknowledged_at is not None:
        day = day_in_france(told.acknowledged_at)
        return Mark("Accusé de réception", "Nous l’avons prise en charge.", day, is_done=True)
    words = f"Au plus tard le {long_date(clock.acknowledge_by)}\u00a0: dix jours ouvrables après l’envoi."
    return Mark("Accusé de réception", words, clock.acknowledge_by, is_late=today > clock.acknowledge_by)


def _answered(told: Told, clock: Clock, today: date) -> Mark:
    if told.answered_at is not None:
        return Mark("Réponse", "Elle est ci-dessous, avec ses raisons.", day_in_france(told.answered_at), is_done=True)
    words = f"Au plus tard le {long_date(clock.answer_by)}\u00a0: deux mois après l’envoi."
    return Mark("Réponse", words, clock.answer_by, is_late=today > clock.answer_by)


def _mediator(clock: Clock, today: date) -> list[Mark]:
    if clock.mediator_on is None:
        return []
    if clock.is_mediator_open(today):
        words = f"Vous pouvez le saisir, gratuitement, jusqu’au {long_date(clock.mediator_until)}."
        return [Mark("Médiateur", words, clock.mediator_on, is_done=True)]
    if today > clock.mediator_until:
        return [Mark("Médiateur", "Le délai d’un an pour le saisir est passé.", clock.mediator_until)]
    words = "Dès ce jour si notre réponse n’est pas venue, ou dès notre réponse si elle ne vous satisfait pas."
    return [Mark("Médiateur", words, clock.mediator_on)]
