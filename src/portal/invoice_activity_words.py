"""Reads of professionals’ invoices in words: a sentence each, for the account's holder (R-51)."""

from portal.activity_kinds import Kind, Words
from portal.data.evidence import Action

INVOICE_WORDS: dict[Action, Words] = {
    Action.INVOICES_READ: Words(
        Kind.READS,
        "Consultation de factures",
        others="Les factures qu’un professionnel nous a envoyées pour vous ont été consultées",
    ),
    Action.INVOICES_DOWNLOADED: Words(
        Kind.DOCUMENTS,
        "Téléchargement de factures",
        others="Les factures qu’un professionnel nous a envoyées pour vous ont été téléchargées",
    ),
}
