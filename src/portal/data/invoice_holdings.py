"""What the professional's space holds: of a patient, the invoices about them; of a practice, its lots and transfers."""

from portal.data.holdings import BILLING, INTERNAL, Held, Owner

INVOICE_HOLDINGS: dict[str, Held] = {
    "invoice": Held(
        "Les factures que des professionnels nous ont envoyées pour vous",
        Owner.PERSON,
        "person_id",
        withheld={"search": INTERNAL, "lot_id": INTERNAL},
        kept_for=BILLING,
    ),
    "invoice_step": Held(
        "Les états de ces factures",
        Owner.PERSON,
        "person_id",
        via=("invoice_id", "invoice", "id"),
        kept_for=BILLING,
    ),
    "invoice_lot": Held("Les lots de vos factures", Owner.PROVIDER, "provider_id", kept_for=BILLING),
    "invoice_dispute": Held(
        "Vos contestations de factures",
        via=("case_id", "case_file", "id"),
        withheld={"invoice_id": INTERNAL, "provider_id": INTERNAL},
        opened={"text_encrypted": "text"},
        blank={"text_encrypted": b""},
        kept_for=BILLING,
    ),
    "transfer": Held("Les virements que vous avez reçus", Owner.PROVIDER, "provider_id", kept_for=BILLING),
    "remittance_line": Held(
        "Les lignes de vos virements",
        Owner.PROVIDER,
        "provider_id",
        via=("transfer_id", "transfer", "id"),
        withheld={"invoice_id": INTERNAL},
        kept_for=BILLING,
    ),
}
