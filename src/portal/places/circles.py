"""Ever larger circles in which to look for what is near, and the grid whose cells are asked for under each."""

from math import sqrt
from typing import NamedTuple

FINE, COARSE = 20, 2  # cells per degree: 5.5 km and 55 km high


class Circle(NamedTuple):
    """Kilometres around a place; the name of a grid, and how many cells it has per degree. Without a grid, everything
    is looked at."""

    radius: float
    grid: str = ""
    scale: int = 0


WHOLE_EARTH = Circle(20_100.0)
# Nobody goes farther for who is open now; by night, everything would be looked at to find twenty.
WITHIN_REACH = (
    *(Circle(radius, "fine", FINE) for radius in (2.0, 5.0, 12.0)),
    *(Circle(radius, "coarse", COARSE) for radius in (40.0, 120.0)),
)
LARGEST = Circle(350.0, "coarse", COARSE)
EVERYWHERE = (*WITHIN_REACH, LARGEST, WHOLE_EARTH)


def promising(looked_km: float, found: int, wanted: int, from_km: float = 0.0) -> float:
    """Kilometres within which enough may lie, if it lies everywhere as in the ring that was looked into, which begins
    at `from_km`: to look into smaller circles first is more likely to be for nothing. Never beyond the largest circle,
    which costs far less than to look at everything."""
    inner = max(from_km, 0.0) ** 2
    return min(sqrt(inner + (looked_km**2 - inner) * wanted / max(found, 1)), LARGEST.radius)
