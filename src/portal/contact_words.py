"""Questions of health professionals, in French: subjects, titles, states, delays (R-41)."""

from collections.abc import Sequence
from datetime import datetime

from portal.data.cases import Case, CaseState
from portal.data.contact import Details
from portal.data.message_references import Reference, ReferenceKind
from portal.data.messages import Topic
from portal.formatting import plural
from portal.rights_words import engagement_words

# What each subject is called, its icon, and what it is for.
TOPICS: dict[Topic, tuple[str, str, str]] = {
    Topic.INVOICE: ("Une facture", "receipt", "Un rejet, un retard, un montant"),
    Topic.TRANSFER: ("Un virement", "bank", "Une somme, un écart, une ligne inconnue"),
    Topic.RIGHTS: ("Les droits d’un patient", "shield", "Une réponse que vous avez reçue"),
    Topic.REMOTE: ("La télétransmission", "refresh", "Un lot ou un flux qui ne passe pas"),
    Topic.AGREEMENT: ("La convention", "briefcase", "Le tiers payant, vos coordonnées"),
    Topic.TERMS: ("Les conditions d’utilisation", "book", "Vos données, vos droits"),
    Topic.ONLINE: ("Mon compte en ligne", "user", "Connexion, réglages, une panne"),
    Topic.OTHER: ("Autre chose", "message", "Tout le reste"),
}
REFERENCE_LABELS: dict[ReferenceKind, tuple[str, str]] = {
    ReferenceKind.INVOICE: ("Facture", "Voir la facture"),
    ReferenceKind.TRANSFER: ("Virement", "Voir le virement"),
    ReferenceKind.ENGAGEMENT: ("Numéro d’engagement", "Revoir la réponse"),
}
MOST_NAMED = 3
_STATES: dict[CaseState, tuple[str, str]] = {
    CaseState.DRAFT: ("Brouillon", ""),
    CaseState.SENT: ("En attente de réponse", "wait"),
    CaseState.IN_REVIEW: ("À l’étude", "wait"),
    CaseState.INCOMPLETE: ("Document à renvoyer", "bad"),
    CaseState.ANSWERED: ("Répondu", "ok"),
}
_CLOSED = ("Close", "")
_LATE = ("Réponse en retard", "bad")
_UNREAD = ("Réponse à lire", "info")


def label_of(topic: Topic) -> str:
    """A subject in words, also one that is no longer offered."""
    return TOPICS[topic][0] if topic in TOPICS else TOPICS[Topic.OTHER][0]


def title_of(topic: Topic, references: Sequence[Reference], details: Details, typed: str) -> str:
    """What a thread is called: by its numbers where the subject has some, so that it never names a patient."""
    numbers = [each.number for each in references]
    if topic is Topic.INVOICE:
        more = f" et {plural(len(numbers) - MOST_NAMED, 'autre')}" if len(numbers) > MOST_NAMED else ""
        return f"{'Factures' if numbers[1:] else 'Facture'} {', '.join(numbers[:MOST_NAMED])}{more}"
    if topic is Topic.TRANSFER:
        return f"Virement {numbers[0]}"
    if topic is Topic.RIGHTS:
        return f"Droits, engagement {engagement_words(numbers[0])}"
    if topic is Topic.REMOTE:
        return f"Télétransmission, {details.program}" if details.program else "Télétransmission"
    return typed


def number_words(reference: Reference) -> str:
    """A number as it is read aloud."""
    return engagement_words(reference.number) if reference.kind is ReferenceKind.ENGAGEMENT else reference.number


def state_of(case: Case, unread: int, now: datetime) -> tuple[str, str]:
    """Where a thread stands, and the tone of it."""
    if unread:
        return _UNREAD
    if is_late(case, now):
        return _LATE
    return _STATES.get(CaseState(case.state), _CLOSED)


def is_late(case: Case, now: datetime) -> bool:
    """Whether the insurer should have answered by now."""
    is_awaited = case.state in {CaseState.SENT, CaseState.IN_REVIEW}
    return is_awaited and case.due_at is not None and case.due_at < now
