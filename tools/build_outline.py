"""Builds the outline of France that the map draws where it has no tiles.

    python tools/build_outline.py countries-10m.json

The table is Natural Earth's 1:10m countries (public domain), as the npm package world-atlas 2.0.2 packs it in TopoJSON.
Lines are simplified to some 200 m, positions kept to three decimals; islets that would be a few pixels are left out.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from math import hypot
from pathlib import Path

TARGET = Path(__file__).parents[1] / "static/img/france.json"
# ISO 3166-1: France (with its five overseas departments), then the communities that have postcodes of their own.
COUNTRIES = {"250", "258", "540", "652", "663", "666", "876"}
TOLERANCE = 0.002
SMALLEST = 0.0005  # square degrees
DECIMALS = 3

Point = tuple[float, float]


def main(source: Path) -> None:
    """Writes the outline as one GeoJSON multi-polygon: longitude, then latitude, in degrees."""
    world = json.loads(source.read_text())
    arcs = [list(_decoded(arc, world["transform"])) for arc in world["arcs"]]
    rings = [ring for polygon in _polygons(world) for ring in _rings(polygon, arcs)]
    kept = [[_simplified(ring)] for ring in rings if _area(ring) > SMALLEST]
    TARGET.write_text(json.dumps({"type": "MultiPolygon", "coordinates": kept}, separators=(",", ":")) + "\n")


def _decoded(arc: Sequence[Sequence[int]], transform: dict[str, Sequence[float]]) -> Iterator[Point]:
    (wide, high), (west, south) = transform["scale"], transform["translate"]
    x = y = 0
    for right, up in arc:
        x, y = x + right, y + up
        yield x * wide + west, y * high + south


def _polygons(world: dict[str, object]) -> Iterator[list[list[int]]]:
    for country in world["objects"]["countries"]["geometries"]:  # type: ignore[index]
        if country.get("id") in COUNTRIES:
            yield from country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]


def _rings(polygon: list[list[int]], arcs: list[list[Point]]) -> Iterator[list[Point]]:
    for numbers in polygon:
        ring: list[Point] = []
        for number in numbers:
            arc = arcs[number] if number >= 0 else arcs[~number][::-1]
            ring += arc[1:] if ring else arc
        yield ring


def _area(ring: list[Point]) -> float:
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(x * b - a * y for (x, y), (a, b) in pairs)) / 2


def _simplified(ring: list[Point]) -> list[Point]:
    """Douglas and Peucker's: a closed ring is two lines, from its first point to the farthest, and back."""
    far = max(range(len(ring)), key=lambda at: hypot(ring[at][0] - ring[0][0], ring[at][1] - ring[0][1]))
    line = _straightened(ring[: far + 1])[:-1] + _straightened(ring[far:])
    return [(round(x, DECIMALS), round(y, DECIMALS)) for x, y in line]


def _straightened(line: list[Point]) -> list[Point]:
    if len(line) < 3:
        return line
    away = [_away(point, line[0], line[-1]) for point in line[1:-1]]
    worst = max(range(len(away)), key=away.__getitem__)
    if away[worst] <= TOLERANCE:
        return [line[0], line[-1]]
    return _straightened(line[: worst + 2])[:-1] + _straightened(line[worst + 1 :])


def _away(point: Point, start: Point, end: Point) -> float:
    wide, high = end[0] - start[0], end[1] - start[1]
    length = hypot(wide, high)
    if not length:
        return hypot(point[0] - start[0], point[1] - start[1])
    return abs(wide * (point[1] - start[1]) - high * (point[0] - start[0])) / length


if __name__ == "__main__":
    main(Path(sys.argv[1]))
