"""Nearest professionals: by the grids as by looking at every row, wherever one stands (R-24)."""

import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from portal.data import directory
from portal.data.directory import (
    Level,
    Near,
    Place,
    Practice,
    Profession,
    Service,
    Wish,
    cells_of,
    nearest_practices,
)
from portal.data.prepared import _parameters
from portal.places.circles import EVERYWHERE, Circle
from portal.places.distance import Position, distance_km, distances_from

PARIS, SAINT_DENIS, DATE_LINE = Position(48.8566, 2.3522), Position(-20.8789, 55.4481), Position(-17.8, 179.95)
TODAY = date(2026, 11, 25)


def practice(number: int, position: Position, **changes) -> Practice:
    fine, coarse = cells_of(position)
    plain = {"profession": Profession.OPTICIAN, "name": f"Optique {number}", "address": "1 rue X", "postcode": "75001"}
    return Practice(
        national_id=f"{number:09}",
        place_key="x",
        city="Paris",
        latitude=position.latitude,
        longitude=position.longitude,
        fine=fine,
        coarse=coarse,
        checked_on=TODAY,
        **(plain | changes),
    )


def scattered(rng: random.Random, centre: Position, spread: float) -> Position:
    latitude = max(-90.0, min(90.0, centre.latitude + rng.gauss(0, spread)))
    return Position(latitude, (centre.longitude + rng.gauss(0, spread) + 180) % 360 - 180)


@pytest.fixture
def crowd(db):
    """A thousand places: dense in Paris, sparse elsewhere, on both sides of the date line, at the poles."""
    rng = random.Random(7)
    around = [(PARIS, 0.1, 500), (SAINT_DENIS, 0.3, 150), (DATE_LINE, 0.4, 150), (PARIS, 40, 190)]
    places = [scattered(rng, centre, spread) for centre, spread, count in around for _ in range(count)]
    places += [Position(90, 0), Position(-90, 0), *[PARIS] * 5, Position(0, 180), Position(0, -180)]
    for number, place in enumerate(places):
        kept = {
            "profession": rng.choice(list(Profession)),
            "services": rng.randrange(64),
            "languages": rng.choice(["", " fr ", " fr en ", " ar fr "]),
            "level": rng.choice(list(Level)),
            "left_on": TODAY if rng.random() < 0.1 else None,
        }
        db.add(practice(number, place, **kept))
    db.flush()
    return rng


def brute_force(rows: list[Practice], wish: Wish, size: int) -> list[Place]:
    start = wish.after or Place(-1.0, 0)
    hits = [
        Place(distance_km(wish.centre, row.position), row.id)
        for row in rows
        if row.left_on is None
        and wish.profession in {None, row.profession}
        and wish.level in {None, row.level}
        and row.services & wish.services == wish.services
        and (not wish.language or f" {wish.language} " in row.languages)
    ]
    return sorted(hit for hit in hits if hit > start)[:size]


def places(nearest: tuple[Near, ...]) -> list[Place]:
    return [Place(near.km, near.practice.id) for near in nearest]


def test_grids_find_what_looking_at_every_row_finds(db, crowd) -> None:
    """Also page after page, over the date line, at the poles, and where there is nothing for a thousand kilometres."""
    rows = list(db.exec(select(Practice)))
    for _ in range(120):
        centre = crowd.choice([PARIS, SAINT_DENIS, DATE_LINE, Position(90, 0), Position(-89.9, 120)])
        wish = Wish(
            scattered(crowd, centre, crowd.choice([0.0, 0.2, 5, 60])),
            profession=crowd.choice([None, *Profession]),
            services=Service(crowd.choice([0, 0, 1, 8, 33])),
            language=crowd.choice(["", "", "en"]),
            level=crowd.choice([None, None, Level.PARTNER]),
        )
        for _page in range(3):
            found, expected = nearest_practices(db, wish, 7), brute_force(rows, wish, 8)
            assert places(found.nearest) == expected[:7]
            assert found.is_more == (len(expected) > 7)
            if not found.nearest:
                break
            wish = replace(wish, after=places(found.nearest)[-1])


def test_circle_grows_until_there_is_enough(db) -> None:
    for number, latitude in enumerate((48.86, 48.9, 49.5, 52.0)):
        db.add(practice(number, Position(latitude, 2.3522)))
    db.flush()
    assert nearest_practices(db, Wish(PARIS), 1).radius_km < nearest_practices(db, Wish(PARIS), 3).radius_km
    assert len(nearest_practices(db, Wish(PARIS), 9).nearest) == 4


def test_who_has_left_is_no_longer_found(db) -> None:
    db.add(practice(1, PARIS, left_on=TODAY))
    db.flush()
    assert nearest_practices(db, Wish(PARIS)).nearest == ()


def test_language_is_a_whole_word_whatever_is_asked(db) -> None:
    db.add(practice(1, PARIS, languages=" fr en "))
    db.flush()
    for language, count in (("en", 1), ("e", 0), ("%", 0), ("_n", 0), ("fr en", 1)):
        assert len(nearest_practices(db, Wish(PARIS, language=language)).nearest) == count


