"""The directory of approved professionals: where they receive, and those nearest to a place (R-24).

It is public: it says nothing of any member. Each place lies in a cell of two grids, a fine one and a coarse one; a
search looks at the cells under a circle that grows until it holds enough. The same B-tree serves both databases, and
what a search costs does not follow the size of the table. Who is not in the last file has left: the row stays, dated.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntFlag, StrEnum
from heapq import nsmallest
from math import floor
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, true
from sqlmodel import Field, Session, SQLModel, col

from portal.data.columns import Index
from portal.data.loading import among_postgresql, among_sqlite
from portal.places.distance import HALF_TURN, Box, Position, box_around, distance_km
from portal.places.hours import local_clock, opening, read_hours

PAGE_SIZE = 20
FINE, COARSE = 20, 2  # cells per degree: 5.5 km and 55 km high
COLUMNS = 100_000
# Kilometres. Each circle is asked for in the cells of its grid; beyond the last, the whole table is.
FINE_CIRCLES, COARSE_CIRCLES = (2.0, 5.0, 12.0), (40.0, 120.0, 350.0)
WHOLE_EARTH = 20_100.0


class Profession(StrEnum):
    """Values are part of import files and addresses."""

    OPTICIAN = "opticien"
    AUDIOLOGIST = "audioprothesiste"
    DENTIST = "dentiste"
    OSTEOPATH = "osteopathe"
    CHIROPRACTOR = "chiropracteur"
    DIETITIAN = "dieteticien"
    PSYCHOLOGIST = "psychologue"
    PODIATRIST = "podologue"


class Service(IntFlag):
    """What a place offers. Stored as a number: the values stay."""

    FULLY_COVERED = 1
    VIDEO = 2
    AT_HOME = 4
    WHEELCHAIR = 8
    NEW_PATIENTS = 16
    SATURDAY = 32


NO_SERVICE = Service(0)


class Level(StrEnum):
    """How far the network's agreement goes."""

    APPROVED = "agree"
    PARTNER = "partenaire"


class Completed(IntFlag):
    """What the national directory said of a place, where the network's file says nothing. Stored as a number."""

    PHONE = 1
    SPECIALTY = 2


NOTHING_COMPLETED = Completed(0)


class Practice(SQLModel, table=True):
    """A place where an approved professional receives. `national_id`: RPPS or FINESS; `place_key`: the address as it is
    compared, so that the same place is not entered twice. `is_approximate`: the position is the commune's. `languages`:
    ISO codes between spaces. `hours`: as `places.hours` writes them. `price_cents`: of the act of `act_code`, if known.
    `completed`: what the national directory said."""

    __tablename__ = "practice"
    __table_args__ = (
        Index("uq_practice_place", "national_id", "profession", "place_key", unique=True),
        Index("ix_practice_fine", "fine", "profession"),
        Index("ix_practice_coarse", "coarse", "profession"),
    )

    id: int | None = Field(default=None, primary_key=True)
    national_id: str = Field(max_length=11)
    place_key: str
    profession: str
    specialty: str = ""
    name: str
    address: str
    postcode: str
    city: str
    latitude: float
    longitude: float
    is_approximate: bool = False
    fine: int
    coarse: int
    phone: str = ""
    access: str = ""
    services: int = 0
    languages: str = ""
    level: str = Level.APPROVED
    hours: str = ""
    price_cents: int | None = None
    act_code: str = ""
    checked_on: date
    completed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    left_on: date | None = None

    @property
    def position(self) -> Position:
        return Position(self.latitude, self.longitude)


