"""Letters that wait to be printed and posted (R-70, R-72): by whoever is charged with what they tell, and is neither
whom they are about nor a relative."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, update
from sqlmodel import Session, col, select

from portal.data.cases import Case
from portal.data.households import circle_of
from portal.data.persons import Person
from portal.data.postal_letters import CHARGED_WITH, WAITING, LetterKind, PostalLetter
from portal.data.sessions import Viewer
from portal.data.work_items import WorkItem, duties_of
from portal.data.work_reach import items_for
from portal.formatting import day_in_france
from portal.security import Keyring

MOST_LISTED = 200


class WrongDay(Exception):
    """A letter is posted neither before it was written, nor in the future."""


@dataclass(frozen=True, slots=True)
class ToPost:
    """A letter as the list shows it. `item_id`, `reference`, `due_at`: of the request that it is about, if any.
    `may_post`: the viewer may say that it was posted."""

    letter: PostalLetter
    person: str
    may_post: bool
    item_id: int | None
    reference: str
    due_at: datetime | None


def letters_to_post(db: Session, viewer: Viewer, keyring: Keyring) -> list[ToPost]:
    """What waits, the oldest first."""
    query = _reached(db, viewer, keyring, PostalLetter, Person, Case, WorkItem).where(*WAITING)
    found = db.exec(query.order_by(col(PostalLetter.id)).limit(MOST_LISTED))
    return [_to_post(viewer, *row) for row in found]


def count_to_post(db: Session, viewer: Viewer, keyring: Keyring) -> int:
    """How many letters wait for whoever may post them, the viewer among these."""
    return int(db.exec(_reached(db, viewer, keyring, func.count(col(PostalLetter.id))).where(*WAITING)).one())


def letter_to_post(db: Session, viewer: Viewer, keyring: Keyring, letter_id: int) -> PostalLetter | None:
    """One letter that the viewer may print, posted or not; None for others, and once it was given up or erased."""
    lasts = (col(PostalLetter.cancelled_at).is_(None), col(PostalLetter.content_encrypted).is_not(None))
    query = _reached(db, viewer, keyring, PostalLetter).where(PostalLetter.id == letter_id, *lasts)
    row: PostalLetter | None = db.exec(query).first()
    return row


def may_post(viewer: Viewer, row: PostalLetter) -> bool:
    """Whether the viewer may say of a letter that they may print that it was posted: about an exceptional access,
    whoever opened it does not."""
    return row.is_waiting and (row.kind != LetterKind.EXCEPTIONAL_ACCESS or row.made_by != viewer.account_id)


def mark_posted(db: Session, viewer: Viewer, row: PostalLetter, day: date, now: datetime) -> bool:
    """Says on which day (in France) a letter left that the viewer may print; False when that was said before, or is not
    the viewer's to say. Raises `WrongDay`."""
    if not may_post(viewer, row):
        return False
    if not day_in_france(row.made_at) <= day <= day_in_france(now):
        raise WrongDay
    values = {"posted_on": day, "posted_at": now, "posted_by": viewer.account_id}
    one = (col(PostalLetter.id) == row.id, *WAITING)
    return bool(db.exec(update(PostalLetter).where(*one).values(**values)).rowcount)


def _reached(db: Session, viewer: Viewer, keyring: Keyring, *what: Any) -> Any:
    query = select(*what).select_from(PostalLetter).join(Person, col(Person.id) == PostalLetter.person_id)
    of_case = query.outerjoin(Case, col(Case.id) == PostalLetter.case_id)
    of_item = of_case.outerjoin(WorkItem, col(WorkItem.case_id) == Case.id)
    return of_item.where(_is_reached(db, viewer, keyring))


def _is_reached(db: Session, viewer: Viewer, keyring: Keyring) -> ColumnElement[bool]:
    """By the duty that its kind takes; of a request, as that is reached; nothing about the viewer or a relative."""
    duties = duties_of(db, viewer)
    kinds = [kind for kind, duty in CHARGED_WITH.items() if duty in duties]
    if not kinds:
        return false()
    near = circle_of(db, viewer.account_id).persons
    return and_(
        col(PostalLetter.kind).in_(kinds),
        col(PostalLetter.person_id).not_in(near),
        or_(col(PostalLetter.case_id).is_(None), items_for(db, viewer, keyring)),
    )


def _to_post(viewer: Viewer, row: PostalLetter, person: Person, case: Case | None, item: WorkItem | None) -> ToPost:
    name = f"{person.first_name} {person.last_name}"
    return ToPost(
        row,
        name,
        may_post=may_post(viewer, row),
        item_id=item.id if item else None,
        reference=case.reference if case else "",
        due_at=case.due_at if case else None,
    )
