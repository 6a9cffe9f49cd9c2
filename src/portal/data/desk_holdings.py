"""What the desk's own acts leave about an account or a person, and what its holder gets of that."""

from portal.data.holdings import CONTRACT, INTERNAL, PROOF, STAFF, Held, Owner

OTHERS = "parole ou document d’un proche, ou d’un tiers"
DESK_HOLDINGS: dict[str, Held] = {
    "account_reopening": Held(
        "Réouvertures de votre compte",
        withheld={"closed_by": STAFF, "reopened_by": STAFF},
        blank={"closing_reason": "", "reason": ""},
        kept_for=PROOF,
    ),
    "retention_hold": Held(
        "Mises en conservation de vos données",
        withheld=dict.fromkeys(("placed_by", "lifted_by"), STAFF),
        opened={"reason_encrypted": "reason"},
        blank={"reason_encrypted": b""},
        kept_for=PROOF,
    ),
    "exceptional_access": Held(
        "Accès exceptionnels à vos données par un superviseur",
        Owner.PERSON,
        "person_id",
        withheld=dict.fromkeys(("opened_by", "reviewed_by"), STAFF)
        | {"review_encrypted": "note de contrôle de l’assureur"},
        opened={"motive_encrypted": "motive"},
        kept_for=PROOF,
    ),
    # Only of somebody whose death was recorded by mistake, and who is back: an account of the dead is closed.
    "death": Held(
        "Décès enregistré par erreur, puis annulé",
        Owner.PERSON,
        "person_id",
        withheld=dict.fromkeys(("recorded_by", "undone_by"), STAFF)
        | {"file_id": INTERNAL, "told_by_encrypted": OTHERS, "reference_encrypted": OTHERS},
        opened={"undone_reason_encrypted": "undone_reason"},
        kept_for=PROOF,
    ),
    "death_cover": Held(
        "Périodes de couverture que ce décès avait arrêtées",
        Owner.PERSON,
        "person_id",
        via=("death_id", "death", "id"),
        withheld={"beneficiary_id": INTERNAL},
        kept_for=CONTRACT,
    ),
    "death_act": Held(
        "Ce qui a été fait à la suite de ce décès",
        Owner.PERSON,
        "person_id",
        via=("death_id", "death", "id"),
        withheld={"done_by": STAFF, "note_encrypted": OTHERS, "instruction": INTERNAL, "contract_id": INTERNAL},
        kept_for=PROOF,
    ),
    "postal_letter": Held(
        "Courriers que nous avons postés à votre sujet",
        Owner.PERSON,
        "person_id",
        withheld=dict.fromkeys(("made_by", "posted_by"), STAFF)
        | {"recipient_encrypted": "nom et adresse de qui a écrit, qui peut être un tiers", "case_id": INTERNAL},
        opened={"content_encrypted": "letter"},
        goes_with_case=True,
        blank={"recipient_encrypted": None, "content_encrypted": None},
        kept_for=PROOF,
    ),
}
