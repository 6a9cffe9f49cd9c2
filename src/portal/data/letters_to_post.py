"""Letters that wait to be printed and posted, for whoever is charged with the requests that they answer (R-70)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data.cases import Case
from portal.data.parties import is_party
from portal.data.postal_letters import LetterKind, PostalLetter
from portal.data.sessions import Viewer
from portal.data.work_items import WorkItem, items_for
from portal.security import Keyring

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Unposted:
    """A letter that waits to be posted; `item_id`: the request in the queue."""

    item_id: int
    reference: str
    kind: LetterKind
    written_at: datetime
    due_at: datetime | None


def letters_to_post(db: Session, viewer: Viewer, keyring: Keyring) -> list[Unposted]:
    """What the viewer may post, the oldest first: of requests that they are charged with, and party to none of."""
    query = (
        select(PostalLetter, Case, WorkItem)
        .join(Case, col(Case.id) == PostalLetter.case_id)
        .join(WorkItem, col(WorkItem.case_id) == Case.id)
        .where(col(PostalLetter.posted_on).is_(None), items_for(db, viewer))
        .order_by(col(PostalLetter.id))
        .limit(MOST_LISTED)
    )
    return [
        Unposted(item.id or 0, case.reference, LetterKind(letter.kind), letter.written_at, case.due_at)
        for letter, case, item in db.exec(query)
        if not is_party(db, keyring, viewer.account_id, case)
    ]


def count_to_post(db: Session, viewer: Viewer) -> int:
    """How many letters wait to be posted, of requests that the viewer is charged with."""
    waiting = (
        select(func.count())
        .select_from(PostalLetter)
        .join(WorkItem, col(WorkItem.case_id) == PostalLetter.case_id)
        .where(col(PostalLetter.posted_on).is_(None), items_for(db, viewer))
    )
    return db.exec(waiting).one()
