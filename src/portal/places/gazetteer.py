"""The communes of France by name and postcode: suggestions while one types, and the place that a text names.

The table ships with the portal (`tools/build_gazetteer.py`; GeoNames, CC BY 4.0; INSEE, Licence Ouverte 2.0). It is
read once per process: 35 000 communes, some 30 MB.
"""

import heapq
import lzma
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from portal.folding import fold
from portal.places.distance import Position, distance_km

SHORTEST = 2
LONGEST = 80
MOST = 8
KEPT = 4096
DISTRICT = " Arrondissement"
POSTCODE_DIGITS = 5
OVERSEAS = ("97", "98")
_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
_LAST = "\U0010ffff"
_GRID = 2  # cells per degree


class Commune(NamedTuple):
    """A commune, or a district of Paris, Lyon or Marseille. `code`: INSEE's; position near its middle."""

    code: str
    name: str
    postcodes: tuple[str, ...]
    population: int
    position: Position

    @property
    def department(self) -> str:
        return self.code[:3] if self.code.startswith(OVERSEAS) else self.code[:2]

    @property
    def has_districts(self) -> bool:
        """Paris, Lyon and Marseille, whose districts are communes too here."""
        return self.code in {"13055", "69123", "75056"}

    @property
    def short_name(self) -> str:
        """« Lyon 7e » for the district of a city."""
        return self.name.removesuffix(DISTRICT)

    @property
    def label(self) -> str:
        """« Saint-Étienne (42) », « Bourg-en-Bresse (01000) »: the postcode where there is but one."""
        number = self.postcodes[0] if len(self.postcodes) == 1 else self.department
        return f"{self.short_name} ({number})"


