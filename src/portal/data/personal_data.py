"""What the database holds about an account, table by table: what its holder gets in an export, what deletion erases.

Every table stands in `HOLDINGS` or in `NOT_HELD`, with a reason; a test refuses a new table without a decision, and a
new column without one where columns are held back (articles 15, 17 and 20 of the GDPR; R-66, R-71).
"""

from sqlalchemy import ColumnElement, Table, select
from sqlmodel import SQLModel

from portal.data.case_holdings import CASE_HOLDINGS
from portal.data.data_right_holdings import DATA_RIGHT_HOLDINGS
from portal.data.desk_holdings import DESK_HOLDINGS
from portal.data.employer_holdings import EMPLOYER_HOLDINGS
from portal.data.holdings import BILLING, CONTRACT, INTERNAL, OWN_ROW, PROOF, SECRET, STAFF, Held, Owner
from portal.data.invoice_holdings import INVOICE_HOLDINGS
from portal.data.payment_holdings import PAYMENT_HOLDINGS
from portal.data.practice_holdings import PRACTICE_HOLDINGS
from portal.data.rights_holdings import RIGHTS_HOLDINGS
from portal.data.work_holdings import WORK_HOLDINGS

HOLDINGS: dict[str, Held] = {
    "account": Held(
        "Votre compte",
        column=OWN_ROW,
        withheld={"password_hash": SECRET, "totp_encrypted": SECRET, "totp_last_step": SECRET},
        blank={
            "display_name": "Compte supprimé",
            "organisation": "",
            "person_id": None,
            "company_id": None,
            "provider_id": None,
            "email": "",
            "phone": "",
            "password_hash": "",
            "password_temporary_until": None,
            "totp_encrypted": None,
            "totp_last_step": 0,
        },
        kept_for=PROOF,
    ),
    "account_suspension": Held(
        "Suspensions de votre compte",
        withheld={"started_by": STAFF, "ended_by": STAFF},
        blank={"reason": ""},
        kept_for=PROOF,
    ),
    "account_closing": Held("Fermeture de votre compte", withheld={"closed_by": STAFF}, kept_for=PROOF),
    "account_deletion": Held("Vos demandes de suppression", kept_for=PROOF),
    "account_link": Held(
        "Liens envoyés par e-mail", withheld={"token_hash": SECRET, "binding": SECRET}, is_deleted=True
    ),
    "email_change": Held("Changements de votre adresse e-mail", is_deleted=True),
    "phone_change": Held("Changements de votre numéro de téléphone", is_deleted=True),
    "notification_choice": Held("Notifications choisies", is_deleted=True),
    "outgoing_mail": Held(
        "E-mails que nous vous avons envoyés",
        withheld={
            "recipient_encrypted": "votre adresse du moment, effacée dès l’envoi",
            "content_encrypted": "vous avez reçu le message ; il est effacé dès l’envoi",
            "claimed_until": INTERNAL,
            "claimed_by": INTERNAL,
        },
        is_deleted=True,
    ),
    "passkey": Held(
        "Vos clés d’accès",
        withheld={"credential_id": SECRET, "public_key": SECRET, "sign_count": INTERNAL},
        is_deleted=True,
    ),
    "passkey_holder": Held("Vos clés d’accès\u00a0: numéro interne", withheld={"handle": INTERNAL}, is_deleted=True),
    "pending_secret": Held(
        "Secrets en cours de création", withheld={"session_hash": SECRET, "encrypted": SECRET}, is_deleted=True
    ),
    "recovery_code": Held("Vos codes de secours", withheld={"digest": SECRET}, is_deleted=True),
    "representation": Held("Qualité déclarée à l’ouverture", blank={"representative_name": ""}, kept_for=PROOF),
    "session": Held(
        "Vos connexions", withheld={"token_hash": SECRET}, blank={"address": "", "browser": ""}, kept_for=PROOF
    ),
    "terms_acceptance": Held("Conditions que vous avez acceptées", blank={"representative_name": ""}, kept_for=PROOF),
    "evidence": Held("Vos actes dans le registre des preuves", column="actor", kept_for=PROOF),
    "evidence_detail": Held(
        "Détail de vos actes\u00a0: adresse, navigateur, filtres",
        column="actor",
        via=("seq", "evidence", "seq"),
        withheld={"salt": SECRET},
        is_deleted=True,
    ),
    "email_code": Held(
        "Codes envoyés par e-mail", withheld={"session_hash": SECRET, "code_lookup": SECRET}, is_deleted=True
    ),
    "saved_place": Held("Lieu autour duquel vous cherchez des professionnels", is_deleted=True),
    "known_browser": Held("Appareils reconnus", withheld={"mark": SECRET}, is_deleted=True),
    "fraud_report": Held(
        "Vos signalements de fraude", opened={"text_encrypted": "text"}, blank={"text_encrypted": None}, kept_for=PROOF
    ),
    "fraud_report_step": Held(
        "Suivi de vos signalements",
        via=("report_id", "fraud_report", "id"),
        withheld={"note_encrypted": "note d’enquête de l’assureur", "taken_by": STAFF},
        blank={"note_encrypted": None},
        kept_for=PROOF,
    ),
    "rights_freeze": Held(
        "Gels de vos vérifications de droits", withheld={"lifted_by": STAFF, "report_id": INTERNAL}, kept_for=PROOF
    ),
    "rights_trace": Held(
        "Traces de vos vérifications de droits, gardées huit jours",
        column="asked_by",
        withheld=dict.fromkeys(("number", "marks", "lower", "upper", "form"), SECRET),
        is_deleted=True,
    ),
    "person": Held(
        "Votre identité",
        Owner.PERSON,
        OWN_ROW,
        withheld={"nir_lookup": SECRET},
        opened={"nir_encrypted": "nir"},
        kept_for=CONTRACT,
    ),
    "bank_details": Held(
        "Vos coordonnées bancaires",
        Owner.PERSON,
        "person_id",
        withheld={"iban_lookup": SECRET},
        opened={"iban_encrypted": "iban", "holder_encrypted": "holder"},
        kept_for=BILLING,
    ),
    "remote_link": Held("Votre télétransmission", Owner.PERSON, "person_id", kept_for=CONTRACT),
    "contract": Held("Vos contrats", Owner.PERSON, "member_id", kept_for=CONTRACT),
    "contract_option": Held(
        "Options de vos contrats", Owner.PERSON, "member_id", via=("contract_id", "contract", "id"), kept_for=CONTRACT
    ),
    "beneficiary": Held("Vos périodes de couverture", Owner.PERSON, "person_id", kept_for=CONTRACT),
    "autonomy": Held("Votre autonomie", Owner.PERSON, "person_id", kept_for=CONTRACT),
    "line_sharing": Held("Partage de vos prestations", Owner.PERSON, "person_id", kept_for=CONTRACT),
    "benefit_line": Held(
        "Vos prestations",
        Owner.PERSON,
        "person_id",
        withheld={"search": INTERNAL, "payment_id": INTERNAL, "rule_id": INTERNAL},
        kept_for=BILLING,
    ),
    "payment": Held("Les versements que vous avez reçus", Owner.PERSON, "member_id", kept_for=BILLING),
    "statement": Held(
        "Vos relevés",
        Owner.PERSON,
        "person_id",
        withheld=dict.fromkeys(("content", "pdf", "csv"), "à télécharger sur la page des relevés")
        | {"content_digest": INTERNAL},
        kept_for=BILLING,
    ),
    **CASE_HOLDINGS,
    "stored_file": Held(
        "Fichiers que vous avez envoyés",
        withheld={"storage_name": INTERNAL},
        blank={"name": "fichier"},
        kept_for=PROOF,
    ),
    "company": Held("Votre entreprise", Owner.COMPANY, OWN_ROW, kept_for=CONTRACT),
    "group_contract": Held("Les contrats de votre entreprise", Owner.COMPANY, "company_id", kept_for=CONTRACT),
    **DESK_HOLDINGS,
    **DATA_RIGHT_HOLDINGS,
    **EMPLOYER_HOLDINGS,
    **INVOICE_HOLDINGS,
    **PAYMENT_HOLDINGS,
    **PRACTICE_HOLDINGS,
    **WORK_HOLDINGS,
    "provider": Held("Votre établissement ou votre cabinet", Owner.PROVIDER, OWN_ROW, kept_for=CONTRACT),
    "agreement": Held("Vos conventions", Owner.PROVIDER, "provider_id", kept_for=CONTRACT),
    **RIGHTS_HOLDINGS,
}

