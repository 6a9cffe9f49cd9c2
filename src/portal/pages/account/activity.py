"""Recent activity in words, and to be downloaded: /compte/journal (R-51)."""

from datetime import date
from itertools import groupby
from typing import IO, Any

from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromQuery
from litestar.types import Guard

from portal.activity_files import csv_pieces, extract_bytes
from portal.activity_kinds import KIND_LABELS, Kind
from portal.activity_words import sentence_of, wanted_for
from portal.data.activity import PAGE, Act, recent_acts
from portal.data.evidence import Action
from portal.downloads import FileDownload, Write
from portal.entry.browsers import browser_name
from portal.formatting import day_in_france, today
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.own import account_crumbs
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import render_page
from portal.routing import page
from portal.spreadsheets import CSV_MEDIA_TYPE
from portal.web import PortalRequest

CURSOR = "activity"
JSON_MEDIA_TYPE = "application/json"
DOWNLOADS: list[Guard] = [requires(Permission.ACTIVITY), recently_confirmed]


@page("/compte/journal", name="activity", guards=[requires(Permission.ACTIVITY)])
def activity_page(request: PortalRequest, nature: FromQuery[str] = "", apres: FromQuery[str] = "") -> Response[bytes]:
    kind = _kind(nature)
    acts = recent_acts(request.db, request.viewer, wanted_for(kind), _before(request, apres), PAGE + 1)
    request.note_read(Action.ACTIVITY_READ, nature)
    return render_page(
        request,
        "account/activity/index.html",
        "Votre activité",
        crumbs=account_crumbs(request),
        days=_days(acts[:PAGE]),
        kinds=[("", "Tout"), *((kind.value, label) for kind, label in KIND_LABELS.items())],
        nature=nature,
        is_following=bool(apres),
        following=_following(request, acts, nature),
    )


@page("/compte/journal/export.csv", name="activity.csv", guards=DOWNLOADS)
def csv_file(request: PortalRequest) -> FileDownload:
    database, viewer = request.database, request.viewer

    def write(file: IO[bytes]) -> None:
        with database.read() as db:
            file.writelines(csv_pieces(db, viewer))

    return _download(request, write, CSV_MEDIA_TYPE, "csv")


@page("/compte/journal/export.json", name="activity.json", guards=DOWNLOADS)
def json_file(request: PortalRequest) -> FileDownload:
    """The rows as the chain holds them, signed: what the person can hold against the insurer too."""
    services, viewer = request.services, request.viewer

    def write(file: IO[bytes]) -> None:
        file.write(extract_bytes(services.database, services.settings, viewer))

    return _download(request, write, JSON_MEDIA_TYPE, "json")


def _download(request: PortalRequest, write: Write, media_type: str, suffix: str) -> FileDownload:
    request.note_read(Action.ACTIVITY_DOWNLOADED, suffix)
    request.db.close()
    name = f"activite-{today().isoformat()}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": DOCUMENT_POLICY}
    return FileDownload(write, request.services.settings.data_folder / "tmp", media_type=media_type, headers=headers)


def _kind(nature: str) -> Kind | None:
    if not nature:
        return None
    try:
        return Kind(nature)
    except ValueError as error:
        raise HTTPException(status_code=422) from error


def _before(request: PortalRequest, cursor: str) -> int | None:
    if not cursor:
        return None
    seq = request.services.keyring.reveal(CURSOR, cursor)
    if seq is None:
        raise NotFoundException
    return seq


def _following(request: PortalRequest, acts: list[Act], nature: str) -> str:
    """Where the older acts are; empty when these are the oldest."""
    if len(acts) <= PAGE:
        return ""
    cursor = request.services.keyring.conceal(CURSOR, [acts[PAGE - 1].seq])[0]
    return request.services.urls("activity", ({"nature": nature} if nature else {}) | {"apres": cursor})


def _days(acts: list[Act]) -> list[tuple[date, list[dict[str, Any]]]]:
    groups = groupby(acts, key=lambda act: day_in_france(act.at))
    return [(day, [_shown(act) for act in group]) for day, group in groups]


def _shown(act: Act) -> dict[str, Any]:
    return {"act": act, "sentence": sentence_of(act), "device": browser_name(act.browser) if act.browser else ""}
