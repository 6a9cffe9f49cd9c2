"""Tables that no rule of the retention schedule is about, each with its reason (R-71)."""

_WITH_ACCOUNT = "goes with the account (accounts-…, account-deletions): data/personal_data.py says how"
_PARTNER = "the insurer's contracts with companies and practices, no private life"
EXEMPT: dict[str, str] = {
    **dict.fromkeys(("passkey_holder", "saved_place", "representation", "terms_acceptance"), _WITH_ACCOUNT),
    "work_view": _WITH_ACCOUNT,
    "desk_duty": "what an agent is charged with today: goes with the charge, or with the account",
    "payment_due": "money still owed: goes with its payment, and keeps its line till then",
    "account": "emptied by accounts-…: the bare number stays, which evidence and acceptances name",
    "account_closing": "the end of a bare number",
    "account_deletion": "two instants of a bare number",
    "evidence": "the chain: numbers, acts and instants without a name, never erased (docs/adr/0004-evidence.md)",
    "evidence_person": "an index over evidence_detail, erased with it",
    "company": _PARTNER,
    "provider": f"{_PARTNER}; public in the national directory",
    **dict.fromkeys(("agreement", "agreement_amendment", "contract_amendment", "contribution_terms"), _PARTNER),
    **dict.fromkeys(("employee_import_layout", "invoice_lot", "opened_exemption", "payroll_notice"), _PARTNER),
    **dict.fromkeys(("payroll_setting", "staff_category"), _PARTNER),
    "software": _PARTNER,
    "rights_usual": "how many checks a practice makes on an ordinary day",
    "provider_address": "where a practice receives: public",
    **dict.fromkeys(("company_bank_rule", "provider_bank_rule"), "whether two signatures are asked for"),
}
