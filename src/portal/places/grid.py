"""Grids over the Earth: the number of the cell in which a position lies, and of the cells under a box."""

from math import floor

from portal.places.distance import HALF_TURN, Box, Position

# More than any grid has: a cell's number is its row, then its column.
COLUMNS = 100_000


def cell(position: Position, scale: int) -> int:
    """The cell of a position, in a grid of `scale` cells per degree."""
    return _row(position.latitude, scale) * COLUMNS + _column(position.longitude, scale)


def cells_under(box: Box, scale: int) -> list[int]:
    """The cells that a box touches, also across the date line."""
    rows = range(_row(box.south, scale), _row(box.north, scale) + 1)
    count = int(2 * HALF_TURN) * scale
    west, east = _column(box.west, scale), _column(box.east, scale)
    is_all_round = box.east - box.west >= 2 * HALF_TURN
    columns = range(count) if is_all_round else range(west, (east if east >= west else east + count) + 1)
    return [row * COLUMNS + column % count for row in rows for column in columns]


def _row(latitude: float, scale: int) -> int:
    return floor((latitude + HALF_TURN) * scale)


def _column(longitude: float, scale: int) -> int:
    return floor((longitude + HALF_TURN) * scale) % (int(2 * HALF_TURN) * scale)
