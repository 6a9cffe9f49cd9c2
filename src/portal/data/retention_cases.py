"""Which requests each rule of the retention schedule is about (R-71), and all that goes with them: by their kind."""

from sqlalchemy import func

from portal.data.cases import DECISIONS, CaseKind, CaseState
from portal.data.retention_engine import Plan
from portal.data.retention_shapes import FILES, plan_of, table_of

OVER = (*DECISIONS, CaseState.CANCELLED, CaseState.CLOSED, CaseState.ANSWERED, CaseState.LAPSED)
# What the desk did with a request goes with it.
OF_WORK = frozenset({"work_item", "work_presence", "work_step", "clock_notice"})
# A complaint that began as a message has a copy of it, and needs the thread no more.
_OF_DESK = (
    OF_WORK
    | {"decision_proposal", "requalification", "valuation_draft", "valued_line"}
    | {
        "line_correction",
        "overpayment",
        "overpayment_step",
    }
)
_OF_KIND = frozenset(
    {
        *("beneficiary_change", "claim", "claim_estimate", "claim_line", "complaint", "contribution_dispute"),
        *("correction", "data_request", "invoice_dispute", "message_reference", "message_thread", "practice_change"),
        *("case_reminder", "postal_letter", "received_request"),
    }
)
# Everything that hangs on a case, each kind's own row among it.
_OF_CASES = frozenset({"case_message", "case_piece", "case_step"}) | _OF_KIND | _OF_DESK
_cases = table_of("case_file").c


def _case(*kinds: CaseKind, states: tuple[CaseState, ...] = OVER) -> tuple[Plan]:
    return (
        plan_of(
            "case_file",
            "changed_at",
            when=(_cases.kind.in_(kinds) if kinds else _cases.id.is_not(None), _cases.state.in_(states)),
            person=func.coalesce(_cases.person_id, _cases.member_id),
            along=_OF_CASES,
            loosens=frozenset({"claim.quote_id"}),
            sweeps=(FILES,),
        ),
    )


CASES: dict[str, tuple[Plan, ...]] = {
    "case-drafts": _case(states=(CaseState.DRAFT,)),
    "messages": _case(CaseKind.MESSAGE, CaseKind.CORRECTION, CaseKind.AUTONOMY),
    "complaints": _case(CaseKind.COMPLAINT),
    "data-rights": _case(CaseKind.DATA_RIGHT),
    "beneficiary-changes": _case(
        CaseKind.BENEFICIARY_ADDED, CaseKind.BENEFICIARY_CHANGED, CaseKind.BENEFICIARY_REMOVED
    ),
    "quotes": _case(CaseKind.QUOTE),
    "disputes": _case(
        *(CaseKind.CONTRIBUTION_DISPUTE, CaseKind.INVOICE_DISPUTE),
        *(CaseKind.PRACTICE_ADDRESS, CaseKind.PRACTICE_NUMBER),
    ),
    "claims": _case(CaseKind.CLAIM),
}