class Place(NamedTuple):
    """Where a page of results ended: its last distance, in kilometres, and row."""

    km: float
    practice_id: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for around a place. `services`: all of them; `language`: an ISO code; `open_at`: an instant at
    which it must be open; `after`: the end of the page before."""

    centre: Position
    profession: Profession | None = None
    services: Service = NO_SERVICE
    language: str = ""
    level: Level | None = None
    open_at: datetime | None = None
    after: Place | None = None


class Near(NamedTuple):
    """A practice and how far it is, in kilometres."""

    practice: Practice
    km: float


@dataclass(frozen=True, slots=True)
class Found:
    """The nearest practices, and whether there are more. `radius_km`: of the circle that was looked into."""

    nearest: tuple[Near, ...]
    is_more: bool
    radius_km: float


def cells_of(position: Position) -> tuple[int, int]:
    """The fine and the coarse cell of a position."""
    return _cell(position, FINE), _cell(position, COARSE)


def find_practice(db: Session, practice_id: int) -> Practice | None:
    """One practice, also one that has left."""
    return db.get(Practice, practice_id)


def nearest_practices(db: Session, wish: Wish, size: int = PAGE_SIZE) -> Found:
    """The practices nearest to a place, in order of distance then row, from where the page before ended."""
    start = wish.after or Place(-1.0, 0)
    for radius, candidates in _circles(db, wish, start.km):
        hits = [hit for hit in _measured(candidates, wish.centre) if start < hit and hit.km <= radius]
        if len(hits) > size or radius == WHOLE_EARTH:
            kept = nsmallest(size + 1, hits)
            return Found(_read(db, kept[:size]), len(kept) > size, radius)
    raise AssertionError("the last circle is the whole Earth")


def _circles(db: Session, wish: Wish, from_km: float) -> Iterator[tuple[float, Sequence[Any]]]:
    """Ever larger circles, and the rows that may lie in each."""
    for radius, column, scale in _GROWING:
        if radius > from_km:
            cells = _cells_under(box_around(wish.centre, radius), scale)
            yield radius, _candidates(db, wish, column, cells)
    yield WHOLE_EARTH, _candidates(db, wish)


def _candidates(db: Session, wish: Wish, column: Any = None, cells: Sequence[int] = ()) -> Sequence[Any]:
    connection = db.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    query = _matching(wish)
    if column is None:
        return _open_ones(connection.execute(query), wish.open_at)
    where = among_sqlite(column) if is_sqlite else among_postgresql(column)
    keys = {"keys": json.dumps(cells) if is_sqlite else list(cells)}
    return _open_ones(connection.execute(query.where(where), keys), wish.open_at)


def _open_ones(rows: Iterable[Any], now: datetime | None) -> Sequence[Any]:
    """The rows whose place is open at an instant; all of them without one."""
    if now is None:
        return list(rows)
    return [row for row in rows if opening(read_hours(row.hours), local_clock(row.postcode, now)).is_open]


def _matching(wish: Wish) -> Select[Any]:
    mask = int(wish.services)
    columns = (Practice.id, Practice.latitude, Practice.longitude, Practice.hours, Practice.postcode)
    return select(*columns[: None if wish.open_at else 3]).where(  # type: ignore[no-any-return]
        col(Practice.left_on).is_(None),
        _if(wish.profession, col(Practice.profession) == wish.profession),
        _if(wish.level, col(Practice.level) == wish.level),
        _if(wish.language, col(Practice.languages).contains(f" {wish.language} ", autoescape=True)),
        _if(mask, col(Practice.services).op("&")(mask) == mask),
    )


def _if(wanted: object, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return condition if wanted else true()


def _measured(rows: Sequence[Any], centre: Position) -> Iterator[Place]:
    for practice_id, latitude, longitude, *_ in rows:
        yield Place(distance_km(centre, Position(latitude, longitude)), practice_id)


def _read(db: Session, hits: Sequence[Place]) -> tuple[Near, ...]:
    rows = db.execute(select(Practice).where(col(Practice.id).in_([hit.practice_id for hit in hits]))).scalars()
    by_id = {row.id: row for row in rows}
    return tuple(Near(by_id[hit.practice_id], hit.km) for hit in hits)


def _cell(position: Position, scale: int) -> int:
    return _row(position.latitude, scale) * COLUMNS + _column(position.longitude, scale)


def _row(latitude: float, scale: int) -> int:
    return floor((latitude + HALF_TURN) * scale)


def _column(longitude: float, scale: int) -> int:
    return floor((longitude + HALF_TURN) * scale) % (int(2 * HALF_TURN) * scale)


def _cells_under(box: Box, scale: int) -> list[int]:
    rows = range(_row(box.south, scale), _row(box.north, scale) + 1)
    count = int(2 * HALF_TURN) * scale
    west, east = _column(box.west, scale), _column(box.east, scale)
    is_all_round = box.east - box.west >= 2 * HALF_TURN
    columns = range(count) if is_all_round else range(west, (east if east >= west else east + count) + 1)
    return [row * COLUMNS + column % count for row in rows for column in columns]


_GROWING = [
    *((radius, Practice.fine, FINE) for radius in FINE_CIRCLES),
    *((radius, Practice.coarse, COARSE) for radius in COARSE_CIRCLES),
]
