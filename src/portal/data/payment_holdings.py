"""How the tables of valued claims and of transfers to members hold something of an account."""

from portal.data.holdings import BILLING, STAFF, Held, Owner

PAYMENT_HOLDINGS: dict[str, Held] = {
    "valued_line": Held(
        "Calculs de vos demandes",
        via=("case_id", "case_file", "id"),
        withheld={"valued_by": STAFF},
        opened={"motive_encrypted": "motive"},
        blank={"motive_encrypted": None},
        kept_for=BILLING,
    ),
    "valuation_draft": Held(
        "Calculs en cours de vos demandes",
        via=("case_id", "case_file", "id"),
        withheld={"saved_by": STAFF},
        opened={"content_encrypted": "content"},
        is_deleted=True,
    ),
    "payment_due": Held("Versements qui vous sont dus", Owner.PERSON, "member_id", kept_for=BILLING),
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
