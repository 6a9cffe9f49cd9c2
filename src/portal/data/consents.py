"""What rests on a person's consent alone, and its withdrawal, as easy as giving it (GDPR 7(3); R-70).

Each consent lives where it is given; this is the one list of them. The terms of use are a contract, and are not here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from portal.data.accounts import Space
from portal.data.notifications import NotificationChoice, choose_notifications
from portal.data.saved_places import SavedPlace, forget_place
from portal.data.sessions import Viewer
from portal.data.sharing import own_sharings, stop_sharing


class ConsentKind(StrEnum):
    """The value names it in forms and in the evidence."""

    NOTICES = "avis-de-versement"
    SHARING = "partage-des-prestations"
    PLACE = "lieu-de-recherche"


@dataclass(frozen=True, slots=True)
class Consent:
    """`to`: the member who reads the lines, or the place; `since`: when it was given."""

    kind: ConsentKind
    since: datetime
    to: str = ""


def consents_of(db: Session, viewer: Viewer, today: date) -> list[Consent]:
    """What the viewer agreed to, and has not taken back, in the order of `ConsentKind`; members alone are asked."""
    if viewer.space != Space.MEMBER:
        return []
    return [*_notices(db, viewer), *_sharings(db, viewer, today), *_place(db, viewer)]


def withdraw_consent(db: Session, viewer: Viewer, kind: ConsentKind, now: datetime, today: date) -> bool:
    """Takes a consent back, at once; whether there was one."""
    if viewer.space != Space.MEMBER:
        return False
    if kind is ConsentKind.NOTICES:
        return choose_notifications(db, viewer, set(), now)
    if kind is ConsentKind.PLACE:
        return forget_place(db, viewer)
    members = [sharing.member_id for sharing in own_sharings(db, viewer, today) if sharing.is_on]
    stopped = [stop_sharing(db, viewer, member_id, now) for member_id in members]
    return any(stopped)


def _notices(db: Session, viewer: Viewer) -> list[Consent]:
    mine = (NotificationChoice.account_id == viewer.account_id, col(NotificationChoice.ended_at).is_(None))
    rows = db.exec(select(NotificationChoice).where(*mine).order_by(col(NotificationChoice.id)))
    return [Consent(ConsentKind.NOTICES, row.chosen_at) for row in rows]


def _sharings(db: Session, viewer: Viewer, today: date) -> list[Consent]:
    shared = [sharing for sharing in own_sharings(db, viewer, today) if sharing.is_on]
    return [Consent(ConsentKind.SHARING, each.past[0].started_at, each.member_name) for each in shared]


def _place(db: Session, viewer: Viewer) -> list[Consent]:
    row = db.get(SavedPlace, viewer.account_id)
    return [Consent(ConsentKind.PLACE, row.saved_at, row.label)] if row else []
