"""Télétransmission: whether the base scheme sends a person's care to the insurer by itself (the NOÉMIE link).

The insurer's files report the state; whoever the link is broken for learns why, and what to do (domain: the old insurer
that was not released is the usual cause).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.sessions import Viewer
from portal.data.visibility import Relative, visible_scope


class LinkState(StrEnum):
    """Values are those of the insurer's files."""

    ACTIVE = "active"
    BROKEN = "rompue"
    NEVER = "jamais_ouverte"
    DECLINED = "refusee"


class LinkCause(StrEnum):
    """Why a link is broken, or was never opened."""

    NONE = ""
    OTHER_INSURER = "ancienne_mutuelle"
    RIGHTS_OUTDATED = "droits_perimes"
    UNKNOWN_NUMBER = "numero_inconnu"
    OTHER_FIRST = "autre_prioritaire"


class RemoteLink(SQLModel, table=True):
    """`since`: from when the state holds. `other_insurer`: who keeps the link, when the files say so. `checked_on`: the
    day of the news."""

    __tablename__ = "remote_link"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", unique=True)
    state: str
    since: date
    cause: str = LinkCause.NONE
    other_insurer: str = ""
    checked_on: date


@dataclass(frozen=True, slots=True)
class PersonLink:
    """A person's link as the viewer may know it: `row` is None when the insurer has no news; `is_private`: an adult who
    sees it in a space of their own."""

    person_id: int
    first_name: str
    last_name: str
    is_self: bool
    row: RemoteLink | None
    is_private: bool

    @property
    def is_broken(self) -> bool:
        return self.row is not None and self.row.state in {LinkState.BROKEN, LinkState.NEVER}


def remote_links(db: Session, viewer: Viewer, today: date) -> list[PersonLink]:
    """The household's links, the viewer's own first; those of adults who keep their lines to themselves are private."""
    people = {one.person_id: one for one in visible_scope(db, viewer, today).relatives}
    readable = [person_id for person_id, one in people.items() if one.in_detail]
    query = select(RemoteLink).where(col(RemoteLink.person_id).in_(readable))
    rows = {row.person_id: row for row in db.exec(query)}
    found = sorted(people.values(), key=lambda one: not one.is_self)
    return [_link(one, rows.get(one.person_id)) for one in found]


def _link(one: Relative, row: RemoteLink | None) -> PersonLink:
    return PersonLink(one.person_id, one.first_name, one.last_name, one.is_self, row, not one.in_detail)


def sends_by_itself(db: Session, person_id: int | None, day: date) -> bool:
    """Whether the base scheme sent the person's care by itself on a day: its statement is then not asked for."""
    query = select(RemoteLink.id).where(RemoteLink.person_id == person_id, RemoteLink.state == LinkState.ACTIVE)
    return db.exec(query.where(RemoteLink.since <= day)).first() is not None
