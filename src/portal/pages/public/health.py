"""Health endpoints for operators (R-60), the static files, and robots."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.outbox import oldest_waiting
from portal.operation_metrics import free_bytes
from portal.permissions import public
from portal.routing import async_page, page
from portal.schema import is_current
from portal.web import PortalRequest

TEXT = "text/plain"
LARGEST_BACKLOG = 64 * 1024 * 1024
LEAST_FREE_BYTES = 256 * 1024 * 1024
FOR_A_YEAR = "public, max-age=31536000, immutable"


@page("/healthz", name="health", guards=[public])
def health() -> Response[bytes]:
    """The process answers."""
    return Response(b"ok\n", media_type=TEXT)


@async_page("/readyz", name="readiness", guards=[public])
async def readiness(request: PortalRequest) -> Response[bytes]:
    """The database accepts writes and has the current schema, the evidence journal keeps up, the disk has room.

    Letters that wait and maintenance are told too, but make nothing unready: the portal serves on while the mail server
    is away, and answers maintenance itself.
    """
    return await request.database.run_writing(_readiness, request)


def _readiness(request: PortalRequest) -> Response[bytes]:
    problems = [
        name
        for name, is_well in (
            ("database", request.database.accepts_writes()),
            ("schema", is_current(request.database)),
            ("journal", request.services.journal.backlog < LARGEST_BACKLOG),
            ("disk", free_bytes(request.services.settings.data_folder) > LEAST_FREE_BYTES),
        )
        if not is_well
    ]
    body = "not ready: " + ", ".join(problems) + "\n" if problems else "ready\n" + _notes(request)
    return Response(body.encode(), media_type=TEXT, status_code=503 if problems else 200)


def _notes(request: PortalRequest) -> str:
    return _waiting_mail(request) + _maintenance(request)


def _waiting_mail(request: PortalRequest) -> str:
    with request.database.read() as db:
        since = oldest_waiting(db)
    return f"oldest unsent letter: {int((request.now - since).total_seconds())} s\n" if since else ""


def _maintenance(request: PortalRequest) -> str:
    window = request.services.site.current().maintenance(request.now)
    return f"maintenance until {window.ends_at:%Y-%m-%dT%H:%M:%SZ}\n" if window else ""


@page("/robots.txt", name="robots", guards=[public])
def robots() -> Response[bytes]:
    """Nothing here is for crawlers (R-62)."""
    return Response(b"User-agent: *\nDisallow: /\n", media_type=TEXT)


@page("/static/{path:path}", name="static", guards=[public])
def static(request: PortalRequest, path: FromPath[str]) -> Response[bytes]:
    """A static file under its hashed name."""
    asset = request.services.assets.find(path.lstrip("/"))
    if asset is None:
        raise NotFoundException
    body, encoding = asset.encoded(request.headers.get("accept-encoding", ""))
    headers = {"Cache-Control": FOR_A_YEAR, "Vary": "Accept-Encoding"} | (
        {"Content-Encoding": encoding} if encoding else {}
    )
    return Response(body, media_type=asset.media_type, headers=headers)


HANDLERS = [health, readiness, robots, static]
