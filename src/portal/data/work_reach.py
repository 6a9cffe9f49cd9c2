"""Which requests of the queue an agent may read: of the kinds they are charged with, none of their own or of their
family's (R-72). Lists, counts and single requests all ask here."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, false, true
from sqlmodel import Session, col

from portal.data.accounts import Role, Space
from portal.data.parties import items_near
from portal.data.sessions import Viewer
from portal.data.work_items import WorkItem, duties_of, kinds_of
from portal.security import Keyring


class Reach(NamedTuple):
    """What an agent of the desk may read: these kinds, and where `is_far_reaching`, what colleagues sent; none of the
    items `near` to them, which are few."""

    kinds: tuple[str, ...]
    is_far_reaching: bool
    near: tuple[int, ...]


def reach_of(db: Session, viewer: Viewer, keyring: Keyring) -> Reach:
    """What the viewer may read. Colleagues' own requests are for supervisors, whom alone their accounts are open to."""
    kinds = tuple(sorted(kinds_of(duties_of(db, viewer))))
    near = items_near(db, keyring, viewer.account_id) if kinds else ()
    return Reach(kinds, viewer.role == Role.SUPERVISOR, near)


def items_for(db: Session, viewer: Viewer, keyring: Keyring) -> ColumnElement[bool]:
    """Which items the viewer may read, as a condition."""
    kinds, is_far_reaching, near = reach_of(db, viewer, keyring)
    reached = true() if is_far_reaching else col(WorkItem.space) != Space.DESK
    others = col(WorkItem.id).not_in(near) if near else true()
    return and_(col(WorkItem.kind).in_(kinds), reached, others) if kinds else false()
