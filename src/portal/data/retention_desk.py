"""Which rows of the desk's own work each rule of the retention schedule is about (R-71). What hangs on a request goes
with the request (`retention_cases.py`)."""

from sqlalchemy import and_, or_

from portal.data.proposals import ProposalState
from portal.data.publication_files import AT_WORK
from portal.data.retention_engine import Plan
from portal.data.retention_shapes import plan_of, table_of

_proposals, _files = table_of("decision_proposal").c, table_of("publication_file").c
_is_unsent = or_(
    _proposals.state == ProposalState.DRAFT,
    and_(_proposals.state.in_([ProposalState.RETURNED, ProposalState.EXPIRED]), _proposals.payload_encrypted != b""),
)

DESK: dict[str, tuple[Plan, ...]] = {
    "work-presences": (plan_of("work_presence", "seen_at"),),
    "decision-drafts": (plan_of("decision_proposal", "written_at", when=(_is_unsent,)),),
    "publication-files": (
        plan_of(
            "publication_file",
            "checked_at",
            when=(_files.storage_name.is_not(None), _files.state.not_in(AT_WORK)),
            blank={"storage_name": None, "rejects_name": None},
        ),
    ),
    "desk-absences": (plan_of("desk_absence", "until"),),
    "import-runs": (plan_of("import_run", "begun_at"),),
    "payment-runs": (plan_of("payment_run", "day", blocks=frozenset({"payment_order"})),),
}
