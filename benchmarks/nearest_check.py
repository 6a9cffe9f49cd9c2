"""Whether searches found the nearest: compared with looking at the rows themselves, without the grids.

A row whose latitude alone is further than the last place of a page cannot be nearer: a great circle is never shorter
than the difference in latitude. So a full page is compared with all rows of its band of latitudes, which proves as much
as every row would; the last page, or one that its band contradicts, is compared with every row of the profession. One
answer in a hundred is compared with every row of the table besides, so that this shortcut is itself checked.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from math import degrees
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from portal.data.directory import PAGE_SIZE, Wish
from portal.places.distance import EARTH_KM, Position, distance_km

EACH_WITH_EVERY_ROW = 100
# Degrees: more than any error of rounding.
MARGIN = 1e-6
LATITUDE = attrgetter("latitude")
ROWS = text(
    "SELECT latitude, longitude, id, profession, services, level, languages FROM practice"
    " WHERE left_on IS NULL ORDER BY latitude"
)


class Row(NamedTuple):
    latitude: float
    longitude: float
    id: int
    profession: str
    services: int
    level: str
    languages: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gave: distances (km) and rows, and whether there are more. `took`: milliseconds by the clock;
    `worked`: of the processor."""

    wish: Wish
    took: float
    worked: float
    places: list[tuple[float, int]]
    is_more: bool


class Checker:
    """All places of a directory in memory, from south to north."""

    def __init__(self, db: Session) -> None:
        self._rows = [Row(*row) for row in db.connection().execute(ROWS)]
        self._by_profession: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self._rows:
            self._by_profession[row.profession].append(row)

    def count_right(self, answers: list[Answer]) -> tuple[int, int]:
        """How many answers are right, and how many of them were compared with every row of the table."""
        right = [answer for answer in answers if self._is_right(answer)]
        sample = right[::EACH_WITH_EVERY_ROW]
        wrong = [answer for answer in sample if not _agrees(answer, self._rows)]
        return len(right) - len(wrong), len(sample) - len(wrong)

    def _is_right(self, answer: Answer) -> bool:
        profession = answer.wish.profession
        rows = self._by_profession[profession] if profession else self._rows
        return (answer.is_more and _agrees(answer, _band(answer, rows))) or _agrees(answer, rows)


def _band(answer: Answer, rows: list[Row]) -> list[Row]:
    reach, middle = degrees(answer.places[-1][0] / EARTH_KM) + MARGIN, answer.wish.centre.latitude
    return rows[bisect_left(rows, middle - reach, key=LATITUDE) : bisect_right(rows, middle + reach, key=LATITUDE)]


def _agrees(answer: Answer, rows: list[Row]) -> bool:
    nearest = nsmallest(PAGE_SIZE + 1, _hits(answer.wish, rows))
    return answer.places == nearest[:PAGE_SIZE] and answer.is_more == (len(nearest) > PAGE_SIZE)


def _hits(wish: Wish, rows: list[Row]) -> Iterator[tuple[float, int]]:
    """Distances (km) and rows of those that have all that is wished for."""
    services, language = int(wish.services), wish.language and f" {wish.language} "
    for row in rows:
        if (
            row.services & services == services
            and (not wish.profession or row.profession == wish.profession)
            and (not wish.level or row.level == wish.level)
            and language in row.languages
        ):
            yield distance_km(wish.centre, Position(row.latitude, row.longitude)), row.id
