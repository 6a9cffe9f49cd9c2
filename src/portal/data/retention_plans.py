"""Which rows each rule of the retention schedule is about (R-71).

A rule without a plan is refused by a test, and so is a table that holds something of a person and has neither a rule
nor a reason (`retention_exempt.py`). What is forgotten in a way of its own (`portal.retention_jobs`) is only counted.
"""

from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, Table, and_, case, exists, func, or_, select
from sqlmodel import SQLModel

import portal.data.tables  # noqa: F401  (every table must be known)
from portal.data.cases import DECISIONS, CaseKind, CaseState
from portal.data.employee_imports import AT_WORK
from portal.data.exemption_rows import ExemptionState
from portal.data.fraud import FraudState
from portal.data.retention_accounts import ACCOUNTS
from portal.data.retention_engine import Plan, Sweep, references
from portal.data.standing import FOR_EVER
from portal.data.throttling import ACCOUNT_LOCK


def _t(name: str) -> Table:
    return SQLModel.metadata.tables[name]


def _of(name: str, start: str, **more: Any) -> Plan:
    """Rows of an account, or of a person, by their own columns."""
    table = _t(name)
    whose = {key: table.c[f"{key}_id"] for key in ("account", "person") if f"{key}_id" in table.c}
    return Plan(table, table.c[start], **(whose | more))


def _up(child: str, parent: str, key: str, wanted: str) -> ColumnElement[Any]:
    """A column of the row that a row of `child` names by `key`."""
    (column,) = (_t(child).c[key],)
    (target,) = (each.column for each in column.foreign_keys)
    return select(_t(parent).c[wanted]).where(target == column).correlate(_t(child)).scalar_subquery()


FILES = Sweep(_t("stored_file"), content="storage_name")
PERSONS = Sweep(
    _t("person"),
    along=frozenset({"bank_details", "remote_link", "autonomy", "line_sharing", "retention_hold"}),
    is_person=True,
)
_OVER = (*DECISIONS, CaseState.CANCELLED, CaseState.CLOSED, CaseState.ANSWERED)
_cases = _t("case_file").c
# Everything that hangs on a case, each kind's own row among it.
_OF_CASES = frozenset(
    {
        *(
            "case_message",
            "case_piece",
            "case_step",
            "claim",
            "claim_estimate",
            "claim_line",
            "complaint",
            "correction",
        ),
        *("beneficiary_change", "contribution_dispute", "invoice_dispute", "practice_change"),
        *("message_reference", "message_thread"),
    }
)


def _case(*kinds: CaseKind, states: tuple[CaseState, ...] = _OVER) -> Plan:
    return _of(
        "case_file",
        "changed_at",
        when=(_cases.kind.in_(kinds) if kinds else _cases.id.is_not(None), _cases.state.in_(states)),
        person=func.coalesce(_cases.person_id, _cases.member_id),
        along=_OF_CASES,
        loosens=frozenset({"claim.quote_id"}),
        sweeps=(FILES,),
    )


def _replaced(name: str, owner: str) -> Plan:
    """Bank details that have been in force, from the day when the next ones were."""
    table, newer = _t(name), _t(name).alias()
    is_next = and_(newer.c[owner] == table.c[owner], newer.c.effective_at > table.c.effective_at)
    start = select(func.min(newer.c.effective_at)).where(is_next).correlate(table).scalar_subquery()
    return Plan(table, start, when=(table.c.effective_at.is_not(None),), person=table.c.get("person_id"))


def _names_nobody_else(contract: FromClause) -> ColumnElement[bool]:
    """That whoever stands on a contract is named by nothing that has its own time: so that they go with it."""
    covered, kept = _t("beneficiary").alias(), PERSONS.along | {"contract", "beneficiary"}
    is_on_it = or_(covered.c.contract_id == contract.c.id, covered.c.id.is_(None))
    named = [
        exists().where(key == covered.c.person_id) | exists().where(key == contract.c.member_id)
        for key, _ in references(_t("person"))
        if key.table.name not in kept
    ]
    return ~exists().where(is_on_it, or_(*named))


