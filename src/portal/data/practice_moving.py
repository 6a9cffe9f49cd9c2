"""What the desk decides of a practice's change, and what that changes from its day on: the practice's own row, and the
places of the directory that name it.

The caller of a decision has locked the case by `case_desk.lock_for_desk`. Every act locks the case, then the practice.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from portal.data.case_desk import move_by_desk
from portal.data.cases import Case, CaseState, WrongState
from portal.data.directory import Practice, cells_of
from portal.data.organisations import Provider
from portal.data.practice_addresses import address_on, keep_address
from portal.data.practice_changes import PracticeChange
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.places.addresses import place_key
from portal.places.distance import Position
from portal.places.gazetteer import gazetteer
from portal.security import Keyring


class NumberTaken(Exception):
    """Another practice has the number that is asked for."""


def accept_practice_change(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, now: datetime, *, takes_effect_on: date | None = None
) -> PracticeChange:
    """Accepts a locked request, from the day that the practice wanted unless another one is given; applies it when that
    day has come. Raises `WrongState`, `NumberTaken`, `PermissionError` for anybody but an `Agent`."""
    row = db.get_one(PracticeChange, case.id)
    move_by_desk(db, agent, keyring, case, CaseState.ACCEPTED, "", now)
    row.takes_effect_on = takes_effect_on or row.wanted_on
    db.add(row)
    _refuse_taken(db, row)
    if row.takes_effect_on <= day_in_france(now):
        _apply(db, row, now)
    db.flush()
    return row


def refuse_practice_change(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, reason: str, now: datetime
) -> None:
    """Refuses a locked request; `reason` is what its author reads. Raises `WrongState`, also without a reason."""
    if not reason.strip():
        raise WrongState
    move_by_desk(db, agent, keyring, case, CaseState.REFUSED, reason, now)


def due_practice_changes(db: Session, day: date) -> list[int]:
    """The accepted requests whose day has come, in the order of their days."""
    due = (col(PracticeChange.takes_effect_on) <= day, col(PracticeChange.applied_at).is_(None))
    query = select(PracticeChange.case_id).where(*due)
    return list(db.exec(query.order_by(col(PracticeChange.takes_effect_on), col(PracticeChange.case_id))))


def apply_practice_change(db: Session, case_id: int, now: datetime) -> PracticeChange | None:
    """Applies an accepted request; None when that was done meanwhile. Raises `NumberTaken`."""
    db.get_one(Case, case_id, with_for_update=True)
    row = db.get_one(PracticeChange, case_id, populate_existing=True)
    if row.applied_at is not None or row.takes_effect_on is None:
        return None
    _refuse_taken(db, row)
    _apply(db, row, now)
    return row


def case_of_change(db: Session, row: PracticeChange) -> Case:
    """The case of a change that the caller has reached."""
    return db.get_one(Case, row.case_id)


def _refuse_taken(db: Session, row: PracticeChange) -> None:
    holder = select(Provider.id).where(Provider.national_id == row.national_id, Provider.id != row.provider_id)
    if row.national_id and db.exec(holder).first() is not None:
        raise NumberTaken


def _apply(db: Session, row: PracticeChange, now: datetime) -> None:
    practice = db.get_one(Provider, row.provider_id, with_for_update=True)
    row.former = _renumber(db, practice, row) if row.national_id else _move(db, practice, row)
    row.applied_at = now
    db.add(row)
    db.flush()


def _renumber(db: Session, practice: Provider, row: PracticeChange) -> str:
    former = practice.national_id
    for place in _places(db, practice):
        _replace(db, place, row, (row.national_id, place.profession, place.place_key))
    practice.national_id = row.national_id
    db.add(practice)
    return former


def _move(db: Session, practice: Provider, row: PracticeChange) -> str:
    """Moves the place of the address that the practice leaves; its only one, where the two are not written alike."""
    since = row.takes_effect_on or row.wanted_on
    left = address_on(db, practice.id or 0, since - timedelta(days=1))
    former = place_key(left.postcode, left.address) if left else ""
    keep_address(db, practice.id or 0, since, (row.address, row.postcode, row.city))
    places = _places(db, practice)
    leaving = [place for place in places if place.place_key == former] or (places if len(places) == 1 else [])
    gone = leaving[0].place_key if leaving else former
    for place in leaving:
        _replace(db, place, row, (place.national_id, place.profession, place_key(row.postcode, row.address)))
    return gone


def _places(db: Session, practice: Provider) -> Sequence[Practice]:
    present = (Practice.national_id == practice.national_id, col(Practice.left_on).is_(None))
    return db.exec(select(Practice).where(*present).order_by(col(Practice.id))).all()


def _replace(db: Session, place: Practice, row: PracticeChange, name: tuple[str, str, str]) -> None:
    """Gives a place another name (number, profession, key of the address). One that the directory knows by it already
    takes its place."""
    known = select(Practice).where(
        Practice.national_id == name[0],
        Practice.profession == name[1],
        Practice.place_key == name[2],
        Practice.id != place.id,
    )
    other = db.exec(known).first()
    if other is not None:
        place.left_on, other.left_on = row.takes_effect_on, None
        db.add(other)
    else:
        place.national_id, place.profession, place.place_key = name
        if row.address:
            _settle(place, row)
    db.add(place)
    db.flush()


def _settle(place: Practice, row: PracticeChange) -> None:
    """The new address, in the middle of its commune: nobody has measured where its door is."""
    place.address, place.postcode, place.city = row.address, row.postcode, row.city
    place.checked_on = row.takes_effect_on or row.wanted_on
    position = _middle_of(row)
    if position is not None:
        place.latitude, place.longitude = position
        place.is_approximate = True
        place.fine, place.coarse = cells_of(position)


def _middle_of(row: PracticeChange) -> Position | None:
    found = gazetteer().suggest(f"{row.city} {row.postcode}", 1) or gazetteer().resolve(row.postcode)
    return found[0].position if found else None
