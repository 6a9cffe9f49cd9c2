"""What the space of professionals holds of the practice: its agreement, addresses, account and changes."""

from portal.data.holdings import BILLING, CONTRACT, INTERNAL, PROOF, SECRET, Held, Owner

PRACTICE = "donnée du cabinet, que ses responsables lisent dans son espace"

PRACTICE_HOLDINGS: dict[str, Held] = {
    "agreement_amendment": Held(
        "Les avenants de votre convention",
        Owner.PROVIDER,
        "provider_id",
        via=("agreement_id", "agreement", "id"),
        kept_for=CONTRACT,
    ),
    "provider_address": Held("Les adresses de votre cabinet", Owner.PROVIDER, "provider_id", kept_for=CONTRACT),
    "provider_bank_details": Held(
        "Les changements de compte bancaire de votre cabinet",
        Owner.PROVIDER,
        "provider_id",
        withheld={
            **dict.fromkeys(("iban_encrypted", "holder_encrypted", "masked", "bank", "bic"), PRACTICE),
            "iban_lookup": SECRET,
            **dict.fromkeys(("asked_by", "approved_by"), "identité d’un utilisateur du cabinet"),
        },
        kept_for=BILLING,
    ),
    "provider_bank_rule": Held(
        "Vos choix d’une ou deux signatures pour le compte bancaire du cabinet",
        column="chosen_by",
        kept_for=PROOF,
    ),
    "practice_change": Held(
        "Vos demandes de changement d’adresse ou de FINESS",
        via=("case_id", "case_file", "id"),
        withheld={"former": INTERNAL},
        kept_for=CONTRACT,
    ),
}