REFERENCE = "reference data, about nobody"
NOT_HELD: dict[str, str] = {
    "act": REFERENCE,
    "act_tariff": REFERENCE,
    "act_rule": REFERENCE,
    "card_terms": REFERENCE,
    "practice": REFERENCE,
    "card_column": REFERENCE,
    "profession_care": REFERENCE,
    "example_care": REFERENCE,
    "parameter": REFERENCE,
    "exemption_ground": REFERENCE,
    "reject_code": REFERENCE,
    "product": REFERENCE,
    "product_option": REFERENCE,
    "guarantee_version": REFERENCE,
    "contribution_price": REFERENCE,
    "category_rate": "terms of a company's contract, about nobody",
    "payroll_code": "terms of a company's contract, about nobody",
    "guarantee_rule": REFERENCE,
    **dict.fromkeys(("terms_version", "terms_draft", "terms_withdrawal"), REFERENCE),
    **dict.fromkeys(("article_version", "publication_file"), REFERENCE),
    "publication": "what the insurer publishes; the staff who prepared and approved it act for the insurer",
    "maintenance": "the site's own life; the staff who planned it act for the insurer",
    "decision_proposal": "an agent's own work on a case, encrypted, emptied once decided: the case tells the decision",
    "reply_template": REFERENCE,
    "reply_version": REFERENCE,
    "second_look_rule": REFERENCE,
    "service_switch": "the site's own life; the staff who made it act for the insurer",
    "work_item": "the desk's queue: its author reads a request's state and day on the request itself",
    "job_run": "the site's own life",
    "backup_run": "the site's own life",
    "chain_pass": "the site's own life",
    "import_run": "the site's own life",
    "retention_run": "the site's own life: when the schedule was applied",
    "retention_result": "the site's own life: how many rows a rule forgot",
    "payment_run": "one file of transfers a day, about nobody",
    "measured_delay": "how long answers took, about nobody",
    "clock_notice": "what the insurer's staff was told of its own dates",
    "journal_position": "the site's own life",
    "evidence_person": "an index over evidence_detail, erased with it",
    "passkey_challenge": "a random number that expires within minutes; tied to a browser, not to an account",
    "sign_up_request": "a form that waits for its answer, encrypted, for minutes: before there is an account",
    "throttle": "failures counted under keyed hashes, which expire",
}


def owned(table: Table, held: Held, key: int) -> ColumnElement[bool]:
    """Which rows of the table are of the owner whose key this is."""
    if held.via is None:
        return table.c[held.column] == key
    own, parent_name, parent_key = held.via
    parent = SQLModel.metadata.tables[parent_name]
    return table.c[own].in_(select(parent.c[parent_key]).where(parent.c[held.column] == key))
