"""The directory of approved professionals: where they receive, and those nearest to a place (R-24).

It is public: it says nothing of any member. Each place lies in a cell of two grids, a fine one and a coarse one; a
search looks at the cells under a circle that grows until it holds enough. The same B-tree serves both databases, and
what a search costs does not follow the size of the table. Who is not in the last file has left: the row stays, dated.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntFlag, StrEnum
from functools import cache, lru_cache, partial
from heapq import nsmallest
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, false, func, select
from sqlmodel import Field, Session, SQLModel, col

from portal.data.columns import Index
from portal.data.loading import among_postgresql, among_sqlite
from portal.data.prepared import Prepared, Values
from portal.places.circles import COARSE, EVERYWHERE, FINE, WITHIN_REACH, Circle, promising
from portal.places.distance import HALF_TURN, Box, Position, box_around, distances_from
from portal.places.grid import cell, cells_under
from portal.places.hours import local_clock, opening, read_hours
from portal.public_holidays import is_public_holiday

PAGE_SIZE = 20
# Degrees, ten centimetres: more than a box errs by.
ROUNDING = 1e-6
# Digits of a postcode that say whose clock it is.
DEPARTMENT = 3
# All that a search compares stands in the grids' indexes: it reads rows of the table for what it shows alone.
COMPARED = ("profession", "services", "level", "left_on", "latitude", "longitude", "languages", "id")


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
        Index("ix_practice_fine", "fine", *COMPARED),
        Index("ix_practice_coarse", "coarse", *COMPARED),
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
    return cell(position, FINE), cell(position, COARSE)


def find_practice(db: Session, practice_id: int) -> Practice | None:
    """One practice, also one that has left."""
    return db.get(Practice, practice_id)


def nearest_practices(db: Session, wish: Wish, size: int = PAGE_SIZE) -> Found:
    """The practices nearest to a place, in order of distance then row, from where the page before ended."""
    radius, hits = _look(db, wish, wish.after or Place(-1.0, 0), size + 1)
    kept = nsmallest(size + 1, hits)
    return Found(_read(db, kept[:size]), len(kept) > size, radius)


def _look(db: Session, wish: Wish, start: Place, wanted: int) -> tuple[float, list[Place]]:
    """What lies beyond a start in a circle large enough, and that circle's radius."""
    *growing, last = WITHIN_REACH if wish.open_at else EVERYWHERE
    needed = start.km
    for circle in growing:
        if circle.radius >= needed:
            hits = _hits(db, wish, circle, start)
            if len(hits) >= wanted:
                return circle.radius, hits
            needed = promising(circle.radius, len(hits), wanted, start.km)
    return last.radius, _hits(db, wish, last, start)


def _hits(db: Session, wish: Wish, circle: Circle, start: Place) -> list[Place]:
    return [hit for hit in _within(_candidates(db, wish, circle), wish.centre, circle.radius) if start < hit]


def _candidates(db: Session, wish: Wish, circle: Circle) -> Sequence[Any]:
    """The rows that may lie in a circle."""
    statement, values = _search(db, wish, circle)
    return _open_ones(statement.rows(db, values), wish.open_at)


def _search(db: Session, wish: Wish, circle: Circle) -> tuple[Prepared, Values]:
    is_sqlite = db.connection().dialect.name == "sqlite"
    values = _values(wish) | (_around(wish.centre, circle, is_sqlite=is_sqlite) if circle.grid else {})
    return _statement(frozenset(values), circle.grid, is_timed=wish.open_at is not None, is_sqlite=is_sqlite), values


def _around(centre: Position, circle: Circle, *, is_sqlite: bool) -> Values:
    box = box_around(centre, circle.radius)
    cells = cells_under(box, circle.scale)
    return _limits(box) | {"keys": json.dumps(cells) if is_sqlite else cells}


def _values(wish: Wish) -> Values:
    """The parameters of what is wished for; the rest counts for nothing."""
    wanted = {
        "profession": wish.profession,
        "level": wish.level,
        "language": f"% {_escaped(wish.language)} %" if wish.language else "",
        "services": int(wish.services),
    }
    return {name: value for name, value in wanted.items() if value}


def _limits(box: Box) -> Values:
    """Cells hold many times what their box does: what lies outside is better dropped before it is fetched."""
    is_wrapped = box.west > box.east
    west, east = (-HALF_TURN, HALF_TURN) if is_wrapped else (box.west, box.east)
    edges = {"south": box.south, "west": west, "north": box.north, "east": east}
    return {name: edge + (ROUNDING if name in {"north", "east"} else -ROUNDING) for name, edge in edges.items()}


def _escaped(text: str) -> str:
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _open_ones(rows: Sequence[Any], now: datetime | None) -> Sequence[Any]:
    """The rows whose place is open at an instant; all of them without one."""
    if now is None:
        return rows
    is_open = cache(partial(_is_open, now))  # many places keep the same hours
    return [row for row in rows if is_open(row[3], row[4][:DEPARTMENT])]


def _is_open(now: datetime, hours: str, postcode: str) -> bool:
    """Nobody is known to be open on a public holiday."""
    here = local_clock(postcode, now)
    return not is_public_holiday(here.date()) and opening(read_hours(hours), here).is_open


@lru_cache(maxsize=256)
def _statement(names: frozenset[str], grid: str, *, is_timed: bool, is_sqlite: bool) -> Prepared:
    columns = (Practice.id, Practice.latitude, Practice.longitude, Practice.hours, Practice.postcode)
    found = [col(Practice.profession) == bindparam("profession")] if "profession" in names else []
    compared = [col(Practice.left_on).is_(None), *(test for name, test in _CONDITIONS.items() if name in names)]
    if grid:
        found.append((among_sqlite if is_sqlite else among_postgresql)(getattr(Practice, grid)))
        compared += _BOX
    if grid and not is_sqlite:
        compared = [_read_from_index(*compared)]
    return Prepared(select(*columns[: None if is_timed else 3]).where(*found, *compared))


def _read_from_index(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Conditions that PostgreSQL applies to what the cells' index gave it, and looks no index up by: it would see them
    as ways to skip within either grid, deem both as dear, and often take the one whose cells were not asked for."""
    return func.coalesce(and_(*conditions), false())


def _within(rows: Sequence[Any], centre: Position, radius_km: float) -> Iterator[Place]:
    away = distances_from(centre)
    for row in rows:
        km = away(row[1], row[2])
        if km <= radius_km:
            yield Place(km, row[0])


def _read(db: Session, hits: Sequence[Place]) -> tuple[Near, ...]:
    rows = db.execute(select(Practice).where(col(Practice.id).in_([hit.practice_id for hit in hits]))).scalars()
    by_id = {row.id: row for row in rows}
    return tuple(Near(by_id[hit.practice_id], hit.km) for hit in hits)


_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "level": col(Practice.level) == bindparam("level"),
    "language": col(Practice.languages).like(bindparam("language"), escape="/"),
    "services": col(Practice.services).op("&")(bindparam("services")) == bindparam("services"),
}
_BOX = (
    col(Practice.latitude).between(bindparam("south"), bindparam("north")),
    col(Practice.longitude).between(bindparam("west"), bindparam("east")),
)
