"""A case as an agent of the desk may open it: of a kind they are charged with, and neither their own nor a relative's.

The queue's row names it (`work_items`): what an agent is not charged with, or is party to, does not exist for them.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.case_messages import CaseMessage
from portal.data.case_pieces import CasePiece
from portal.data.cases import Case, CaseState, CaseStep
from portal.data.sessions import Stage, Viewer
from portal.data.work_items import WorkItem
from portal.data.work_reach import items_for
from portal.security import Keyring


@dataclass(frozen=True, slots=True)
class AtDesk:
    """A case and its row in the queue. `author`: whose account it is; None without one (a complaint by anybody)."""

    item: WorkItem
    case: Case
    author: Account | None

    @property
    def concerned(self) -> list[int]:
        """The persons who learn that the case was read: its author, and whom it is about. Not who holds the contract:
        an adult dependant's requests are that person's own."""
        author = self.author.person_id if self.author else None
        return sorted({one for one in (author, self.case.person_id) if one is not None})


def case_at_desk(db: Session, viewer: Viewer, keyring: Keyring, item_id: int) -> AtDesk | None:
    """The case behind a row of the queue; None for a kind that is not the viewer's charge, for what the viewer is party
    to, for a fraud report, and for a draft."""
    query = (
        select(WorkItem, Case)
        .join(Case, col(Case.id) == WorkItem.case_id)
        .where(WorkItem.id == item_id, Case.state != CaseState.DRAFT, items_for(db, viewer, keyring))
    )
    found = db.exec(query).first()
    if found is None:
        return None
    item, case = found
    author = db.get(Account, case.account_id) if case.account_id else None
    return AtDesk(item, case, author)


def author_as_viewer(author: Account, now: datetime) -> Viewer:
    """The author of a case as a viewer, for showing what they will read; nobody signs in for it."""
    return Viewer(
        account_id=author.id or 0,
        space=author.space,
        role=author.role,
        display_name=author.display_name,
        organisation=author.organisation,
        person_id=author.person_id,
        stage=Stage.FULL,
        session_hash="",
        company_id=author.company_id,
        provider_id=author.provider_id,
        confirmed_at=now,
    )


def changes_since(db: Session, case: Case, then: datetime) -> tuple[list[CaseStep], int, int]:
    """What came to a case after an instant: its steps, how many messages of its author, how many pieces."""
    steps = db.exec(select(CaseStep).where(CaseStep.case_id == case.id, CaseStep.at > then).order_by(col(CaseStep.id)))
    said = select(func.count()).where(
        CaseMessage.case_id == case.id, CaseMessage.sent_at > then, col(CaseMessage.is_from_insurer).is_(False)
    )
    added = select(func.count()).where(CasePiece.case_id == case.id, CasePiece.added_at > then)
    return list(steps), db.exec(said).one(), db.exec(added).one()
