"""Which rows of the desk's own work each rule of the retention schedule is about (R-71). What hangs on a request goes
with the request (`retention_cases.py`)."""

from sqlalchemy import and_, func, or_

from portal.data.proposals import ProposalState
from portal.data.publication_files import AT_WORK
from portal.data.retention_cases import OF_WORK
from portal.data.retention_engine import Plan
from portal.data.retention_shapes import FILES, plan_of, table_of

_proposals, _files = table_of("decision_proposal").c, table_of("publication_file").c
_deaths, _letters = table_of("death").c, table_of("postal_letter").c
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
    "deaths": (
        Plan(
            table_of("death"),
            func.coalesce(_deaths.settled_at, _deaths.undone_at, type_=_deaths.recorded_at.type),
            person=_deaths.person_id,
            along=OF_WORK | {"death_act", "death_cover"},
            sweeps=(FILES,),
        ),
    ),
    "postal-letters": (
        Plan(
            table_of("postal_letter"),
            func.coalesce(_letters.posted_at, _letters.cancelled_at, type_=_letters.made_at.type),
            when=(_letters.case_id.is_(None),),
            person=_letters.person_id,
        ),
    ),
    "payment-runs": (plan_of("payment_run", "day", blocks=frozenset({"payment_order"})),),
}
