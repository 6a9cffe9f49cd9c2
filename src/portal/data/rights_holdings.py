"""What checks of rights leave about a practice, by its users or by its software, and what it gets of that."""

from portal.data.holdings import INTERNAL, PROOF, SECRET, Held, Owner

RIGHTS_HOLDINGS: dict[str, Held] = {
    "rights_usual": Held(
        "Vos vérifications de droits un jour ordinaire", Owner.PROVIDER, "provider_id", kept_for=PROOF
    ),
    "software": Held(
        "L’accès du logiciel de votre établissement ou cabinet",
        Owner.PROVIDER,
        "provider_id",
        withheld=dict.fromkeys(
            ("account_id", "revoked_by"), "identité d’un utilisateur de votre établissement ou cabinet"
        ),
        kept_for=PROOF,
    ),
    "software_secret": Held(
        "Les secrets de cet accès",
        Owner.PROVIDER,
        "provider_id",
        via=("software_id", "software", "id"),
        withheld={"secret_hash": SECRET, "made_by": "identité d’un utilisateur de votre établissement ou cabinet"},
        kept_for=PROOF,
    ),
    "software_check": Held(
        "Les vérifications de droits faites par ce logiciel",
        Owner.PROVIDER,
        "provider_id",
        via=("software_id", "software", "id"),
        withheld=dict.fromkeys(("key_hash", "question_hash"), INTERNAL),
        kept_for=PROOF,
    ),
    "rights_check": Held(
        "Les vérifications de droits de votre établissement ou cabinet",
        Owner.PROVIDER,
        "provider_id",
        withheld=dict.fromkeys(("person_id", "content_sealed"), "données d’un patient, à relire page par page")
        | {"asked_by": "identité d’un utilisateur de votre établissement ou cabinet"},
        kept_for=PROOF,
    ),
}
