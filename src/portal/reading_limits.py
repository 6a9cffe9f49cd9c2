"""How many reads of the directory one reader may make: no bulk extraction, no crawling (R-62).

A GET writes nothing to the database, so that the quotas of `data/throttling.py` cannot serve: each server process
counts in its own memory, for itself. Weighed: `limits` (PyPI) and Litestar's `RateLimitMiddleware`; neither bounds how
many readers it remembers, and the second keeps an instant for each read and knows one limit alone.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Some 500 bytes each: less than thirty megabytes.
MOST_READERS = 50_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many reads from the first one on, then none until the period is over."""

    reads: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is read, and the limits of a network that nobody signed in from, and of an account."""

    name: str
    network: tuple[Limit, ...]
    account: tuple[Limit, ...]


# A search by hand is ten reads a minute, fifty a day; a company of thousands, or customers of a mobile operator, share
# one IPv4 address. A list shows twenty places: to copy a directory of 250 000 without ever meeting one twice would take
# four days from one network, three weeks with one account.
DIRECTORY = Allowance("directory", (Limit(120, MINUTE), Limit(3_000, DAY)), (Limit(60, MINUTE), Limit(600, DAY)))
# A map names five hundred at once, where a list shows twenty; moving it about by hand asks for a few a minute.
MAPS = Allowance("maps", (Limit(30, MINUTE), Limit(300, DAY)), (Limit(15, MINUTE), Limit(150, DAY)))
# Twenty fill a screen, and each move or zoom asks for as many: this spares the source, and the disk.
TILES = Allowance("tiles", (Limit(1_200, MINUTE),), (Limit(600, MINUTE),))
# Some ten are asked for while one types a name. They tell nothing of the directory: this only spares the processor.
SUGGESTIONS = Allowance("suggestions", (Limit(600, MINUTE),), (Limit(300, MINUTE),))
# All that is held about an account: seconds of a processor, and everything at once for whoever stole a session.
EXPORTS = Allowance("exports", (), (Limit(5, timedelta(hours=1)), Limit(20, DAY)))


@dataclass(slots=True)
class _Window:
    ends_at: datetime
    left: int


class ReadingLimits:
    """The reads of this process by reader; one instance per application. For the event loop alone: it takes no lock."""

    def __init__(self, most_readers: int = MOST_READERS) -> None:
        self._most = most_readers
        self._windows: OrderedDict[str, list[_Window]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def count(self, reader: str, limits: Sequence[Limit], now: datetime) -> datetime | None:
        """Counts a read; or, once one of the limits is used up, counts nothing and tells when the reader may come back.

        `reader`: who reads what; always with the same limits. Whoever has not read for longest is forgotten first.
        """
        windows = self._windows_of(reader, limits, now)
        used_up = [window.ends_at for window in windows if not window.left]
        for window in () if used_up else windows:
            window.left -= 1
        return max(used_up, default=None)

    def _windows_of(self, reader: str, limits: Sequence[Limit], now: datetime) -> list[_Window]:
        windows = self._windows.setdefault(reader, [_Window(now, 0) for _ in limits])
        for window, limit in zip(windows, limits, strict=True):
            if window.ends_at <= now:
                window.ends_at, window.left = now + limit.period, limit.reads
        self._windows.move_to_end(reader)
        if len(self._windows) > self._most:
            self._windows.popitem(last=False)
        return windows
