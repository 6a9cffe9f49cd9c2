"""All that the portal holds about the account, to take away: /compte/donnees/archive.zip. Open too while terms are due
(R-16, R-70)."""

from functools import partial

from litestar.types import Guard

from portal.data.evidence import Action
from portal.data_archive import json_export, write_archive
from portal.downloads import FileDownload
from portal.formatting import today
from portal.headers import DOCUMENT_POLICY
from portal.permissions import Permission, recently_confirmed, requires
from portal.reading_guards import counted_export
from portal.routing import page
from portal.web import PortalRequest

EXPORT: list[Guard] = [requires(Permission.DATA_EXPORT), recently_confirmed, counted_export]
WRITERS = {"zip": (write_archive, "application/zip"), "json": (json_export, "application/json")}


@page("/compte/donnees/archive.zip", name="data.archive", guards=EXPORT)
def archive(request: PortalRequest) -> FileDownload:
    return _download(request, "zip")


@page("/compte/donnees/export.json", name="data.export", guards=EXPORT)
def export(request: PortalRequest) -> FileDownload:
    return _download(request, "json")


def _download(request: PortalRequest, ending: str) -> FileDownload:
    services, viewer = request.services, request.viewer
    request.note_read(Action.DATA_EXPORTED, ending, persons=[viewer.person_id] if viewer.person_id else [])
    request.db.close()
    write, media_type = WRITERS[ending]
    headers = {
        "Content-Disposition": f'attachment; filename="mes-donnees-{today().isoformat()}.{ending}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    folder = services.settings.data_folder / "tmp"
    return FileDownload(partial(write, services, viewer, request.now), folder, media_type=media_type, headers=headers)


HANDLERS = [archive, export]
