"""What became of proposed decisions (`proposals.py`): what came back, what a case moved past, what waits for whom."""

from sqlmodel import Session, col, select

from portal.data.cases import Case
from portal.data.decisions import AFTER_THE_END
from portal.data.proposals import DecisionProposal, ProposalState
from portal.data.sessions import Viewer
from portal.data.work_items import WorkItem
from portal.data.work_reach import items_for
from portal.security import Keyring


def returned_to(db: Session, viewer: Viewer, case: Case) -> DecisionProposal | None:
    """The last decision of the viewer's on a case, when it was sent back and the case has not moved since."""
    last = _last_of(db, viewer, case)
    is_back = last is not None and (last.state, last.version) == (ProposalState.RETURNED, case.version)
    return last if is_back else None


def voided_of(db: Session, viewer: Viewer, case: Case) -> DecisionProposal | None:
    """The last decision of the viewer's on a case that goes on, or on what was paid of it, when the case moved while it
    waited to be approved."""
    last = _last_of(db, viewer, case)
    if last is None or (case.is_over and last.act not in AFTER_THE_END):
        return None
    is_passed = last.state == ProposalState.WAITING and last.version != case.version
    return last if is_passed or last.state == ProposalState.EXPIRED else None


def _last_of(db: Session, viewer: Viewer, case: Case) -> DecisionProposal | None:
    query = select(DecisionProposal).where(
        DecisionProposal.case_id == case.id, DecisionProposal.written_by == viewer.account_id
    )
    return db.exec(query.order_by(col(DecisionProposal.id).desc()).limit(1)).first()


def waiting_for(db: Session, viewer: Viewer, keyring: Keyring) -> list[tuple[DecisionProposal, Case, int]]:
    """The decisions that the viewer may approve, the oldest first, with their case and its row in the queue."""
    query = (
        select(DecisionProposal, Case, WorkItem.id)
        .join(Case, col(Case.id) == DecisionProposal.case_id)
        .join(WorkItem, col(WorkItem.case_id) == Case.id)
        .where(DecisionProposal.state == ProposalState.WAITING, DecisionProposal.version == Case.version)
        .where(DecisionProposal.written_by != viewer.account_id, items_for(db, viewer, keyring))
        .order_by(col(DecisionProposal.id))
    )
    return [(row, case, item_id or 0) for row, case, item_id in db.exec(query)]