_BANKS = {
    "bank_details": "person_id",
    "company_bank_details": "company_id",
    "provider_bank_details": "provider_id",
}
_steps, _freezes = _t("fraud_report_step"), _t("rights_freeze")
_settled_at = (
    select(func.min(_steps.c.taken_at))
    .where(_steps.c.report_id == _t("fraud_report").c.id, _steps.c.state == FraudState.SETTLED)
    .correlate(_t("fraud_report"))
    .scalar_subquery()
)
_is_frozen = exists().where(_freezes.c.report_id == _t("fraud_report").c.id, _freezes.c.lifted_at.is_(None))
_left_on = (
    select(func.max(func.coalesce(_t("employment_period").c.ends_on, FOR_EVER, type_=Date)))
    .where(_t("employment_period").c.employee_id == _t("employee").c.id)
    .correlate(_t("employee"))
    .scalar_subquery()
)
_codes, _calls, _exempt = _t("recovery_code").c, _t("contribution_call").c, _t("exemption").c
_refused_on = case((_exempt.state.in_((ExemptionState.REFUSED, ExemptionState.CANCELLED)), _exempt.starts_on))
_letters, _imports, _invited = _t("outgoing_mail").c, _t("employee_import").c, _t("affiliation_invitation").c
_never = and_(_invited.completed_at.is_(None), _invited.exemption_asked_at.is_(None))

