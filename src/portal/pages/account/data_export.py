"""All that the portal holds about the account, in one file: /compte/donnees. Open too while terms are due (R-16)."""

import json
from typing import IO, Any

from litestar import Response
from litestar.types import Guard

from portal.data.data_export import export_of
from portal.data.evidence import Action
from portal.data.own_account import own_account
from portal.downloads import FileDownload
from portal.formatting import today
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.own import account_crumbs
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest, Services

FORMAT = "portal-account-export-1"
EXPORT: list[Guard] = [requires(Permission.DATA_EXPORT), recently_confirmed]


@page("/compte/donnees", name="data", guards=[requires(Permission.DATA_EXPORT)])
def data_page(request: PortalRequest) -> Response[bytes]:
    return render_page(
        request,
        "account/data/index.html",
        "Vos données",
        crumbs=account_crumbs(request),
        may_delete=request.services.site.is_permitted(request.viewer, "deletion.ask"),
        has_activity=request.services.site.is_permitted(request.viewer, "activity"),
    )


@page("/compte/donnees/export.json", name="data.export", guards=EXPORT)
def export(request: PortalRequest) -> FileDownload:
    services, viewer = request.services, request.viewer
    request.note_read(Action.DATA_EXPORTED, "json", persons=[viewer.person_id] if viewer.person_id else [])
    head = _head(services, own_account(request.db, viewer).identifier, request.now.isoformat())
    request.db.close()

    def write(file: IO[bytes]) -> None:
        with services.database.read() as db:
            content = head | {"data": list(export_of(db, viewer, services.keyring))}
        file.write(json.dumps(content, ensure_ascii=False, indent=1).encode())

    headers = {
        "Content-Disposition": f'attachment; filename="mes-donnees-{today().isoformat()}.json"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return FileDownload(write, services.settings.data_folder / "tmp", media_type="application/json", headers=headers)


def _head(services: Services, identifier: str, at: str) -> dict[str, Any]:
    return {"format": FORMAT, "insurer": services.settings.insurer_name, "account": identifier, "exported_at": at}
