"""Downloads written to a file before they leave: a slow client costs disk, neither memory nor a database connection.

A server holds in memory what a client does not read yet, unless it reads a file itself (`http.response.pathsend`).
"""

from asyncio import get_running_loop
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from anyio import CapacityLimiter, to_thread
from litestar import Litestar
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from portal.database import DatabaseBusy

WRITTEN_AT_ONCE = 2
LONGEST_QUEUE = 8
SECONDS_TO_OPEN = 30
CHUNK_BYTES = 64 * 1024
PATHSEND = "http.response.pathsend"

Write = Callable[[IO[bytes]], None]


class DownloadsBusy(DatabaseBusy):
    """Too many downloads wait to be written; the caller may try again."""


class FileDownload(Stream):
    """What `write` writes to a nameless file (mode 0600) in `folder`, with its length.

    `write` runs in a thread once the handler is done, and must not use the request's session. What it raises is
    answered as if the handler had raised it. Raises `DownloadsBusy` when `LONGEST_QUEUE` others wait.
    """

    def __init__(self, write: Write, folder: Path, *, media_type: str, headers: dict[str, str]) -> None:
        super().__init__([], media_type=media_type, headers=headers)
        self._write = write
        self._folder = folder

    def to_asgi_response(self, *arguments: Any, **options: Any) -> Any:
        """The headers of a stream; the body is the file's."""
        return _Sending(super().to_asgi_response(*arguments, **options), self._write, self._folder)


class _Sending:
    """The ASGI application that writes the file, then sends it."""

    def __init__(self, answer: ASGIResponse, write: Write, folder: Path) -> None:
        self._answer = answer
        self._write = write
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = await self._written(_limiter(scope["litestar_app"]))
        self._answer.headers["content-length"] = str(file.tell())
        if PATHSEND in (scope.get("extensions") or {}):
            await self._hand_over(file, scope, receive, send)
            return
        with closing(file):
            await self._send_chunks(file, send)

    async def _written(self, limiter: CapacityLimiter) -> IO[bytes]:
        if limiter.statistics().tasks_waiting >= LONGEST_QUEUE:
            raise DownloadsBusy
        return await to_thread.run_sync(_write_file, self._write, self._folder, limiter=limiter)

    async def _hand_over(self, file: IO[bytes], scope: Scope, receive: Receive, send: Send) -> None:
        # The compression middleware drops a message that it does not know, unless the answer is in its last form.
        ScopeState.from_scope(scope).is_cached = True
        message: Any = {"type": PATHSEND, "path": f"/proc/self/fd/{file.fileno()}"}
        try:
            await self._answer.start_response(send)
            await send(message)
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            # Granian opens the path in a task of its own, a moment after it tells of the disconnection at times. Closed
            # before that, the descriptor's number could be another person's file.
            get_running_loop().call_later(SECONDS_TO_OPEN, file.close)

    async def _send_chunks(self, file: IO[bytes], send: Send) -> None:
        await self._answer.start_response(send)
        file.seek(0)
        while chunk := await to_thread.run_sync(file.read, CHUNK_BYTES):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _write_file(write: Write, folder: Path) -> IO[bytes]:
    """The file, flushed and at its end."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = TemporaryFile(dir=folder)  # noqa: SIM115  (closed once it is sent)
    try:
        write(file)
        file.flush()
    except BaseException:
        file.close()
        raise
    return file


def _limiter(app: Litestar) -> CapacityLimiter:
    """The application's own: a limiter belongs to one event loop."""
    limiter: CapacityLimiter | None = app.state.get("downloads")
    if limiter is None:
        limiter = app.state.downloads = CapacityLimiter(WRITTEN_AT_ONCE)
    return limiter
