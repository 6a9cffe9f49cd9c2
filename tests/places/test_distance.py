"""Distances on Earth, and boxes that hold every point of a circle, also over the date line and the poles (R-24)."""

from hypothesis import given
from hypothesis import strategies as st

from portal.places.distance import EARTH_KM, Box, Position, box_around, distance_km

POSITIONS = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))
RADII = st.floats(0.01, 21_000)
SLACK_KM = 1e-6


def holds(box: Box, place: Position) -> bool:
    east_of_west, west_of_east = place.longitude >= box.west, place.longitude <= box.east
    along = (east_of_west and west_of_east) if box.west <= box.east else (east_of_west or west_of_east)
    return box.south <= place.latitude <= box.north and along


def test_known_distances_are_found_again() -> None:
    paris, lyon = Position(48.8566, 2.3522), Position(45.7640, 4.8357)
    assert round(distance_km(paris, lyon)) == 391
    assert distance_km(Position(0, 179.9), Position(0, -179.9)) < 23
    assert round(distance_km(Position(90, 0), Position(-90, 77))) == round(EARTH_KM * 3.14159265)


@given(POSITIONS, POSITIONS)
def test_distance_is_the_same_both_ways_and_none_to_itself(one, other) -> None:
    assert abs(distance_km(one, other) - distance_km(other, one)) < SLACK_KM
    assert distance_km(one, one) == 0


@given(POSITIONS, POSITIONS, RADII)
def test_whatever_lies_in_the_circle_lies_in_its_box(centre, place, radius) -> None:
    if distance_km(centre, place) <= radius - SLACK_KM:
        assert holds(box_around(centre, radius), place)


def test_box_over_the_date_line_goes_round_it() -> None:
    box = box_around(Position(-17.0, 179.9), 50)
    assert box.west > box.east
    assert holds(box, Position(-17.0, -179.9))
    assert not holds(box, Position(-17.0, 0.0))
