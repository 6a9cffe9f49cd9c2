"""What imports ask of the directory, and write to it. Only an operator's import calls this: there is no viewer."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select, update
from sqlmodel import Session, col

from portal.data.directory import Practice

BATCH = 500


class PlaceName(NamedTuple):
    """What makes a place the same from one file to the next: whose it is (RPPS or FINESS), what is done there, the
    address as it is compared."""

    national_id: str
    profession: str
    place_key: str


def leave_directory(db: Session, present: set[PlaceName], today: date) -> int:
    """Dates the leaving of every place that is not among those present; how many left."""
    there = db.execute(select(Practice.id, *_NAME).where(col(Practice.left_on).is_(None)))
    gone = [practice_id for practice_id, *name in there if tuple(name) not in present]
    for start in range(0, len(gone), BATCH):
        batch = gone[start : start + BATCH]
        db.execute(update(Practice).where(col(Practice.id).in_(batch)).values(left_on=today))
    return len(gone)


_NAME = (Practice.national_id, Practice.profession, Practice.place_key)
