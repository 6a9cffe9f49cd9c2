"""The headcount of a company as columns to draw: pure arithmetic in the units of an SVG's `viewBox`.

The picture repeats what its table says; labels stand beside it in HTML, so that they keep their size on any screen.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from portal.data.headcount import Headcount

SLOT, BAR, HEIGHT = 10, 8, 100
# The tones of parts in the style sheet: as many series, the last one for all the others together.
TONES = ("base", "supp", "other", "left")
OTHERS = "Autres"


class Series(NamedTuple):
    """A series of a chart: its tone, its label, how many people it counts today."""

    tone: str
    label: str
    today: int


class Bar(NamedTuple):
    """A part of a column, from its upper left corner."""

    tone: str
    x: int
    y: float
    height: float


class Chart(NamedTuple):
    """Stacked columns, one a month. `top`: how many people the full height stands for."""

    series: list[Series]
    bars: list[Bar]
    width: int
    top: int


def chart_of(months: Sequence[Headcount], counts: Sequence[Mapping[str, int]]) -> Chart:
    """The chart of counts by label, one mapping a month; the largest series of today stands at the bottom."""
    labels = _labels(counts)
    rows = [[_count(labels, at, each) for at in range(len(labels))] for each in counts]
    top = _round_top(max((sum(row) for row in rows), default=0))
    places = [_place(months[0].month, month.month) for month in months]
    series = [Series(tone, label, people) for tone, label, people in zip(TONES, labels, rows[-1], strict=False)]
    bars = [bar for place, row in zip(places, rows, strict=True) for bar in _column(place * SLOT, row, top)]
    return Chart(series, bars, (places[-1] + 1) * SLOT, top)


def _labels(counts: Sequence[Mapping[str, int]]) -> list[str]:
    """The labels of the series, the largest of today first; those beyond the tones make one."""
    known = list(dict.fromkeys(label for each in counts for label in each))
    ordered = sorted(known, key=lambda label: -counts[-1].get(label, 0))
    if len(ordered) <= len(TONES):
        return ordered
    return [*[label for label in ordered if label != OTHERS][: len(TONES) - 1], OTHERS]


def _count(labels: Sequence[str], at: int, counted: Mapping[str, int]) -> int:
    if labels[at] != OTHERS:
        return counted.get(labels[at], 0)
    return sum(people for label, people in counted.items() if label == OTHERS or label not in labels)


def _column(x: int, row: Iterable[int], top: int) -> Iterable[Bar]:
    filled = 0
    for tone, people in zip(TONES, row, strict=False):
        if people:
            filled += people
            yield Bar(
                tone, x + (SLOT - BAR) // 2, round(HEIGHT * (1 - filled / top), 2), round(HEIGHT * people / top, 2)
            )


def _place(first: date, month: date) -> int:
    return (month.year - first.year) * 12 + month.month - first.month


def _round_top(most: int) -> int:
    """The first number from `most` on that has an easy half: 62 for 61, 12 000 for 10 432."""
    unit = 2 * int(f"1{'0' * max(len(str(most)) - 2, 0)}")
    return max(-(-most // unit) * unit, 2)
