"""Files between a request and the storage: taken from a form, cleaned, kept; given back as attachments, never shown.

A content is kept before its row: what fails in between leaves a content that nothing names, which a job removes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from litestar import Litestar, Response
from litestar.datastructures import FormMultiDict, UploadFile

from portal.data import throttling
from portal.data.employee_imports import import_names
from portal.data.files import NewFile, known_names
from portal.data.publication_files import publication_names
from portal.headers import DOCUMENT_POLICY
from portal.storage import Storage, StorageFailed
from portal.uploads import LARGEST_FILE, MOST_FILES, FileRefused, clean
from portal.web import PortalRequest, Services

Result = TypeVar("Result")


class Attachable(Protocol):
    """A file that lies in the storage, with the name to give it back under."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def storage_name(self) -> str: ...


# Drawing a large photo anew takes a second of one core, and a hundred megabytes.
CLEANED_AT_ONCE = 2
ORPHAN_AFTER = timedelta(hours=24)
BATCH = 500

NONE_CHOSEN = "Choisissez un fichier, ou prenez une photo."
TOO_MANY = f"Vous pouvez joindre {MOST_FILES} fichiers au plus. Retirez-en un, ou réunissez les pages dans un PDF."


def files_in(sent: FormMultiDict, field: str) -> list[UploadFile]:
    """The files chosen in a field; a field left alone sends a nameless one. Raises `FileRefused`: none, or too many."""
    found = [each for each in sent.getall(field, []) if isinstance(each, UploadFile) and each.filename]
    if not found:
        raise FileRefused(NONE_CHOSEN)
    if len(found) > MOST_FILES:
        raise FileRefused(TOO_MANY)
    return found


def within_quota(request: PortalRequest, subject: str, count: int) -> bool:
    """Whether an account, or whoever else sends, may add so many files today; they are counted. `subject`: who."""
    with request.database.write() as db:
        return all(throttling.allow(db, [(throttling.FILES, subject)], request.now) for _ in range(count))


async def received_files(
    request: PortalRequest, sent: FormMultiDict, field: str, subject: str, too_often: str
) -> list[NewFile]:
    """The files chosen in a field, counted for `subject`, cleaned and kept. Raises `StorageFailed`, and `FileRefused`:
    none, too many, unfit, or with the words of `too_often` more than a day's."""
    files = files_in(sent, field)
    if not await request.database.run_writing(within_quota, request, subject, len(files)):
        raise FileRefused(too_often)
    return await keep_files(request, files)


async def keep_files(request: PortalRequest, files: Sequence[UploadFile]) -> list[NewFile]:
    """The files cleaned, and kept in the storage; all of them, or none. Raises `FileRefused`, `StorageFailed`."""
    kept: list[NewFile] = []
    try:
        for file in files:
            content = await file.read(LARGEST_FILE + 1)
            kept.append(await in_turn(request, _keep, request.services.storage, file.filename, content))
    except BaseException:
        await in_turn(request, discard, request.services, [new.storage_name for new in kept])
        raise
    return kept


def discard(services: Services, names: Iterable[str]) -> None:
    """Removes contents that no row names any more; what cannot be removed now, the job that looks for orphans does."""
    for name in names:
        with suppress(StorageFailed):
            services.storage.remove(name)


def attachment(request: PortalRequest, piece: Attachable) -> Response[bytes]:
    """A piece, to be saved: the browser neither guesses its type nor opens it as a page of ours.

    Raises `FileLost`, `StorageFailed`. Blocks: the handler runs in a thread.
    """
    return Response(
        request.services.storage.give(piece.storage_name),
        media_type=piece.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(piece.name)}",
            "Content-Security-Policy": DOCUMENT_POLICY,
        },
    )


def remove_orphans(services: Services, now: datetime) -> int:
    """Removes contents of more than a day that no row names: of uploads that failed half-way; how many."""
    old = [name for name, kept_at in services.storage.names() if kept_at < now - ORPHAN_AFTER]
    removed = 0
    for at in range(0, len(old), BATCH):
        batch = old[at : at + BATCH]
        with services.database.read() as db:
            orphans = set(batch) - known_names(db, batch) - import_names(db, batch) - publication_names(db, batch)
        discard(services, orphans)
        removed += len(orphans)
    return removed


def _keep(storage: Storage, name: str, content: bytes) -> NewFile:
    cleaned = clean(name, content)
    return NewFile(
        name=cleaned.name,
        media_type=cleaned.media_type,
        size=len(cleaned.content),
        pages=cleaned.pages,
        digest=hashlib.sha256(cleaned.content).hexdigest(),
        storage_name=storage.keep(cleaned.content),
    )


async def in_turn(request: PortalRequest, act: Callable[..., Result], *arguments: Any) -> Result:
    """Calls what opens a person's file, in a thread: few at once, since each costs a processor's second."""
    return await to_thread.run_sync(act, *arguments, limiter=_limiter(request.app))


def _limiter(app: Litestar) -> CapacityLimiter:
    """The application's own: a limiter belongs to one event loop."""
    limiter: CapacityLimiter | None = app.state.get("cleaning")
    if limiter is None:
        limiter = app.state.cleaning = CapacityLimiter(CLEANED_AT_ONCE)
    return limiter
