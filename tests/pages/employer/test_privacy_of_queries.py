"""What an employer's pages read of the database (R-02; GDPR, article 9): never a table that tells of somebody's health.

Each table is classified here, so that a new one is not read before somebody has thought of it.
"""

import pytest

from portal.data.accounts import Role
from portal.data.tables import metadata
from portal.grants import GRANTS
from tests.support.employer_visits import PARAMETER, addresses, answers, open_routes
from tests.support.entry import enter, send
from tests.support.marked_firm import marked_firm
from tests.support.sqlite_reads import columns_read

pytestmark = pytest.mark.engines("sqlite")  # which tables a statement reads does not depend on the database

# Of persons and of their health: no page of an employer's may read them.
NEVER = {
    "death", "death_act", "death_cover", "exceptional_access", "postal_letter",
    "agreement_amendment", "autonomy", "bank_details", "beneficiary_change", "benefit_line", "claim", "claim_estimate",
    "claim_line", "complaint", "decision_proposal", "invoice", "invoice_dispute", "invoice_lot", "invoice_step",
    "line_correction", "line_sharing", "overpayment", "overpayment_step", "payment",
    "payment_due", "payment_order", "payment_return", "valuation_draft", "valued_line",
    "clock_notice", "practice_change", "provider_address", "provider_bank_details", "provider_bank_rule",
    "remittance_line",
    "remote_link", "requalification",
    "rights_check", "rights_freeze", "rights_trace", "rights_usual", "saved_place", "software",
    "software_check", "software_secret", "statement", "transfer",
    # The desk's own work on requests.
    "desk_absence", "desk_duty", "work_presence", "work_step", "work_view",
}  # fmt: skip
# Read in part, since who is covered, and until when, is the employer's to know; not as what. Options are
# read with the guarantees of a category, of no contract.
IN_PART = {
    "affiliation_invitation": {
        "id", "employee_id", "token_hash", "invited_by", "letters", "sent_at", "expires_at", "opened_at",
        "completed_at", "exemption_asked_at", "revoked_at", "revoked_by", "proven_at", "proven_hash",
    },
    "beneficiary": {"contract_id", "person_id", "valid_from", "valid_to"},
    "contract": {"id", "kind", "member_id", "product_id", "ends_on"},
    # Whether there is an address to write to somebody who left, never which.
    "person": {"id", "email"},
    "contract_option": {"contract_id", "product_id", "starts_on", "ends_on"},
}  # fmt: skip
COMPANYS = {
    "category_rate", "company", "company_bank_details", "company_bank_rule", "contract_amendment", "contribution_call",
    "exemption", "exemption_ground", "exemption_piece", "exemption_step", "leaver_letter",
    "notice_delivery", "opened_exemption", "payroll_code", "payroll_notice", "payroll_setting",
    "contribution_dispute", "contribution_line",
    "contribution_month", "contribution_payment", "contribution_terms", "departure", "employee",
    "employee_absence", "employee_event", "employee_import", "employee_import_layout", "employee_import_row",
    "employment_period", "group_contract", "mandate", "staff_category",
}  # fmt: skip
# Reached by the viewer's own account alone.
ACCOUNTS = {
    "account", "account_closing", "account_deletion", "account_link", "account_suspension", "case_file",
    "case_message", "case_piece", "case_step", "correction", "data_objection", "data_request", "death_instruction",
    "email_change", "email_code", "evidence", "processing_restriction",
    "account_reopening", "case_reminder", "received_request", "retention_hold",
    "evidence_detail", "evidence_person", "fraud_report", "fraud_report_step", "known_browser",
    "message_reference", "message_thread", "notification_choice", "outgoing_mail", "passkey", "passkey_challenge",
    "passkey_holder", "pending_secret", "phone_change", "recovery_code", "representation", "session", "sign_up_request",
    "stored_file", "terms_acceptance", "throttle", "work_item",
}  # fmt: skip
# About nobody, or about the insurer's partners: prices and rules, the directory, the site's own life.
ABOUT_NOBODY = {
    "act", "act_rule", "act_tariff", "agreement", "backup_run", "card_column", "card_terms", "chain_pass",
    "contribution_price",
    "example_care", "guarantee_rule", "guarantee_version", "import_run", "job_run", "journal_position", "maintenance",
    "retention_result", "retention_run",
    "parameter", "practice", "product", "product_option", "profession_care", "provider", "reject_code",
    "reply_template", "reply_version", "second_look_rule", "service_switch", "terms_version",
    "article_version", "publication",
    "publication_file", "terms_draft", "terms_withdrawal",
    "measured_delay",
    "payment_run",
}  # fmt: skip
# It lists what an account holds, table by table, each by the account's own key: nothing, for an employer.
OWN_EXPORT = "/compte/donnees/export.json"
OWN_EXPORTS = {OWN_EXPORT, "/compte/donnees/archive.zip", "/compte/donnees/effacement"}


@pytest.fixture
def firm(client):
    with client.services.database.write() as db:
        return marked_firm(db, client.services)


def forbidden(seen: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {
        (table, column)
        for table, column in seen
        if table in NEVER or (column and column not in IN_PART.get(table, {column}))
    }


def test_each_table_is_classified_once_for_employers_r02() -> None:
    groups = [NEVER, set(IN_PART), COMPANYS, ACCOUNTS, ABOUT_NOBODY]
    assert sorted(name for group in groups for name in group) == sorted(metadata.tables)
    assert all(columns < set(metadata.tables[table].columns.keys()) for table, columns in IN_PART.items())


def test_no_page_of_an_employers_reads_a_table_about_health_r02(client, app, firm) -> None:
    """Every GET that a signatory may ask for, by what SQLite says it reads, and the search."""
    enter(client, firm.users[Role.SIGNATORY])
    client.services.journal.flush()
    paths = [path for path in open_routes(app, "GET", GRANTS[Role.SIGNATORY]) if path not in OWN_EXPORTS]
    wrong: dict[str, set[tuple[str, str]]] = {}
    everything: set[tuple[str, str]] = set()
    with columns_read(client.services.database) as seen:
        for path in paths:
            seen.clear()
            assert list(answers(client, [path], firm.places))
            everything |= seen
            wrong |= {path: forbidden(seen)} if forbidden(seen) else {}
        seen.clear()
        send(client, "/fragments/employeur/salaries", {"q": "essai"}, form_at="/employeur/salaries")
        wrong |= {"search": forbidden(seen)} if forbidden(seen) else {}
    assert wrong == {}
    assert {"employee", "beneficiary", "contribution_line", "session"} <= {table for table, _ in everything}


def test_reads_of_health_are_noticed_on_the_members_own_pages(client, app, firm) -> None:
    """The same listener, on a space that must read them: what it would say of an employer's page."""
    enter(client, firm.member)
    paths = [path for path in open_routes(app, "GET", GRANTS[Role.MEMBER]) if path.startswith("/adherent")]
    with columns_read(client.services.database) as seen:
        list(answers(client, [path for path in paths if not PARAMETER.search(path)], firm.places))
    assert {"benefit_line", "payment", "statement", "person", "bank_details", "beneficiary"} <= {
        table for table, _ in forbidden(seen)
    }


def test_export_of_an_employer_holds_no_row_of_tables_about_health_r02(client, firm) -> None:
    enter(client, firm.users[Role.SIGNATORY])
    client.get(addresses(OWN_EXPORT, firm.places)[0], audit=False)
    given = {each["table"]: each["rows"] for each in client.answer.json()["data"]}
    assert {name: rows for name, rows in given.items() if name in NEVER and rows} == {}
    assert given["account"]
