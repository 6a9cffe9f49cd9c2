"""Map tiles of one configured source, fetched and kept here, so that browsers talk to the portal alone (R-24, R-62)."""

import asyncio
import hashlib
import re
from contextlib import suppress
from typing import NamedTuple

from anyio import to_thread

from portal.places.source import Source, SourceFailed
from portal.places.tile_files import TileFiles
from portal.settings import Settings

DEEPEST = 19
SECONDS = 3.0
MOST_BYTES = 512 * 1024
MEGABYTE = 1024 * 1024
NAME_LENGTH = 16
_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}").fullmatch  # 2^19 has six digits


class Tile(NamedTuple):
    """A square of the map in the usual scheme: `z` halvings of the world, `x` eastward, `y` southward, from 0."""

    z: int
    x: int
    y: int

    @property
    def path(self) -> str:
        return f"{self.z}/{self.x}/{self.y}"


def read_tile(z: str, x: str, y: str) -> Tile | None:
    """The tile that three texts name in plain digits, or None: the map has no such tile, or they say something else."""
    if not (_NUMBER(z) and _NUMBER(x) and _NUMBER(y)):
        return None
    tile = Tile(int(z), int(x), int(y))
    side = 1 << min(tile.z, DEEPEST)
    return tile if tile.z <= DEEPEST and tile.x < side and tile.y < side else None


def media_type_of(content: bytes) -> str:
    """What an image is by its first bytes: PNG, JPEG or WebP. Raises ValueError for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    raise ValueError("no image that a map is made of")


class Tiles:
    """The tiles of the source that the settings name, if any; one instance per process."""

    def __init__(self, settings: Settings) -> None:
        self._template = settings.tiles_url
        self._source = Source(settings.tiles_url, seconds=SECONDS, most_bytes=MOST_BYTES)
        self._files = TileFiles(
            settings.tiles_folder,
            hashlib.sha256(settings.tiles_url.encode()).hexdigest()[:NAME_LENGTH],
            days=settings.tiles_days,
            most_bytes=settings.tiles_megabytes * MEGABYTE,
        )
        self._awaited: dict[Tile, asyncio.Task[bytes | None]] = {}

    @property
    def has_source(self) -> bool:
        return bool(self._template)

    async def get(self, tile: Tile) -> bytes | None:
        """The tile's image: kept, else fetched, else kept too long ago; None when there is none to be had now.

        Whoever asks meanwhile for the same tile waits for the same answer, also when the first of them has gone away.
        """
        task = self._awaited.get(tile)
        if task is None:
            task = self._awaited[tile] = asyncio.create_task(self._find(tile))
            task.add_done_callback(lambda _: self._awaited.pop(tile, None))
        return await asyncio.shield(task)

    async def _find(self, tile: Tile) -> bytes | None:
        kept = await to_thread.run_sync(self._files.find, tile.path)
        if kept and kept.is_fresh and _is_image(kept.content):
            return kept.content
        fetched = await self._fetch(tile)
        return fetched or (kept.content if kept and _is_image(kept.content) else None)

    async def _fetch(self, tile: Tile) -> bytes | None:
        try:
            content = await self._source.ask(self._url(tile), _image)
        except SourceFailed:
            return None
        await to_thread.run_sync(self._files.keep, tile.path, content)
        return content

    def _url(self, tile: Tile) -> str:
        url = self._template
        for name, number in tile._asdict().items():
            url = url.replace(f"{{{name}}}", str(number))
        return url

    async def close(self) -> None:
        """Gives up what is being fetched, and closes the connections."""
        for task in list(self._awaited.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._source.close()


def _is_image(content: bytes) -> bool:
    """A machine that lost its power may have left an empty file."""
    try:
        media_type_of(content)
    except ValueError:
        return False
    return True


def _image(content: bytes) -> bytes:
    media_type_of(content)
    return content
