"""What an account's requests hold, of whatever kind, and what its holder gets of them."""

from portal.data.holdings import BILLING, INTERNAL, PROOF, SECRET, STAFF, Held

CASE_HOLDINGS: dict[str, Held] = {
    "case_file": Held("Vos dossiers", withheld={"version": INTERNAL, "provider_id": INTERNAL}, kept_for=PROOF),
    "case_step": Held(
        "Étapes de vos dossiers",
        via=("case_id", "case_file", "id"),
        withheld={"by": STAFF},
        opened={"reason_encrypted": "reason"},
        blank={"reason_encrypted": None},
        kept_for=PROOF,
    ),
    "beneficiary_change": Held(
        "Vos demandes sur vos bénéficiaires",
        via=("case_id", "case_file", "id"),
        withheld={"nir_lookup": SECRET},
        opened={"details_encrypted": "details"},
        blank={"details_encrypted": None, "nir_lookup": None},
        kept_for=PROOF,
    ),
    "case_piece": Held(
        "Pièces de vos dossiers",
        via=("case_id", "case_file", "id"),
        withheld={"refused_by": STAFF},
        opened={"refusal_encrypted": "refusal"},
        blank={"refusal_encrypted": None},
        kept_for=PROOF,
    ),
    "case_message": Held(
        "Messages échangés",
        via=("case_id", "case_file", "id"),
        withheld={"account_id": STAFF},
        opened={"text_encrypted": "text"},
        is_deleted=True,
    ),
    "message_thread": Held(
        "Sujets de vos messages",
        via=("case_id", "case_file", "id"),
        opened={"subject_encrypted": "subject", "details_encrypted": "details"},
        blank={"subject_encrypted": b"", "details_encrypted": None},
        kept_for=PROOF,
    ),
    "message_reference": Held("Numéros dont parlent vos messages", via=("case_id", "case_file", "id"), is_deleted=True),
    "claim": Held("Vos demandes de remboursement et devis", via=("case_id", "case_file", "id"), kept_for=BILLING),
    "claim_estimate": Held(
        "Estimations de vos devis", via=("case_id", "case_file", "id"), withheld={"made_by": STAFF}, kept_for=BILLING
    ),
    "claim_line": Held("Soins rattachés à vos demandes", via=("case_id", "case_file", "id"), kept_for=BILLING),
    "complaint": Held(
        "Vos réclamations",
        via=("case_id", "case_file", "id"),
        withheld={"contact_encrypted": "réclamations envoyées sans compte", "contact_lookup": SECRET},
        opened={"text_encrypted": "text"},
        blank={"text_encrypted": b"", "contact_encrypted": None, "contact_lookup": None},
        kept_for=PROOF,
    ),
    "requalification": Held("Messages devenus des réclamations", via=("case_id", "case_file", "id"), kept_for=PROOF),
    "correction": Held(
        "Erreurs que vous avez signalées",
        via=("case_id", "case_file", "id"),
        opened={"text_encrypted": "text"},
        blank={"page": "", "text_encrypted": b""},
        kept_for=PROOF,
    ),
}
