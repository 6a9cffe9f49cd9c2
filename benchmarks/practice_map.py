"""The map of professionals: 500 markers searched, written, and on the wire."""

import gzip
import statistics
import time
from random import Random

from benchmarks.directory import FEW_PLACES
from benchmarks.sites import build_directory
from portal.data.directory import Wish, nearest_practices
from portal.database import Database
from portal.directory_words import distance_words, profession_label
from portal.pages.public.directory_map import MOST_MARKERS
from portal.places.distance import Position
from portal.places.gazetteer import gazetteer
from portal.practice_map import Marker, write_map

TOWNS, NAME_BYTES = 40, 16


def main() -> None:
    """Prints milliseconds and bytes of the document around the largest towns."""
    database = build_directory(FEW_PLACES)
    took, bytes_each = zip(*(_draw(database, town.position) for town in gazetteer().largest(TOWNS)), strict=True)
    slowest, usual = max(took), statistics.median(took)
    print(f"  {MOST_MARKERS} markers: p50 {usual:.0f} ms, worst {slowest:.0f} ms (wanted: 120 or less)")
    print(f"  compressed: {statistics.median(bytes_each) / 1024:.1f} kB (wanted: 60 or less)")
    database.dispose()


def _draw(database: Database, centre: Position) -> tuple[float, int]:
    dice = Random(62)  # noqa: S311  (figures, not secrets)
    started = time.perf_counter()
    with database.read() as db:
        nearest = nearest_practices(db, Wish(centre), MOST_MARKERS).nearest
        markers = [
            Marker(
                near.practice.position,
                dice.randbytes(NAME_BYTES).hex(),  # as long as an opaque name, and as little compressible
                f"{near.practice.name}, {profession_label(near.practice)}, à {distance_words(near.km)}",
            )
            for near in nearest
        ]
    written = write_map(centre, markers, {"centre": centre, "towns": []}, None, "nonce")
    milliseconds = (time.perf_counter() - started) * 1000
    return milliseconds, len(gzip.compress((written.html + written.script).encode()))


if __name__ == "__main__":
    main()
