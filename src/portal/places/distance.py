"""Positions on Earth, in degrees, and distances between them, in kilometres."""

from collections.abc import Callable
from math import asin, cos, degrees, radians, sin, sqrt
from typing import NamedTuple

EARTH_KM = 6371.0088
HALF_TURN = 180.0
POLE = 90.0


class Position(NamedTuple):
    """`latitude` from -90 to 90, `longitude` from -180 to 180."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    """South, west, north, east. West lies beyond east where the box crosses the date line."""

    south: float
    west: float
    north: float
    east: float


def distance_km(one: Position, other: Position) -> float:
    """The great-circle distance (haversine, on a sphere: within half a percent)."""
    return distances_from(one)(other.latitude, other.longitude)


def distances_from(centre: Position) -> Callable[[float, float], float]:
    """`distance_km` from one centre to a latitude and a longitude, for those who measure many of them."""
    south, west = radians(centre.latitude), centre.longitude
    narrowing = cos(south)

    def away(latitude: float, longitude: float) -> float:
        north = radians(latitude)
        rise, turn = sin((north - south) / 2), sin(radians(longitude - west) / 2)
        square = rise * rise + narrowing * cos(north) * turn * turn
        return 2 * EARTH_KM * asin(sqrt(square) if square < 1 else 1.0)

    return away


def box_around(centre: Position, radius_km: float) -> Box:
    """The smallest box of latitudes and longitudes that holds the circle; all longitudes where it holds a pole."""
    reach = degrees(radius_km / EARTH_KM)
    south, north = centre.latitude - reach, centre.latitude + reach
    if south <= -POLE or north >= POLE:
        return Box(max(south, -POLE), -HALF_TURN, min(north, POLE), HALF_TURN)
    half = degrees(asin(min(1.0, sin(radians(reach)) / cos(radians(centre.latitude)))))
    if half >= HALF_TURN:
        return Box(south, -HALF_TURN, north, HALF_TURN)
    return Box(south, _wrapped(centre.longitude - half), north, _wrapped(centre.longitude + half))


def _wrapped(longitude: float) -> float:
    return (longitude + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN
