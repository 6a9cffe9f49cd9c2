"""A SEPA mandate on paper: PDF/UA-1, as the insurer keeps it and the company may show it to its bank."""

from dataclasses import dataclass
from datetime import datetime

from schwifty import IBAN

from portal.company_bank_words import mandate_text
from portal.data.company_bank import CompanyBankDetails
from portal.data.organisations import Company
from portal.documents import breakable, typeset
from portal.formatting import local_time
from portal.insurer import Insurer

PDF_SOURCE = "sepa-mandate.typ"
LONGEST_RUN = 40


@dataclass(frozen=True, slots=True)
class SignedMandate:
    """A mandate and what it was signed on; `iban` whole, `holder` and `signer` as they were written."""

    row: CompanyBankDetails
    company: Company
    iban: str
    holder: str
    signer: str
    signed_at: datetime


def mandate_pdf(signed: SignedMandate, insurer: Insurer, creditor_id: str) -> bytes:
    """The PDF/UA-1 of a mandate. The same mandate in the same state gives the same bytes. Slow: off the event loop."""
    row = signed.row
    data = {
        "title": "Mandat de prélèvement SEPA",
        "reference": f"mandat {row.mandate}",
        "insurer": insurer.model_dump(),
        "mandate": [
            ("Référence unique (RUM)", row.mandate or "", True),
            ("Type", "SEPA Core, paiements récurrents", False),
            ("État", _state(row), False),
        ],
        "text": mandate_text(insurer),
        "creditor": [
            ("Créancier", insurer.name, False),
            ("Identifiant (ICS)", creditor_id, True),
            ("Adresse", insurer.address, False),
        ],
        "debtor": [
            ("Débiteur", breakable(signed.company.name, LONGEST_RUN), False),
            ("SIRET", signed.company.siret, True),
            ("Titulaire du compte", breakable(signed.holder, LONGEST_RUN), False),
            ("IBAN", IBAN(signed.iban).formatted, True),
            ("BIC", row.bic or "non communiqué", bool(row.bic)),
            *([("Banque", row.bank, False)] if row.bank else []),
        ],
        "signature": [
            ("Signé par", breakable(signed.signer, LONGEST_RUN), False),
            ("Le", local_time(signed.signed_at), False),
            ("Comment", "En ligne, par le signataire du contrat, qui venait de prouver son identité", False),
            *([("Second signataire", f"Approuvé le {local_time(row.approved_at)}", False)] if row.approved_at else []),
        ],
    }
    return typeset(PDF_SOURCE, data, signed.signed_at)


def _state(row: CompanyBankDetails) -> str:
    if row.cancelled_at is not None:
        return f"Annulé le {local_time(row.cancelled_at)}\u00a0: il n’a jamais servi"
    if row.effective_at is not None:
        return f"En vigueur depuis le {local_time(row.effective_at)}, sauf mandat plus récent"
    if row.takes_effect_at is None:
        return "En attente de l’approbation d’un second signataire"
    return f"Prend effet le {local_time(row.takes_effect_at)}"
