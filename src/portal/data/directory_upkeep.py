"""What imports ask of the directory, and write to it. Only an operator's import calls this: there is no viewer."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from portal.data.directory import Completed, Practice

BATCH = 500


class PlaceName(NamedTuple):
    """What makes a place the same from one file to the next: whose it is (RPPS or FINESS), what is done there, the
    address as it is compared."""

    national_id: str
    profession: str
    place_key: str


class Details(NamedTuple):
    """What the national directory may complete; `completed`: what it did."""

    phone: str
    specialty: str
    completed: Completed


def places_present(db: Session) -> Iterator[PlaceName]:
    """Every place that is in the directory today."""
    return map(PlaceName._make, db.execute(select(*_NAME).where(col(Practice.left_on).is_(None))))


def count_present(db: Session) -> int:
    """How many places are in the directory today."""
    return int(db.execute(select(func.count()).where(col(Practice.left_on).is_(None))).scalar_one())


def details_of(db: Session, identifiers: Collection[str]) -> dict[PlaceName, Details]:
    """What is held of all the places of some professionals."""
    columns = (*_NAME, Practice.phone, Practice.specialty, Practice.completed)
    found = db.execute(select(*columns).where(col(Practice.national_id).in_(identifiers)))
    return {PlaceName(*name): Details(phone, word, Completed(done)) for *name, phone, word, done in found}


def leave_directory(db: Session, present: set[PlaceName], today: date) -> int:
    """Dates the leaving of every place that is not among those present; how many left."""
    there = db.execute(select(Practice.id, *_NAME).where(col(Practice.left_on).is_(None)))
    gone = [practice_id for practice_id, *name in there if tuple(name) not in present]
    for start in range(0, len(gone), BATCH):
        batch = gone[start : start + BATCH]
        db.execute(update(Practice).where(col(Practice.id).in_(batch)).values(left_on=today))
    return len(gone)


_NAME = (Practice.national_id, Practice.profession, Practice.place_key)
