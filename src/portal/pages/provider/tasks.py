"""What waits for a health professional on the start page, in the order of urgency (R-40, R-42)."""

from sqlmodel import Session

from portal.bank_areas import PRACTICE_BANK
from portal.case_notices import CASE
from portal.data.practice_waiting import (
    answers_to_read,
    bank_change_to_approve,
    disputes_decided,
    disputes_to_answer,
    late_invoices,
)
from portal.data.rights_freezes import frozen_checks
from portal.data.waiting import Waiting
from portal.formatting import NBSP, long_date, money, plural
from portal.invoice_words import LATE
from portal.tasks import Kind, Task, tasks_among
from portal.web import PortalRequest


def _frozen(found: Waiting) -> tuple[str, str]:
    since = f" depuis le {long_date(found.on)}" if found.on else ""
    return f"Vérifications de droits gelées{since}", "Appelez-nous pour les reprendre. Tout le reste vous est ouvert."


def _bank(found: Waiting) -> tuple[str, str]:
    day = f" avant le {long_date(found.on)}" if found.on else ""
    return f"Un changement de compte bancaire à approuver{day}", "Sans votre accord d’ici là, il sera abandonné."


def _asked(found: Waiting) -> tuple[str, str]:
    title = "Une contestation attend" if found.count < 2 else f"{plural(found.count, 'contestation')} attendent"
    return (
        f"{title} une réponse de votre part",
        "Nous vous avons écrit\u00a0: il nous manque peut-être un document ou une précision.",
    )


def _answers(found: Waiting) -> tuple[str, str]:
    title = "Une réponse à lire" if found.count < 2 else f"{plural(found.count, 'réponse')} à lire"
    return title, "Nous avons répondu à une question de votre structure."


def _late(found: Waiting) -> tuple[str, str]:
    title = f"{plural(found.count, 'facture')} en retard{NBSP}: {money(found.cents)} demandés"
    return title, "Leur délai de paiement est dépassé. Vous pouvez les contester."


def _decided(found: Waiting) -> tuple[str, str]:
    title = "Une contestation décidée" if found.count < 2 else f"{plural(found.count, 'contestation décidée')}"
    return f"{title} ces deux dernières semaines", "Lisez notre décision et ses motifs."


_DISPUTE = ("case", CASE)
KINDS = (
    Kind(frozen_checks, _frozen, "Que faire", "provider.rights", tone="bad"),
    Kind(bank_change_to_approve, _bank, "Lire la demande", "provider.bank.approval", ("change", PRACTICE_BANK.name)),
    Kind(disputes_to_answer, _asked, "Répondre", "provider.dispute", _DISPUTE),
    Kind(answers_to_read, _answers, "Lire", "message", ("case", CASE)),
    Kind(late_invoices, _late, "Voir ces factures", "provider.invoices", query={"etat": LATE}, tone="bad"),
    Kind(disputes_decided, _decided, "Lire la décision", "provider.dispute", _DISPUTE, tone="info"),
)


def tasks_of(request: PortalRequest, db: Session) -> list[Task]:
    """What waits for the viewer, among what the viewer may go and do now."""
    return tasks_among(request, db, KINDS)
