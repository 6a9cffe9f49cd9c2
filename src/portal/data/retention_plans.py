"""Which rows each rule of the retention schedule is about (R-71).

A rule without a plan is refused by a test, and so is a table that holds something of a person and has neither a rule
nor a reason (`retention_exempt.py`). What is forgotten in a way of its own (`portal.retention_jobs`) is only counted.
"""

from sqlalchemy import ColumnElement, Date, FromClause, and_, case, exists, func, or_, select

from portal.data.employee_imports import AT_WORK
from portal.data.exemption_rows import ExemptionState
from portal.data.fraud import FraudState
from portal.data.retention_accounts import ACCOUNTS
from portal.data.retention_cases import CASES, OF_WORK
from portal.data.retention_desk import DESK
from portal.data.retention_engine import Plan, Sweep, references
from portal.data.retention_shapes import FILES, column_up, nobody_held, plan_of, table_of
from portal.data.standing import FOR_EVER
from portal.data.throttling import ACCOUNT_LOCK

PERSONS = Sweep(
    table_of("person"),
    along=frozenset({"bank_details", "remote_link", "autonomy", "line_sharing", "retention_hold", "data_objection"}),
    is_person=True,
)


def _replaced(name: str, owner: str) -> Plan:
    """Bank details that have been in force, from the day when the next ones were."""
    table, newer = table_of(name), table_of(name).alias()
    is_next = and_(newer.c[owner] == table.c[owner], newer.c.effective_at > table.c.effective_at)
    start = select(func.min(newer.c.effective_at)).where(is_next).correlate(table).scalar_subquery()
    in_force = (table.c.effective_at.is_not(None),)
    return Plan(table, start, when=in_force, person=table.c.get("person_id"), blocks=_PAID)


def _names_nobody_else(contract: FromClause) -> ColumnElement[bool]:
    """That whoever stands on a contract is named by nothing that has its own time: so that they go with it."""
    covered, kept = table_of("beneficiary").alias(), PERSONS.along | {"contract", "beneficiary"}
    is_on_it = or_(covered.c.contract_id == contract.c.id, covered.c.id.is_(None))
    named = [
        exists().where(key == covered.c.person_id) | exists().where(key == contract.c.member_id)
        for key, _ in references(table_of("person"))
        if key.table.name not in kept
    ]
    return ~exists().where(is_on_it, or_(*named))


# An order to pay tells to which account it went: that account stays with it.
_PAID = frozenset({"payment_order"})
_BANKS = {
    "bank_details": "person_id",
    "company_bank_details": "company_id",
    "provider_bank_details": "provider_id",
}
_steps, _freezes = table_of("fraud_report_step"), table_of("rights_freeze")
_settled_at = (
    select(func.min(_steps.c.taken_at))
    .where(_steps.c.report_id == table_of("fraud_report").c.id, _steps.c.state == FraudState.SETTLED)
    .correlate(table_of("fraud_report"))
    .scalar_subquery()
)
_is_frozen = exists().where(_freezes.c.report_id == table_of("fraud_report").c.id, _freezes.c.lifted_at.is_(None))
_left_on = (
    select(func.max(func.coalesce(table_of("employment_period").c.ends_on, FOR_EVER, type_=Date)))
    .where(table_of("employment_period").c.employee_id == table_of("employee").c.id)
    .correlate(table_of("employee"))
    .scalar_subquery()
)
_codes, _calls, _exempt = table_of("recovery_code").c, table_of("contribution_call").c, table_of("exemption").c
_refused_on = case((_exempt.state.in_((ExemptionState.REFUSED, ExemptionState.CANCELLED)), _exempt.starts_on))
_letters, _imports = table_of("outgoing_mail").c, table_of("employee_import").c
_invited, _deletions, _attempts = (
    table_of("affiliation_invitation").c,
    table_of("account_deletion").c,
    table_of("throttle").c,
)
_never = and_(_invited.completed_at.is_(None), _invited.exemption_asked_at.is_(None))

