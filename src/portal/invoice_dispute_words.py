"""Contested invoices in words: motives, what an answer came to, the delay told step by step."""

from datetime import date

from portal.case_areas import STATE_LABELS
from portal.complaint_words import Mark
from portal.data.cases import DECISIONS, Case, CaseState
from portal.data.invoice_disputes import Motive
from portal.formatting import day_in_france, long_date

MOTIVE_LABELS: dict[Motive, str] = {
    Motive.REJECTED: "Le rejet n’est pas justifié",
    Motive.PARTIAL: "Le paiement est partiel",
    Motive.AMOUNT: "Le montant est inexact",
    Motive.UNPAID: "Le paiement n’est pas arrivé",
}
# What each motive is about, where one is chosen.
MOTIVE_HINTS: dict[Motive, str] = {
    Motive.REJECTED: "Vous aviez les droits, la pièce ou l’accord que le rejet dit manquants.",
    Motive.PARTIAL: "Nous avons payé moins que la part demandée.",
    Motive.AMOUNT: "La part accordée, ou versée, n’est pas celle que vous attendiez.",
    Motive.UNPAID: "Le délai est passé, ou le virement annoncé ne figure pas sur votre compte.",
}
# What helps the desk to answer at once, by motive.
TEXT_HINTS: dict[Motive, str] = {
    Motive.REJECTED: "Ce qui montre que la facture devait être payée\u00a0: droits vérifiés, ordonnance, accord.",
    Motive.PARTIAL: "Le calcul que vous attendiez, acte par acte.",
    Motive.AMOUNT: "Le calcul que vous attendiez, acte par acte.",
    Motive.UNPAID: "Ce que vous avez déjà vérifié, et le compte que vous avez regardé.",
}
SENT = "Votre contestation nous est parvenue."
RECEIVED = "Envoyé par e-mail, avec la référence à rappeler."
OVERDUE = "Ce jour est passé\u00a0: relancez-nous par un message, plus bas."


def state_of(case: Case) -> tuple[str, str]:
    """The state of a dispute and its tone."""
    return STATE_LABELS[CaseState(case.state)]


def marks_of(case: Case, today: date) -> list[Mark]:
    """What happened to a dispute that was sent, and by when its answer is due; nothing of one that was taken back."""
    if case.sent_at is None or case.state == CaseState.CANCELLED:
        return []
    sent_on = day_in_france(case.sent_at)
    begun = [Mark("Envoyée", SENT, sent_on, is_done=True), Mark("Accusé de réception", RECEIVED, sent_on, is_done=True)]
    return [*begun, *_answer(case, today)]


def _answer(case: Case, today: date) -> list[Mark]:
    if case.state in DECISIONS and case.decided_at is not None:
        return [Mark("Réponse", "Elle est à lire plus haut.", day_in_france(case.decided_at), is_done=True)]
    if case.due_at is None:
        return []
    due_on = day_in_france(case.due_at)
    if today > due_on:
        return [Mark("Réponse", OVERDUE, due_on, is_late=True)]
    return [Mark("Réponse", f"Au plus tard le {long_date(due_on)}, selon votre convention.", due_on)]
