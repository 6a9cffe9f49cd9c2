"""Decisions of which nothing will come are forgotten (R-71). No viewer: the retention schedule's job."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from portal.data.cases import Case
from portal.data.proposals import DecisionProposal, ProposalState

# What was written and never sent is forgotten after this.
KEPT_FOR = timedelta(days=7)


def expire_proposals(db: Session, now: datetime) -> int:
    """Forgets what no decision will come of, after a while: drafts left alone, what was sent back, proposals that their
    case has moved past, which are said to be void at once; how many."""
    of_case = select(DecisionProposal).join(Case, col(Case.id) == DecisionProposal.case_id)
    moved = of_case.where(DecisionProposal.state == ProposalState.WAITING, DecisionProposal.version != Case.version)
    rows = list(db.exec(moved))
    for row in rows:
        row.state, row.settled_at = ProposalState.EXPIRED, now
        db.add(row)
    db.flush()
    old = (DecisionProposal.state == ProposalState.DRAFT, DecisionProposal.written_at <= now - KEPT_FOR)
    is_back = col(DecisionProposal.state).in_([ProposalState.RETURNED, ProposalState.EXPIRED])
    back = (is_back, DecisionProposal.written_at <= now - KEPT_FOR)
    gone = int(db.execute(delete(DecisionProposal).where(*old)).rowcount)
    emptied = update(DecisionProposal).where(*back, DecisionProposal.payload_encrypted != b"")
    emptied_count = int(db.execute(emptied.values(payload_encrypted=b"")).rowcount)
    return len(rows) + gone + emptied_count
