"""What the rights over one's data leave in the database themselves."""

from portal.data.holdings import PROOF, STAFF, Held

DATA_RIGHT_HOLDINGS: dict[str, Held] = {
    "data_request": Held(
        "Vos demandes sur vos données",
        via=("case_id", "case_file", "id"),
        withheld={"extended_by": STAFF, "identity_checked_by": STAFF},
        opened={"details_encrypted": "details", "extension_encrypted": "extension_reason"},
        blank={"details_encrypted": None, "extension_encrypted": None},
        kept_for=PROOF,
    ),
    "received_request": Held(
        "Demandes reçues par courrier, par e-mail ou au guichet",
        via=("case_id", "case_file", "id"),
        withheld={"recorded_by": STAFF, "sender_encrypted": "nom et adresse de qui a écrit, qui peut être un tiers"},
        blank={"sender_encrypted": None},
        kept_for=PROOF,
    ),
    "case_reminder": Held(
        "Rappels de ce que vos dossiers attendent", via=("case_id", "case_file", "id"), kept_for=PROOF
    ),
    # A person's outlives the account: who objects to being canvassed must not be canvassed again for having left.
    "data_objection": Held("Vos oppositions", blank={"account_id": None}, kept_for=PROOF),
    "processing_restriction": Held(
        "Limitations que vous avez demandées",
        withheld={"ended_by": STAFF},
        opened={"ended_reason_encrypted": "ended_reason"},
        blank={"ended_reason_encrypted": None},
        kept_for=PROOF,
    ),
    "death_instruction": Held(
        "Vos directives après votre décès", opened={"content_encrypted": "instructions"}, is_deleted=True
    ),
}
