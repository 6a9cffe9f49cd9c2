"""The directory: the nearest of 250 000 professionals, each answer checked; communes suggested while one types.

A search is timed inside the process as a page makes it, with a session of its own, by the clock and by the processor,
which other work on the machine changes less. The searches are those of people (communes by their population,
professions by their number), one in twenty from Guadeloupe, Réunion, the sea, a border, the date line or a pole.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from heapq import nsmallest
from itertools import accumulate
from random import Random

from benchmarks.nearest_check import Answer, Checker
from benchmarks.sites import build_directory, postgresql
from portal.data.directory import (
    NO_SERVICE,
    PAGE_SIZE,
    Level,
    Service,
    Wish,
    _candidates,
    _within,
    nearest_practices,
)
from portal.database import Database
from portal.demo.directory import WEIGHTS
from portal.places.circles import WHOLE_EARTH
from portal.places.distance import Position
from portal.places.gazetteer import gazetteer

PLACES, FEW_PLACES = 250_000, 10_000
SEARCHES, FEWER, OPEN_NOW, SCANS, LOADS = 10_000, 2_000, 500, 21, 5
TEXTS = 4_000
LANGUAGES = ("", "", "", "", "en", "ar", "lsf")
OVERSEAS, ELSEWHERE = ("971", "974"), 0.05
# The sea, borders, islands, both sides of the date line, a pole: where circles grow the most.
EDGES = (
    *(Position(46.0, -6.0), Position(51.05, 2.55), Position(41.4, 9.2), Position(46.8, -56.2)),
    *(Position(-14.3, -178.1), Position(-17.5, 179.99), Position(-12.8, 45.1), Position(90.0, 0.0)),
)
# A Tuesday at ten in the morning, in Paris.
OPEN_AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
# The same day at eleven at night, when nobody is open.
CLOSED_AT = datetime(2026, 11, 24, 22, tzinfo=UTC)


def main() -> None:
    """Prints milliseconds of loads, suggestions and searches, and how many answers are right."""
    _tell_gazetteer()
    wishes = list(_wishes(SEARCHES))
    many = _on(build_directory(PLACES), wishes, f"SQLite, {PLACES:,} places")
    few = _on(build_directory(FEW_PLACES), wishes[:FEWER], f"SQLite, {FEW_PLACES:,} places")
    for name, one, other in zip(("by the clock", "of the processor"), many, few, strict=True):
        print(f"  p95 {name}: {one:.1f} ms (wanted: 15 or less), {one / other:.2f} × that of {FEW_PLACES:,} places")
    with postgresql("directory") as url:
        _on(build_directory(PLACES, url), wishes[:FEWER], f"PostgreSQL, {PLACES:,} places")


def _on(database: Database, wishes: list[Wish], name: str) -> tuple[float, float]:
    """Prints the measures of one database; gives the 95th percentiles by the clock and of the processor."""
    with database.read() as db:
        checker = Checker(db)
    answers = [_search(database, wish) for wish in wishes]
    p50, by_clock = _tell(name, [answer.took for answer in answers])
    _, of_processor = _tell("  of the processor", [answer.worked for answer in answers])
    right, scanned = checker.count_right(answers)
    print(f"    {right:,} of {len(answers):,} answers are right, {scanned:,} of them by looking at every row")
    scan = statistics.median(_timed(lambda wish=wish: _scan(database, wish)) for wish in wishes[:SCANS])
    print(f"    without the grids: {scan:.0f} ms, {scan / p50:.0f} × the median search")
    for when, instant in (("in the morning", OPEN_AT), ("by night", CLOSED_AT)):
        open_now = [_search(database, replace(wish, open_at=instant)).took for wish in wishes[:OPEN_NOW]]
        _tell(f"  « open now » {when}", open_now)
    database.dispose()
    return by_clock, of_processor


def _wishes(count: int) -> Iterator[Wish]:
    dice = Random(62)  # noqa: S311  (figures, not secrets)
    communes = list(gazetteer())
    overseas = [commune for commune in communes if commune.department in OVERSEAS]
    weights = list(accumulate(commune.population for commune in communes))
    for commune in dice.choices(communes, cum_weights=weights, k=count):
        away = dice.choice((dice.choice(overseas).position, dice.choice(EDGES)))
        yield _wish(dice, away if dice.random() < ELSEWHERE else commune.position)


def _wish(dice: Random, centre: Position) -> Wish:
    services = NO_SERVICE
    for service in dice.sample(list(Service), dice.choice((0, 0, 1, 2))):
        services |= service
    (profession,) = dice.choices([None, *WEIGHTS], weights=[20, *WEIGHTS.values()])
    return Wish(centre, profession, services, dice.choice(LANGUAGES), dice.choice((None, None, None, Level.PARTNER)))


def _search(database: Database, wish: Wish) -> Answer:
    started, idle = time.perf_counter(), time.thread_time()
    with database.read() as db:
        found = nearest_practices(db, wish)
        worked, took = (time.thread_time() - idle) * 1000, (time.perf_counter() - started) * 1000
        places = [(near.km, near.practice.id or 0) for near in found.nearest]
    return Answer(wish, took, worked, places, found.is_more)


def _scan(database: Database, wish: Wish) -> None:
    """The same without the grids."""
    with database.read() as db:
        nsmallest(PAGE_SIZE + 1, _within(_candidates(db, wish, WHOLE_EARTH), wish.centre, WHOLE_EARTH.radius))


def _tell_gazetteer() -> None:
    loads = []
    for _ in range(LOADS):
        gazetteer.cache_clear()
        loads.append(_timed(gazetteer))
    print(f"  communes read: {statistics.median(loads):.0f} ms, once per process")
    texts = list(dict.fromkeys(_texts(TEXTS)))
    for state in ("never asked before", "asked before"):
        _tell(
            f"suggestions, {state}", [_timed(lambda text=text: gazetteer().suggest(text)) for text in texts], wanted=5
        )


def _texts(count: int) -> Iterator[str]:
    """What is in the field at some moment while a commune's name or its postcode is typed."""
    dice = Random(62)  # noqa: S311  (figures, not secrets)
    communes = list(gazetteer())
    for commune in dice.choices(communes, weights=[commune.population for commune in communes], k=count):
        whole = dice.choice((commune.name, commune.name, commune.postcodes[0]))
        yield whole[: dice.randint(2, len(whole))]


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _tell(name: str, took: list[float], wanted: int = 0) -> tuple[float, float]:
    cuts = statistics.quantiles(took, n=100)
    goal = f" (p95 wanted: {wanted} or less)" if wanted else ""
    print(f"  {name}: p50 {cuts[49]:.2f} ms, p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms, of {len(took):,}{goal}")
    return cuts[49], cuts[94]


if __name__ == "__main__":
    main()
