"""How the tables of valued claims and of transfers to members hold something of an account."""

from portal.data.holdings import BILLING, INTERNAL, OTHERS_CARE, STAFF, Held, Owner

USED = ("flat_fee_year", "flat_fee_day", "franchise_year", "franchise_day", "acts", "cents")

PAYMENT_HOLDINGS: dict[str, Held] = {
    "valued_line": Held(
        "Calculs de vos demandes",
        via=("case_id", "case_file", "id"),
        withheld={
            "valued_by": STAFF,
            "line_id": INTERNAL,
            "motive_encrypted": OTHERS_CARE,
            **dict.fromkeys((f"used_{counter}" for counter in USED), OTHERS_CARE),
        },
        line="line_id",
        blank={"motive_encrypted": None},
        kept_for=BILLING,
    ),
    "valuation_draft": Held(
        "Calculs en cours de vos demandes",
        via=("case_id", "case_file", "id"),
        withheld={
            "case_id": INTERNAL,
            "content_encrypted": "travail en cours d’un agent, qui peut révéler les soins d’un proche",
            "saved_at": INTERNAL,
            "saved_by": STAFF,
        },
        is_deleted=True,
    ),
    "line_correction": Held(
        "Rectifications de vos remboursements",
        via=("case_id", "case_file", "id"),
        withheld={"corrected_by": STAFF},
        line="line_id",
        kept_for=BILLING,
    ),
    "overpayment": Held("Sommes que vous avez à rendre", Owner.PERSON, "member_id", kept_for=BILLING),
    "overpayment_step": Held(
        "Suites des sommes que vous avez à rendre",
        Owner.PERSON,
        "member_id",
        via=("overpayment_id", "overpayment", "id"),
        withheld={"by": STAFF},
        opened={"note_encrypted": "note"},
        kept_for=BILLING,
    ),
    "payment_due": Held("Versements qui vous sont dus", Owner.PERSON, "member_id", line="line_id", kept_for=BILLING),
    "payment_order": Held(
        "Ordres de vos virements", Owner.PERSON, "member_id", via=("payment_id", "payment", "id"), kept_for=BILLING
    ),
    "payment_return": Held(
        "Virements renvoyés par votre banque",
        Owner.PERSON,
        "member_id",
        via=("payment_id", "payment", "id"),
        kept_for=BILLING,
    ),
}