def test_open_now_is_judged_by_the_place_s_own_clock(db) -> None:
    """Nine in Paris is noon in Réunion."""
    nine = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
    db.add(practice(1, PARIS, hours="lu-ve 09:00-12:00"))
    db.add(practice(2, SAINT_DENIS, hours="lu-ve 09:00-12:00", postcode="97400"))
    db.add(practice(3, PARIS))
    db.flush()
    found = nearest_practices(db, Wish(PARIS, open_at=nine)).nearest
    assert [near.practice.national_id for near in found] == ["000000001"]


def test_nobody_is_taken_for_open_on_a_public_holiday(db) -> None:
    db.add(practice(1, PARIS, hours="lu-di 00:00-24:00"))
    db.flush()
    found = {
        day: nearest_practices(db, Wish(PARIS, open_at=datetime(2026, 12, day, 10, tzinfo=UTC))) for day in (24, 25)
    }
    assert [len(found[day].nearest) for day in (24, 25)] == [1, 0]


def test_who_is_open_now_is_looked_for_within_reach_alone(db) -> None:
    """By night, the whole table would be read to find twenty; and nobody crosses the country for that."""
    nine = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
    near, far = Position(PARIS.latitude + 1.0, PARIS.longitude), Position(PARIS.latitude + 1.2, PARIS.longitude)
    for number, where in ((1, near), (2, far)):
        db.add(practice(number, where, hours="lu-ve 09:00-12:00"))
    db.flush()
    found = nearest_practices(db, Wish(PARIS, open_at=nine))
    assert [one.practice.national_id for one in found.nearest] == ["000000001"]
    assert not found.is_more
    last = Place(found.nearest[-1].km, found.nearest[-1].practice.id)
    assert nearest_practices(db, Wish(PARIS, open_at=nine, after=last)).nearest == ()
    beyond = Wish(PARIS, open_at=nine, after=Place(5000.0, 1))
    assert nearest_practices(db, beyond).nearest == ()


@pytest.mark.engines("sqlite")
def test_searches_compare_what_the_grids_hold_and_read_no_row_for_it(db) -> None:
    """Reading the row of every place in the cells took four times as long."""
    driver, ran = db.connection().connection.dbapi_connection, []
    driver.set_trace_callback(ran.append)
    nearest_practices(db, Wish(PARIS, Profession.OPTICIAN, Service.WHEELCHAIR, "en", Level.PARTNER))
    driver.set_trace_callback(None)
    searches = [statement for statement in ran if "latitude" in statement and "address" not in statement]
    plans = [row[3] for search in searches for row in driver.execute(f"EXPLAIN QUERY PLAN {search}")]
    read = [step for step in plans if " practice " in step]
    assert len(read) == 5
    assert all("USING COVERING INDEX" in step for step in read)
    assert all("(fine=? AND profession=?)" in step for step in read[:2])


@pytest.mark.engines("postgresql")
def test_postgresql_looks_up_the_cells_that_are_asked_for_and_nothing_else(db) -> None:
    """Told of all that is compared, it often went through the other grid, which took ten times as long."""
    db.add(practice(1, PARIS))
    db.flush()
    db.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
    wish = Wish(PARIS, Profession.OPTICIAN, Service.WHEELCHAIR, "en", Level.PARTNER)
    plans = [_plan_of_search(db, wish, circle) for circle in EVERYWHERE if circle.grid]
    for circle, plan in zip(EVERYWHERE, plans, strict=False):
        assert f"ix_practice_{circle.grid}" in plan
        (looked_up,) = re.findall("Index Cond: (.*)", plan)
        assert circle.grid in looked_up
        assert not re.search("latitude|left_on|level", looked_up)


def _plan_of_search(db, wish: Wish, circle: Circle) -> str:
    cursor = db.connection().connection.dbapi_connection.cursor()
    statement, values = directory._search(db, wish, circle)
    compiled = statement._for(db.connection(), values)
    ran = cursor.execute(f"EXPLAIN {compiled.sql}", _parameters(compiled, values)).fetchall()
    return "\n".join(line for (line,) in ran)


def test_circles_that_promise_nothing_are_left_out(db, monkeypatch) -> None:
    """One place within two kilometres promises twenty-one within nine: five kilometres are not looked into."""
    looked: list[float] = []
    ask = directory._candidates
    monkeypatch.setattr(directory, "_candidates", lambda *asked: looked.append(asked[2].radius) or ask(*asked))
    for number in range(22):
        db.add(practice(number, Position(PARIS.latitude + (0.1 if number else 0), PARIS.longitude)))
    db.flush()
    assert len(nearest_practices(db, Wish(PARIS)).nearest) == 20
    assert looked == [2.0, 12.0]


def test_many_distances_from_one_centre_are_those_measured_one_by_one() -> None:
    rng, away = random.Random(3), distances_from(SAINT_DENIS)
    for _ in range(200):
        there = scattered(rng, PARIS, 60)
        assert away(*there) == distance_km(SAINT_DENIS, there)
