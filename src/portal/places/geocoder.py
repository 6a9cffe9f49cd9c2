"""Where a street address is, by the one service that the settings name, if any (R-24, R-62).

It speaks as addok does, the engine of the Base Adresse Nationale: `{url}/search/?q=…`. What somebody typed goes to that
service alone, and into no log.
"""

import re
import time
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlencode

import msgspec

from portal.places.distance import HALF_TURN, POLE, Position
from portal.places.source import Source, SourceFailed
from portal.settings import Settings

SECONDS = 1.0
MOST_BYTES = 64 * 1024
MOST = 5
LEAST_SCORE = 0.5
SHORTEST, LONGEST = 3, 200  # what addok takes
KEPT = 256
KEPT_SECONDS = 600.0
_NO_START = re.compile(r"^[\W_]+")

Longitude = Annotated[float, msgspec.Meta(ge=-HALF_TURN, le=HALF_TURN)]
Latitude = Annotated[float, msgspec.Meta(ge=-POLE, le=POLE)]


class Address(NamedTuple):
    """An address that a text may mean: in full, where it is (WGS84), and how sure that is, 0.5 or more."""

    label: str
    position: Position
    score: float


class _Point(msgspec.Struct):
    type: Literal["Point"]
    coordinates: tuple[Longitude, Latitude]


class _Facts(msgspec.Struct):
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]
    score: float


class _Feature(msgspec.Struct):
    geometry: _Point
    properties: _Facts


class _Answer(msgspec.Struct):
    type: Literal["FeatureCollection"]
    features: list[_Feature]


_decoder = msgspec.json.Decoder(_Answer)


class Geocoder:
    """The service that the settings name; one instance per process. `clock`: seconds that only rise."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = settings.geocoder_url
        self._source = Source(settings.geocoder_url, seconds=SECONDS, most_bytes=MOST_BYTES, clock=clock)
        self._clock = clock
        # Each filter and each next page asks for the same address again.
        self._known: dict[str, tuple[float, tuple[Address, ...]]] = {}

    @property
    def is_on(self) -> bool:
        return bool(self._url)

    async def find(self, typed: str) -> tuple[Address, ...]:
        """The addresses that a text may mean, the surest first, five at most; none when the service gives nothing of
        use within a second, which the log says without the text. Raises nothing."""
        text = _asked(typed)
        if not self.is_on or len(text) < SHORTEST:
            return ()
        since, known = self._known.get(text, (float("-inf"), ()))
        return known if self._clock() < since + KEPT_SECONDS else await self._ask(text)

    async def _ask(self, text: str) -> tuple[Address, ...]:
        query = urlencode({"q": text, "limit": MOST, "autocomplete": 0})
        try:
            found = await self._source.ask(f"{self._url}/search/?{query}", _addresses)
        except SourceFailed:
            return ()
        self._remember(text, found)
        return found

    def _remember(self, text: str, found: tuple[Address, ...]) -> None:
        self._known.pop(text, None)
        self._known[text] = (self._clock(), found)
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    async def close(self) -> None:
        """Closes the connections."""
        await self._source.close()


def _asked(typed: str) -> str:
    """One line of printable signs that begins with a letter or a digit, as the service wants it."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in typed[:LONGEST]).split())
    return _NO_START.sub("", line)


def _addresses(content: bytes) -> tuple[Address, ...]:
    """Raises ValueError for an answer in any other form, or that lies nowhere on Earth."""
    sure = [each for each in _read(content) if each.properties.score >= LEAST_SCORE]
    sure.sort(key=lambda each: -each.properties.score)
    return tuple(_address(each) for each in sure[:MOST])


def _read(content: bytes) -> list[_Feature]:
    try:
        return _decoder.decode(content).features
    except RecursionError as failure:  # the library's word for what is nested without end
        raise ValueError("nested without end") from failure


def _address(feature: _Feature) -> Address:
    longitude, latitude = feature.geometry.coordinates
    label = "".join(filter(str.isprintable, feature.properties.label))
    return Address(label, Position(latitude, longitude), feature.properties.score)
