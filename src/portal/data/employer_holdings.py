"""What the employer's space holds of an employee, and of the company."""

from portal.data.holdings import BILLING, CONTRACT, INTERNAL, PROOF, SECRET, Held, Owner

EMPLOYER_HOLDINGS: dict[str, Held] = {
    "employee": Held(
        "Ce que votre employeur a déclaré de vous",
        Owner.PERSON,
        "person_id",
        withheld={"nir_lookup": SECRET, "search": INTERNAL, "is_identity_doubtful": INTERNAL, "version": INTERNAL},
        opened={"nir_encrypted": "nir"},
        kept_for=CONTRACT,
    ),
    "employment_period": Held(
        "Votre affiliation par votre employeur",
        Owner.PERSON,
        "person_id",
        via=("employee_id", "employee", "id"),
        kept_for=CONTRACT,
    ),
    "employee_absence": Held(
        "Vos congés sans solde",
        Owner.PERSON,
        "person_id",
        via=("employee_id", "employee", "id"),
        kept_for=CONTRACT,
    ),
    "employee_event": Held(
        "Ce que votre employeur a fait de votre affiliation",
        Owner.PERSON,
        "person_id",
        via=("employee_id", "employee", "id"),
        withheld={"by": "identité d’un utilisateur de votre employeur", "undone_by": INTERNAL, "done": INTERNAL},
        kept_for=CONTRACT,
    ),
    "departure": Held(
        "Votre départ de l’entreprise",
        Owner.PERSON,
        "person_id",
        via=("employee_id", "employee", "id"),
        kept_for=CONTRACT,
    ),
    "contribution_month": Held(
        "Les cotisations appelées à votre employeur pour vous",
        Owner.PERSON,
        "person_id",
        via=("employee_id", "employee", "id"),
        kept_for=BILLING,
    ),
    "contribution_call": Held("Les bordereaux de cotisations", Owner.COMPANY, "company_id", kept_for=BILLING),
    "contribution_payment": Held(
        "Les paiements de cotisations",
        Owner.COMPANY,
        "company_id",
        via=("group_contract_id", "group_contract", "id"),
        kept_for=BILLING,
    ),
    "contribution_line": Held(
        "Les lignes des bordereaux de cotisations",
        Owner.COMPANY,
        "company_id",
        via=("call_id", "contribution_call", "id"),
        kept_for=BILLING,
    ),
    "contribution_terms": Held(
        "Comment les cotisations sont appelées",
        Owner.COMPANY,
        "company_id",
        via=("group_contract_id", "group_contract", "id"),
        kept_for=CONTRACT,
    ),
    "contribution_dispute": Held(
        "Vos contestations de cotisations",
        via=("case_id", "case_file", "id"),
        opened={"text_encrypted": "text"},
        blank={"text_encrypted": b""},
        kept_for=BILLING,
    ),
    "mandate": Held(
        "Les mandats que l’entreprise vous a donnés",
        withheld={
            "given_by": "identité d’un utilisateur de l’entreprise",
            "ended_by": "identité d’un utilisateur de l’entreprise",
        },
        blank={"firm": ""},
        kept_for=PROOF,
    ),
    "staff_category": Held(
        "Les catégories de votre personnel",
        Owner.COMPANY,
        "company_id",
        via=("group_contract_id", "group_contract", "id"),
        kept_for=CONTRACT,
    ),
    "employee_import": Held(
        "Vos fichiers de salariés",
        Owner.COMPANY,
        "company_id",
        withheld={
            "account_id": INTERNAL,
            "applied_by": INTERNAL,
            "undone_by": INTERNAL,
            "digest": INTERNAL,
            "storage_name": INTERNAL,
            "position": INTERNAL,
            "undoing": INTERNAL,
            "failures": INTERNAL,
        },
        kept_for=CONTRACT,
    ),
    "employee_import_row": Held(
        "Ce que nous avons trouvé dans vos fichiers de salariés, ligne par ligne",
        Owner.COMPANY,
        "company_id",
        via=("import_id", "employee_import", "id"),
        withheld={"version": INTERNAL},
        kept_for=CONTRACT,
    ),
    "employee_import_layout": Held(
        "Les titres des colonnes de vos fichiers de salariés", Owner.COMPANY, "company_id", kept_for=CONTRACT
    ),
}
