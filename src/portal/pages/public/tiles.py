"""Tiles of the map, so that no browser asks anybody else for one (R-24, R-62): /carte/tuiles/{z}/{x}/{y}."""

from urllib.parse import unquote

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import Guard

from portal.permissions import Permission, public, requires
from portal.places.tiles import media_type_of, read_tile
from portal.reading_guards import counted_tile
from portal.routing import async_page
from portal.web import PortalRequest

FOR_A_DAY = "private, max-age=86400"
TEXT = "text/plain"
RETRY_SECONDS = "60"

_reads = requires(Permission.DIRECTORY_READ)


async def for_readers(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Guard: whoever may read the directory, which is everybody where it is open. Raises as `requires` does."""
    if not connection.app.state.services.settings.open_directory:
        await _reads(connection, handler)


READERS: list[Guard] = [public, for_readers, counted_tile]


def tiles_pattern(request: PortalRequest) -> str:
    """The tiles' address with `{z}`, `{x}` and `{y}` in it, as map libraries want it; empty without a source."""
    urls = request.services.urls
    pattern = urls("map.tile", z="{z}", x="{x}", y="{y}")
    return unquote(pattern) if request.services.tiles.has_source else ""


@async_page("/carte/tuiles/{z:str}/{x:str}/{y:str}", name="map.tile", guards=READERS)
async def tile_image(request: PortalRequest, z: FromPath[str], x: FromPath[str], y: FromPath[str]) -> Response[bytes]:
    """The image, from the disk or from its source; a bare 503 when neither has it: the map keeps its drawn outline."""
    tile = read_tile(z, x, y)
    if tile is None or not request.services.tiles.has_source:
        raise NotFoundException
    await request.database.run(request.db.close)  # the source may be slow, and connections are few
    content = await request.services.tiles.get(tile)
    if content is None:
        return Response(b"", media_type=TEXT, status_code=503, headers={"Retry-After": RETRY_SECONDS})
    return Response(content, media_type=media_type_of(content), headers={"Cache-Control": FOR_A_DAY})


HANDLERS = [tile_image]