class Gazetteer:
    """Communes, found by the beginning of any word of their name, and by their postcodes."""

    def __init__(self, communes: Iterable[Commune]) -> None:
        self._communes = list(communes)
        self._by_code = {commune.code: commune for commune in self._communes}
        # The largest last, so that a label that two communes share is the largest's.
        self._by_label = {each.label: each for each in sorted(self._communes, key=lambda each: each.population)}
        # Each name from each of its words on, as it is compared; the full name first among equals.
        self._names = sorted(
            (key, depth, number)
            for number, commune in enumerate(self._communes)
            for depth, key in enumerate(_endings(_words(commune.name)))
        )
        self._postcodes = sorted(
            (postcode, number) for number, commune in enumerate(self._communes) for postcode in commune.postcodes
        )
        # Two letters begin thousands of names, and are what everybody types first.
        self._best = lru_cache(KEPT)(self._suggested)
        self._cells: dict[tuple[int, int], list[Commune]] = {}
        for commune in self._communes:
            self._cells.setdefault(_cell(commune.position), []).append(commune)

    def __len__(self) -> int:
        return len(self._communes)

    def __iter__(self) -> Iterator[Commune]:
        return iter(self._communes)

    def find(self, code: str) -> Commune | None:
        """The commune of an INSEE code."""
        return self._by_code.get(code)

    def suggest(self, typed: str, most: int = MOST) -> list[Commune]:
        """The communes that a text may be the beginning of, the likeliest first: those that it names in full, those
        whose name it begins, those of which it begins a later word; the largest first among each."""
        words = _words(typed[:LONGEST])
        return self._best(" ".join(words), most) if len(" ".join(words)) >= SHORTEST else []

    def _suggested(self, text: str, most: int) -> list[Commune]:
        words = text.split(" ")
        if text.isdigit():
            return self._by_postcode(text, most)
        ranks = self._ranks(text) or self._ranks_with_postcode(words)
        best = heapq.nsmallest(most, ranks, key=lambda number: (ranks[number], -self._communes[number].population))
        return [self._communes[number] for number in best]

    def resolve(self, typed: str) -> list[Commune]:
        """The communes that a text names: one is certain, several are to be chosen from, none is unknown.

        A commune's label names it alone. Else it names those whose whole name it is, or the only one that it begins. A
        full postcode names its largest commune, or its district of a city that has several.
        """
        if typed in self._by_label:
            return [self._by_label[typed]]
        words = _words(typed[:LONGEST])
        text = " ".join(words)
        if text.isdigit():
            found = self._by_postcode(text, MOST) if len(text) == POSTCODE_DIGITS else []
            return found[:1]
        ranks = self._ranks(text) or self._ranks_with_postcode(words)
        named = [number for number, rank in ranks.items() if rank == _EXACT] or (list(ranks) if len(ranks) == 1 else [])
        return sorted((self._communes[number] for number in named), key=lambda commune: -commune.population)

    def nearest(self, position: Position) -> Commune | None:
        """The commune whose middle is nearest, within some fifty kilometres."""
        near = self._neighbours(position)
        return min(near, key=lambda commune: distance_km(commune.position, position), default=None)

    def largest(self, most: int) -> list[Commune]:
        """The communes of most people; the cities of districts rather than their districts."""
        whole = (commune for commune in self._communes if not _is_district(commune))
        return heapq.nlargest(most, whole, key=lambda commune: commune.population)

    def around(self, position: Position, km: float, most: int) -> list[Commune]:
        """The communes of most people whose middle is within some kilometres (up to fifty)."""
        near = [commune for commune in self._neighbours(position) if distance_km(commune.position, position) <= km]
        return heapq.nlargest(most, near, key=lambda commune: commune.population)

    def _neighbours(self, position: Position) -> list[Commune]:
        row, column = _cell(position)
        around = (self._cells.get((row + up, column + right), []) for up in (-1, 0, 1) for right in (-1, 0, 1))
        return [commune for cell in around for commune in cell]

    def _by_postcode(self, digits: str, most: int) -> list[Commune]:
        """A city of many postcodes comes after its districts, which have one each."""
        start = bisect_left(self._postcodes, (digits, -1))
        end = bisect_left(self._postcodes, (digits + _LAST, -1))
        communes = (self._communes[number] for number in {number for _, number in self._postcodes[start:end]})
        return heapq.nsmallest(most, communes, key=lambda each: (each.has_districts, -each.population))

    def _ranks(self, text: str) -> dict[int, int]:
        """How well each commune answers a text: `_EXACT`, then the place of the word that it begins."""
        ranks: dict[int, int] = {}
        for key, depth, number in self._from(text):
            rank = _EXACT if key == text and depth == 0 else depth + 1
            ranks[number] = min(rank, ranks.get(number, rank))
        return ranks

    def _from(self, text: str) -> Iterator[tuple[str, int, int]]:
        start = bisect_left(self._names, (text, 0, 0))
        end = bisect_left(self._names, (text + _LAST, 0, 0))
        return iter(self._names[start:end])

    def _ranks_with_postcode(self, words: list[str]) -> dict[int, int]:
        """« st etienne 42 », « 42000 saint etienne »: the number is a postcode, or how one begins."""
        digits = [word for word in words if word.isdigit()]
        name = " ".join(word for word in words if not word.isdigit())
        if len(digits) != 1 or not name:
            return {}
        ranks = self._ranks(name).items()
        found = {number: rank for number, rank in ranks if _has_postcode(self._communes[number], digits[0])}
        districts = {number: rank for number, rank in found.items() if _is_district(self._communes[number])}
        return districts if districts and len(digits[0]) == POSTCODE_DIGITS else found


_EXACT = 0


@cache
def gazetteer() -> Gazetteer:
    """The gazetteer of this process."""
    packed = (files("portal") / "places" / "communes.tsv.xz").read_bytes()
    return Gazetteer(_commune(line) for line in lzma.decompress(packed).decode().splitlines())


def _commune(line: str) -> Commune:
    code, name, postcodes, population, latitude, longitude = line.split("\t")
    position = Position(float(latitude), float(longitude))
    return Commune(code, name, tuple(postcodes.split(" ")), int(population), position)


def _words(text: str) -> list[str]:
    """The words of a text as they are compared: « St-Étienne » is « saint etienne ». The last word is what somebody may
    still be typing: « st » alone is the beginning of Strasbourg."""
    words = "".join(sign if sign.isalnum() else " " for sign in fold(text)).split()
    return [_ABBREVIATIONS.get(word, word) for word in words[:-1]] + words[-1:]


def _endings(words: list[str]) -> Iterator[str]:
    return (" ".join(words[start:]) for start in range(len(words)))


def _has_postcode(commune: Commune, digits: str) -> bool:
    return any(postcode.startswith(digits) for postcode in commune.postcodes)


def _is_district(commune: Commune) -> bool:
    return commune.name.endswith(DISTRICT)


def _cell(position: Position) -> tuple[int, int]:
    return int(position.latitude * _GRID // 1), int(position.longitude * _GRID // 1)
