"""What waits for somebody of a practice's on the start page, in the order of urgency."""

from portal.bank_areas import PRACTICE_BANK
from portal.data.invoices import InvoiceState
from portal.data.practice_tasks import (
    account_to_approve,
    answers_unread,
    changes_sent_back,
    disputes_decided,
    disputes_unanswered,
    invoices_late,
    invoices_rejected,
    invoices_without_piece,
    transfers_unexplained,
)
from portal.data.rights_freezes import frozen_checks
from portal.data.waiting import Waiting
from portal.formatting import NBSP, long_date, money, plural
from portal.invoice_words import LATE
from portal.pages.account.pieces import CASE
from portal.pages.provider.transfers import UNEXPLAINED
from portal.tasks import Kind


def _frozen(found: Waiting) -> tuple[str, str]:
    since = f" depuis le {long_date(found.on)}" if found.on else ""
    return f"Vérifications de droits gelées{since}", "Appelez-nous pour les reprendre. Tout le reste vous est ouvert."


def _account(found: Waiting) -> tuple[str, str]:
    day = f" avant le {long_date(found.on)}" if found.on else ""
    return f"Un changement de compte bancaire à approuver{day}", "Sans votre accord d’ici là, il sera abandonné."


def _late(found: Waiting) -> tuple[str, str]:
    title = f"{plural(found.count, 'facture')} en retard de paiement{NBSP}: {money(found.cents)}"
    return title, "Regardez si un virement les paie sous un autre numéro, puis contestez."


def _piece(found: Waiting) -> tuple[str, str]:
    title = "Une facture attend" if found.count == 1 else f"{plural(found.count, 'facture')} attendent"
    return f"{title} une pièce de votre part", "Sans elle, l’étude n’avance pas."


def _rejected(found: Waiting) -> tuple[str, str]:
    title = f"{plural(found.count, 'facture rejetée', 'factures rejetées')}, reçues ces soixante derniers jours"
    one = title.replace("reçues", "reçue") if found.count == 1 else title
    return one, "La page de chacune dit pourquoi, quoi faire, et si elle peut être renvoyée."


def _dispute(found: Waiting) -> tuple[str, str]:
    title = "Une contestation attend" if found.count == 1 else f"{plural(found.count, 'contestation')} attendent"
    return f"{title} une réponse de votre part", "Il nous manque un document ou une précision pour décider."


def _decided(found: Waiting) -> tuple[str, str]:
    title = (
        "Une contestation décidée"
        if found.count == 1
        else plural(found.count, "contestation décidée", "contestations décidées")
    )
    return f"{title} ces deux dernières semaines", "Lisez notre décision et ses motifs."


def _change(_: Waiting) -> tuple[str, str]:
    return "Votre changement d’adresse ou de numéro est à compléter", "Une pièce est à remplacer, puis à renvoyer."


def _answer(found: Waiting) -> tuple[str, str]:
    title = plural(found.count, "réponse")
    return f"{title} à lire dans Contact", "Toute votre structure peut les lire et y répondre."


def _transfer(found: Waiting) -> tuple[str, str]:
    title = f"{plural(found.count, 'virement')} à regarder, sur douze mois"
    return title, "Une ligne nomme une facture que nous n’avons pas retrouvée, ou le total ne tombe pas juste."


KINDS = (
    Kind(frozen_checks, _frozen, "Que faire", "provider.rights", tone="bad"),
    Kind(account_to_approve, _account, "Lire la demande", "provider.bank.approval", ("change", PRACTICE_BANK.name)),
    Kind(disputes_unanswered, _dispute, "Répondre", "provider.dispute", ("case", CASE)),
    Kind(changes_sent_back, _change, "Compléter", "provider.practice.change", ("case", CASE)),
    Kind(
        invoices_without_piece,
        _piece,
        "Voir dans Factures",
        "provider.invoices",
        query={"etat": InvoiceState.PIECE_DUE.value},
    ),
    Kind(invoices_late, _late, "Voir dans Factures", "provider.invoices", query={"etat": LATE}, tone="bad"),
    Kind(
        invoices_rejected,
        _rejected,
        "Voir dans Factures",
        "provider.invoices",
        query={"etat": InvoiceState.REJECTED.value},
    ),
    Kind(disputes_decided, _decided, "Lire la décision", "provider.dispute", ("case", CASE), tone="info"),
    Kind(answers_unread, _answer, "Lire", "message", ("case", CASE), tone="info"),
    Kind(
        transfers_unexplained,
        _transfer,
        "Voir dans Versements",
        "provider.transfers",
        query={"etat": UNEXPLAINED},
        tone="info",
    ),
)
