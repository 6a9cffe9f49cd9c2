"""A dependant's switch, an adult's or an autonomous minor's: whether the member reads the dependant's lines (R-72).

Nobody else turns it. What the member may read is judged at each request by `visibility`, so a switch works at the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from portal.data.coverage import LineSharing
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.visibility import is_representative, visible_scope


@dataclass(frozen=True, slots=True)
class Sharing:
    """What a dependant lets one member read. `past`: the periods, the newest first; the first one is open while the
    lines are shared."""

    member_id: int
    member_name: str
    past: Sequence[LineSharing]

    @property
    def is_on(self) -> bool:
        return bool(self.past) and self.past[0].ended_at is None


@dataclass(frozen=True, slots=True)
class SharedWithMe:
    """An adult dependant of a member, and whether the dependant shares."""

    name: str
    is_on: bool


def own_sharings(db: Session, viewer: Viewer, today: date) -> list[Sharing]:
    """What the viewer, whom somebody else's contract covers and whose lines are private, shares with whom."""
    if is_representative(viewer):
        return []
    own = [one for one in visible_scope(db, viewer, today).relatives if one.is_self]
    members = {one.member_id for one in own if one.member_id != viewer.person_id}
    if not any(one.is_private for one in own):
        members = _still_shared_with(db, viewer)
    return [_sharing(db, viewer.person_id or 0, member_id) for member_id in sorted(members)]


def shared_with(db: Session, viewer: Viewer, today: date) -> list[SharedWithMe]:
    """The dependants of the viewer's contracts whose lines are private, and whether each shares them."""
    if is_representative(viewer):
        return []
    found = visible_scope(db, viewer, today).relatives
    adults = {
        one.person_id: one for one in found if one.member_id == viewer.person_id and not one.is_self and one.is_private
    }
    return [SharedWithMe(f"{one.first_name} {one.last_name}", one.in_detail) for one in adults.values()]


def start_sharing(db: Session, viewer: Viewer, member_id: int, now: datetime) -> bool:
    """Lets the member read the viewer's lines; whether that was not so already. The caller knows that the two are of
    one household (`own_sharings`)."""
    _lock(db, viewer)
    if _open_one(db, viewer, member_id) is not None:
        return False
    db.add(LineSharing(person_id=viewer.person_id or 0, member_id=member_id, started_at=now))
    db.flush()
    return True


def stop_sharing(db: Session, viewer: Viewer, member_id: int, now: datetime) -> bool:
    """Takes that back; whether there was something to take back."""
    _lock(db, viewer)
    row = _open_one(db, viewer, member_id)
    if row is None:
        return False
    row.ended_at = now
    db.add(row)
    db.flush()
    return True


def _lock(db: Session, viewer: Viewer) -> None:
    """Two tabs turn the switch one after the other: at most one sharing is open."""
    db.get_one(Person, viewer.person_id, with_for_update=True)


def _open_one(db: Session, viewer: Viewer, member_id: int) -> LineSharing | None:
    mine = (LineSharing.person_id == viewer.person_id, LineSharing.member_id == member_id)
    query = select(LineSharing).where(*mine, col(LineSharing.ended_at).is_(None))
    return db.exec(query.execution_options(populate_existing=True)).first()


def _still_shared_with(db: Session, viewer: Viewer) -> set[int]:
    """Whoever reads the viewer's lines by an old choice: taking it back stays possible."""
    query = select(LineSharing.member_id).where(LineSharing.person_id == viewer.person_id)
    return set(db.exec(query.where(col(LineSharing.ended_at).is_(None))))


def _sharing(db: Session, person_id: int, member_id: int) -> Sharing:
    member = db.get_one(Person, member_id)
    query = select(LineSharing).where(LineSharing.person_id == person_id, LineSharing.member_id == member_id)
    past = db.exec(query.order_by(col(LineSharing.id).desc())).all()
    return Sharing(member_id, f"{member.first_name} {member.last_name}", past)
