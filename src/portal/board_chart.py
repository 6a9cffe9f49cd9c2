"""What waits at the desk as bars to draw, one a kind: pure arithmetic in the units of an SVG's `viewBox`.

The picture repeats what its table says; labels stand beside it in HTML, so that they keep their size on any screen.
"""

from collections.abc import Sequence
from typing import NamedTuple

from portal.data.desk_board import KindRow
from portal.delay_words import kind_label

WIDTH = 100
# Of the style sheet: late, due within seven days, later.
TONES = (("late", "En retard"), ("soon", "Sous sept jours"), ("later", "Plus tard"))


class Part(NamedTuple):
    """A part of a bar, from its left end."""

    tone: str
    x: float
    width: float


class Bar(NamedTuple):
    """The bar of a kind: its label, how many requests it stands for."""

    label: str
    requests: int
    parts: Sequence[Part]


def bars_of(kinds: Sequence[KindRow]) -> list[Bar]:
    """One bar for each kind with something to do, the longest the full width."""
    rows = [(row.kind, (row.load.late, row.load.soon, row.load.later)) for row in kinds]
    most = max((sum(counts) for _, counts in rows), default=0)
    return [Bar(kind_label(kind), sum(counts), _parts(counts, most)) for kind, counts in rows if sum(counts)]


def _parts(counts: Sequence[int], most: int) -> list[Part]:
    parts, x = [], 0.0
    for (tone, _), count in zip(TONES, counts, strict=True):
        width = round(WIDTH * count / most, 2)
        if count:
            parts.append(Part(tone, round(x, 2), width))
        x += width
    return parts