PLANS: dict[str, tuple[Plan, ...]] = {
    **{code: (plan,) for code, plan in ACCOUNTS.items()},
    **CASES,
    **DESK,
    "account-deletions": (
        plan_of(
            "account_deletion",
            "confirmed_at",
            when=(
                _deletions.erased_at.is_(None),
                _deletions.cancelled_at.is_(None),
            ),
        ),
    ),
    "email-codes": (plan_of("email_code", "sent_at", account=None),),
    "passkey-challenges": (plan_of("passkey_challenge", "expires_at"),),
    "pending-secrets": (plan_of("pending_secret", "expires_at", account=None),),
    "sign-in-attempts": (plan_of("throttle", "started_at", when=(_attempts.purpose != ACCOUNT_LOCK.purpose,)),),
    "sign-up-forms": (plan_of("sign_up_request", "received_at"),),
    "rights-traces": (plan_of("rights_trace", "asked_at"),),
    "employee-files": (
        plan_of(
            "employee_import",
            "sent_at",
            when=(_imports.storage_name.is_not(None), _imports.state.not_in(AT_WORK)),
            account=None,
            blank={"storage_name": None},
        ),
    ),
    "links": (plan_of("account_link", "expires_at"),),
    "letter-contents": (
        plan_of("outgoing_mail", "refused_at", when=(_letters.content_encrypted.is_not(None),), blank={}),
    ),
    "invitation-answers": (
        plan_of("affiliation_invitation", "expires_at", when=(_invited.draft_encrypted.is_not(None),)),
    ),
    "invitations": (
        Plan(
            table_of("affiliation_invitation"),
            case((_invited.revoked_at < _invited.expires_at, _invited.revoked_at), else_=_invited.expires_at),
            when=(_never,),
        ),
    ),
    "sessions": (plan_of("session", "seen_at"),),
    "letters": (
        Plan(
            table_of("outgoing_mail"),
            func.coalesce(_letters.sent_at, _letters.refused_at, type_=_letters.made_at.type),
            account=_letters.account_id,
        ),
    ),
    "factors-removed": (
        plan_of("passkey", "removed_at"),
        Plan(
            table_of("recovery_code"),
            func.coalesce(_codes.used_at, _codes.dropped_at, type_=_codes.made_at.type),
            account=_codes.account_id,
        ),
    ),
    "contact-changes": (plan_of("email_change", "asked_at"), plan_of("phone_change", "changed_at")),
    "software-secrets": (plan_of("software_secret", "ends_at"),),
    "known-browsers": (plan_of("known_browser", "seen_at"),),
    "bank-changes-cancelled": tuple(plan_of(name, "cancelled_at", blocks=_PAID) for name in _BANKS),
    "employee-imports": (
        plan_of(
            "employee_import",
            "sent_at",
            when=(_imports.storage_name.is_(None), _imports.state.not_in(AT_WORK)),
            along=frozenset({"employee_import_row"}),
        ),
    ),
    "notification-choices": (plan_of("notification_choice", "ended_at"),),
    "evidence-details": (
        Plan(
            table_of("evidence_detail"),
            column_up("evidence_detail", "evidence", "seq", "at"),
            when=(nobody_held("evidence_person", "seq"),),
            along=frozenset({"evidence_person"}),
            account=column_up("evidence_detail", "evidence", "seq", "actor"),
            person=column_up("evidence_detail", "evidence", "seq", "acting_for"),
        ),
    ),
    "data-choices": tuple(
        plan_of(name, "ended_at") for name in ("data_objection", "processing_restriction", "death_instruction")
    ),
    "suspensions": (plan_of("account_suspension", "ended_at"), plan_of("account_reopening", "reopened_at")),
    "fraud-reports": (
        Plan(
            table_of("fraud_report"),
            _settled_at,
            when=(~_is_frozen,),
            account=table_of("fraud_report").c.account_id,
            along=OF_WORK | {"fraud_report_step", "rights_freeze"},
        ),
    ),
    "exceptional-accesses": (
        plan_of("exceptional_access", "ends_at", when=(table_of("exceptional_access").c.reviewed_at.is_not(None),)),
    ),
    "holds": (plan_of("retention_hold", "lifted_at"),),
    "mandates": (plan_of("mandate", "ends_on"),),
    "rights-checks": (plan_of("rights_check", "asked_at", along=frozenset({"rights_trace", "software_check"})),),
    "exemptions": (
        Plan(
            table_of("exemption"),
            func.coalesce(_exempt.ended_on, _exempt.valid_until, _refused_on, type_=_exempt.ended_on.type),
            when=(_exempt.state != ExemptionState.ASKED,),
            along=frozenset({"exemption_piece", "exemption_step"}),
            blocks=frozenset({"exemption"}),
            sweeps=(FILES,),
        ),
    ),
    "bank-details-replaced": tuple(_replaced(name, owner) for name, owner in _BANKS.items()),
    "benefit-lines": (
        plan_of(
            "benefit_line",
            "posted_on",
            along=frozenset({"claim_line"}),
            blocks=frozenset({"complaint", "line_correction", "payment_due", "valued_line"}),
        ),
    ),
    "payments": (
        plan_of(
            "payment",
            "paid_on",
            person=table_of("payment").c.member_id,
            along=frozenset({"payment_order", "payment_return"}),
            blocks=frozenset({"benefit_line", "overpayment_step"}),
        ),
    ),
    "statements": (plan_of("statement", "issued_at"),),
    "transfers": (plan_of("transfer", "paid_on", along=frozenset({"remittance_line"})),),
    "invoices": (
        plan_of(
            "invoice",
            "received_on",
            along=frozenset({"invoice_step"}),
            blocks=frozenset({"invoice_dispute", "remittance_line"}),
        ),
    ),
    "contribution-calls": (
        plan_of(
            "contribution_call",
            "period_end",
            along=frozenset({"contribution_line", "contribution_month"}),
            blocks=frozenset({"contribution_dispute"}),
            loosens=frozenset({"contribution_payment.call_id", "contribution_payment.counted_in_id"}),
        ),
    ),
    "contribution-payments": (
        plan_of("contribution_payment", "received_on", when=(table_of("contribution_payment").c.call_id.is_(None),)),
    ),
    "employees": (
        Plan(
            table_of("employee"),
            _left_on,
            person=table_of("employee").c.person_id,
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
        plan_of(
            "contract",
            "ends_on",
            when=(_names_nobody_else(table_of("contract")), nobody_held("beneficiary", "contract_id")),
            person=table_of("contract").c.member_id,
            along=frozenset({"beneficiary", "contract_option"}),
            blocks=frozenset(
                {"benefit_line", "beneficiary_change", "complaint", "death_act", "death_cover", "employee"}
            ),
            sweeps=(PERSONS,),
        ),
    ),
    "signatories": (
        plan_of(
            "group_contract",
            "ends_on",
            when=(table_of("group_contract").c.signatory_last_name != "",),
            blank={"signatory_last_name": "", "signatory_first_name": ""},
        ),
    ),
}
