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
    Action.TRANSFERS_READ: Words(
        Kind.READS,
        "Consultation de versements",
        others="Un versement à un professionnel, pour vos soins, a été consulté",
    ),
    Action.TRANSFERS_DOWNLOADED: Words(
        Kind.DOCUMENTS,
        "Téléchargement d’un avis de règlement",
        others="L’avis d’un versement à un professionnel, pour vos soins, a été téléchargé",
    ),
}
