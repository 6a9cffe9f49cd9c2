"""What the desk's own acts leave about an account or a person, and what its holder gets of that."""

from portal.data.holdings import PROOF, STAFF, Held, Owner

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
}
