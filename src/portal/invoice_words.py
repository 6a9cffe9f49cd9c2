"""Professionals' invoices in words: states and what to do in each, how they arrived, the columns of their files."""

from portal.data.invoices import Channel, InvoiceState
from portal.spreadsheets import Column, Kind

LATE = "en-retard"
STATE_LABELS: dict[InvoiceState, tuple[str, str]] = {
    InvoiceState.RECEIVED: ("Reçue", "info"),
    InvoiceState.CHECKED: ("En contrôle", "info"),
    InvoiceState.PIECE_DUE: ("Pièce attendue", "wait"),
    InvoiceState.ACCEPTED: ("Acceptée", "info"),
    InvoiceState.PAYING: ("Mise en paiement", "info"),
    InvoiceState.PAID: ("Payée", "ok"),
    InvoiceState.PAID_IN_PART: ("Payée en partie", "wait"),
    InvoiceState.REJECTED: ("Rejetée", "bad"),
    InvoiceState.CANCELLED: ("Annulée", ""),
    InvoiceState.CONTESTED: ("Contestée", "wait"),
}
# What the practice does now; a rejected invoice, or one that waits for a piece, says more through its code.
NEXT: dict[InvoiceState, str] = {
    InvoiceState.RECEIVED: "Rien à faire\u00a0: nous la contrôlons.",
    InvoiceState.CHECKED: "Rien à faire\u00a0: le contrôle est en cours.",
    InvoiceState.PIECE_DUE: "Envoyez-nous la pièce attendue.",
    InvoiceState.ACCEPTED: "Rien à faire\u00a0: le paiement suit.",
    InvoiceState.PAYING: "Rien à faire\u00a0: le virement part.",
    InvoiceState.PAID: "Rien à faire\u00a0: elle est payée.",
    InvoiceState.PAID_IN_PART: "Comparez la part accordée à la part demandée. En cas de désaccord, contestez-la.",
    InvoiceState.REJECTED: "Lisez le motif du rejet.",
    InvoiceState.CANCELLED: "Rien à faire\u00a0: elle a été annulée et ne sera pas payée.",
    InvoiceState.CONTESTED: "Rien à faire\u00a0: nous étudions votre contestation.",
}
CHANNEL_LABELS: dict[str, str] = {
    Channel.DRE: "Télétransmission (DRE)",
    Channel.NOEMIE: "Retour Noémie",
    Channel.PAPER: "Papier",
    Channel.PORTAL: "Ce portail",
}
INVOICE_COLUMNS = (
    Column("Facture", "number"),
    Column("Lot", "lot"),
    Column("Patient", "patient"),
    Column("Date des soins", "care_date", Kind.DATE),
    Column("Reçue le", "received_on", Kind.DATE),
    Column("Reçue par", "channel", labels=CHANNEL_LABELS),
    Column("Montant total", "total_cents", Kind.MONEY),
    Column("Part obligatoire", "base_cents", Kind.MONEY),
    Column("Part demandée", "requested_cents", Kind.MONEY),
    Column("Part accordée", "accepted_cents", Kind.MONEY),
    Column("État", "shown_state", labels={state.value: words for state, (words, _) in STATE_LABELS.items()}),
    Column("Date de l’état", "state_on", Kind.DATE),
    Column("Code de rejet", "reject_code"),
    Column("Engagement", "engagement"),
    Column("Remplace la facture", "replaces"),
)