PLANS: dict[str, tuple[Plan, ...]] = {
    **{code: (plan,) for code, plan in ACCOUNTS.items()},
    "account-deletions": (
        _of(
            "account_deletion",
            "confirmed_at",
            when=(_t("account_deletion").c.erased_at.is_(None), _t("account_deletion").c.cancelled_at.is_(None)),
        ),
    ),
    "email-codes": (_of("email_code", "sent_at", account=None),),
    "passkey-challenges": (_of("passkey_challenge", "expires_at"),),
    "pending-secrets": (_of("pending_secret", "expires_at", account=None),),
    "sign-in-attempts": (_of("throttle", "started_at", when=(_t("throttle").c.purpose != ACCOUNT_LOCK.purpose,)),),
    "sign-up-forms": (_of("sign_up_request", "received_at"),),
    "rights-traces": (_of("rights_trace", "asked_at"),),
    "employee-files": (
        _of(
            "employee_import",
            "sent_at",
            when=(_imports.storage_name.is_not(None), _imports.state.not_in(AT_WORK)),
            account=None,
            blank={"storage_name": None},
        ),
    ),
    "links": (_of("account_link", "expires_at"),),
    "letter-contents": (
        _of("outgoing_mail", "refused_at", when=(_letters.content_encrypted.is_not(None),), account=None, blank={}),
    ),
    "invitation-answers": (_of("affiliation_invitation", "expires_at", when=(_invited.draft_encrypted.is_not(None),)),),
    "invitations": (
        Plan(
            _t("affiliation_invitation"),
            case((_invited.revoked_at < _invited.expires_at, _invited.revoked_at), else_=_invited.expires_at),
            when=(_never,),
        ),
    ),
    "sessions": (_of("session", "seen_at"),),
    "letters": (
        Plan(
            _t("outgoing_mail"),
            func.coalesce(_letters.sent_at, _letters.refused_at, type_=_letters.made_at.type),
            account=None,
        ),
    ),
    "factors-removed": (
        _of("passkey", "removed_at"),
        Plan(
            _t("recovery_code"),
            func.coalesce(_codes.used_at, _codes.dropped_at, type_=_codes.made_at.type),
            account=_codes.account_id,
        ),
    ),
    "contact-changes": (_of("email_change", "asked_at"), _of("phone_change", "changed_at")),
    "software-secrets": (_of("software_secret", "ends_at"),),
    "case-drafts": (_case(states=(CaseState.DRAFT,)),),
    "known-browsers": (_of("known_browser", "seen_at"),),
    "bank-changes-cancelled": tuple(_of(name, "cancelled_at") for name in _BANKS),
    "employee-imports": (
        _of(
            "employee_import",
            "sent_at",
            when=(_imports.storage_name.is_(None), _imports.state.not_in(AT_WORK)),
            along=frozenset({"employee_import_row"}),
        ),
    ),
    "notification-choices": (_of("notification_choice", "ended_at"),),
    "messages": (_case(CaseKind.MESSAGE, CaseKind.CORRECTION, CaseKind.AUTONOMY),),
    "complaints": (_case(CaseKind.COMPLAINT),),
    "beneficiary-changes": (
        _case(CaseKind.BENEFICIARY_ADDED, CaseKind.BENEFICIARY_CHANGED, CaseKind.BENEFICIARY_REMOVED),
    ),
    "quotes": (_case(CaseKind.QUOTE),),
    "disputes": (
        _case(
            *(CaseKind.CONTRIBUTION_DISPUTE, CaseKind.INVOICE_DISPUTE),
            *(CaseKind.PRACTICE_ADDRESS, CaseKind.PRACTICE_NUMBER),
        ),
    ),
    "evidence-details": (
        Plan(
            _t("evidence_detail"),
            _up("evidence_detail", "evidence", "seq", "at"),
            along=frozenset({"evidence_person"}),
            account=_up("evidence_detail", "evidence", "seq", "actor"),
            person=_up("evidence_detail", "evidence", "seq", "acting_for"),
        ),
    ),
    "suspensions": (_of("account_suspension", "ended_at"), _of("account_reopening", "reopened_at")),
    "fraud-reports": (
        Plan(
            _t("fraud_report"),
            _settled_at,
            when=(~_is_frozen,),
            account=_t("fraud_report").c.account_id,
            along=frozenset({"fraud_report_step", "rights_freeze"}),
        ),
    ),
    "exceptional-accesses": (
        _of("exceptional_access", "ends_at", when=(_t("exceptional_access").c.reviewed_at.is_not(None),)),
    ),
    "holds": (_of("retention_hold", "lifted_at"),),
    "mandates": (_of("mandate", "ends_on"),),
    "rights-checks": (_of("rights_check", "asked_at", along=frozenset({"rights_trace", "software_check"})),),
    "exemptions": (
        Plan(
            _t("exemption"),
            func.coalesce(_exempt.ended_on, _exempt.valid_until, _refused_on, type_=_exempt.ended_on.type),
            when=(_exempt.state != ExemptionState.ASKED,),
            along=frozenset({"exemption_piece", "exemption_step"}),
            blocks=frozenset({"exemption"}),
            sweeps=(FILES,),
        ),
    ),
    "bank-details-replaced": tuple(_replaced(name, owner) for name, owner in _BANKS.items()),
    "claims": (_case(CaseKind.CLAIM),),
    "benefit-lines": (
        _of("benefit_line", "posted_on", along=frozenset({"claim_line"}), blocks=frozenset({"complaint"})),
    ),
    "payments": (_of("payment", "paid_on", person=_t("payment").c.member_id, blocks=frozenset({"benefit_line"})),),
    "statements": (_of("statement", "issued_at"),),
    "transfers": (_of("transfer", "paid_on", along=frozenset({"remittance_line"})),),
    "invoices": (
        _of(
            "invoice",
            "received_on",
            along=frozenset({"invoice_step"}),
            blocks=frozenset({"invoice_dispute", "remittance_line"}),
        ),
    ),
    "contribution-calls": (
        _of(
            "contribution_call",
            "period_end",
            along=frozenset({"contribution_line", "contribution_month"}),
            blocks=frozenset({"contribution_dispute"}),
            loosens=frozenset({"contribution_payment.call_id", "contribution_payment.counted_in_id"}),
        ),
    ),
    "contribution-payments": (
        _of("contribution_payment", "received_on", when=(_t("contribution_payment").c.call_id.is_(None),)),
    ),
    "employees": (
        Plan(
            _t("employee"),
            _left_on,
            person=_t("employee").c.person_id,
            along=frozenset(
                {
                    *("employee_event", "employment_period", "departure", "leaver_letter", "employee_absence"),
                    *("notice_delivery", "exemption", "exemption_piece", "exemption_step", "affiliation_invitation"),
                }
            ),
            blocks=frozenset({"contribution_line", "contribution_month"}),
            sweeps=(FILES, PERSONS),
        ),
    ),
    "contracts": (
        _of(
            "contract",
            "ends_on",
            when=(_names_nobody_else(_t("contract")),),
            person=_t("contract").c.member_id,
            along=frozenset({"beneficiary", "contract_option"}),
            blocks=frozenset({"benefit_line", "beneficiary_change", "complaint", "employee"}),
            sweeps=(PERSONS,),
        ),
    ),
    "signatories": (
        _of(
            "group_contract",
            "ends_on",
            when=(_t("group_contract").c.signatory_last_name != "",),
            blank={"signatory_last_name": "", "signatory_first_name": ""},
        ),
    ),
}
