"""Map tiles kept on the disk: a cache, which may be deleted at any time, and never grows past its size by much.

One file per tile, `<source>/z/x/y`, dated by its time of writing. Nobody measures the folder at each request: what this
process has written since it last looked is counted, and it looks again after an eighth of the whole.
"""

import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple

FOLDER_MODE = 0o700
LOOKS = 8  # how often the folder is measured while as much as it may hold is written
AFTER_SWEEP = 0.9  # of the size, so that the next tile does not sweep again
DAY_SECONDS = 86_400

logger = logging.getLogger("portal.places")


class Kept(NamedTuple):
    """A tile's bytes, and whether they are young enough to need no asking."""

    content: bytes
    is_fresh: bool


class _File(NamedTuple):
    written: float
    size: int
    path: Path


class TileFiles:
    """The tiles of one source, `name`, among those of others under `folder`.

    `days`: how long a tile is fresh; `most_bytes`: what all of the folder may hold. Its methods block: call in threads.
    """

    def __init__(self, folder: Path, name: str, *, days: int, most_bytes: int) -> None:
        self._folder = folder
        self._own = folder / name
        self._fresh_seconds = days * DAY_SECONDS
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._measured: int | None = None
        self._written = 0

    def find(self, path: str) -> Kept | None:
        """The tile kept at `z/x/y`, however old, or None."""
        try:
            with (self._own / path).open("rb") as file:
                age = time.time() - os.fstat(file.fileno()).st_mtime
                return Kept(file.read(), age < self._fresh_seconds)
        except OSError:
            return None

    def keep(self, path: str, content: bytes) -> None:
        """Keeps a tile, whole or not at all; a disk that takes nothing is told in the log, and costs nothing else."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            _write(self._own / path, content)
            self._count(len(content))
        except OSError as failure:
            logger.warning("a map tile was not kept: %s", type(failure).__name__)

    def _count(self, size: int) -> None:
        with self._lock:
            self._written += size
            if self._measured is None or self._written > self._most_bytes / LOOKS or self._is_full:
                self._measured, self._written = self._sweep(), 0

    @property
    def _is_full(self) -> bool:
        return (self._measured or 0) + self._written > self._most_bytes

    def _sweep(self) -> int:
        """Measures the folder; deletes the oldest tiles, of whatever source, once they are too many. Bytes left."""
        files = sorted(_files(self._folder))
        total = sum(file.size for file in files)
        if total <= self._most_bytes:
            return total
        for file in files:
            if total <= self._most_bytes * AFTER_SWEEP:
                break
            _delete(file.path)
            total -= file.size
        return total


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[_File]:
    """Every file, drafts that a crash left included; one that goes meanwhile is none."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with suppress(FileNotFoundError):
                facts = path.stat()
                yield _File(facts.st_mtime, facts.st_size, path)


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()  # refused while it holds others
