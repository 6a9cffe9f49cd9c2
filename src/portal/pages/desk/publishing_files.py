"""Guarantee tables and network directories, sent as the files that `portal import` reads: checked by a dry run of the
worker, read again, applied by it. /gestion/publication/fichiers (R-24, R-61)"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from litestar import Response
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.attachments import attachment, discard, in_turn
from portal.data.evidence import Action
from portal.data.publication_files import file_of, keep_file
from portal.data.publications import Nature, prepare, publications_of
from portal.forms import FieldError
from portal.importing.registry import KINDS
from portal.pages.desk.publication_views import (
    PREPARES,
    crumbs_of,
    found_publication,
    opaque_of,
    rows_of,
    to_publication,
)
from portal.publication_jobs import KIND_OF
from portal.publication_sheets import ACCEPTED, LARGEST, plain_file
from portal.publication_words import NATURE_LABELS
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.uploads import FileRefused, safe_stem
from portal.web import PortalRequest

PATH = "/gestion/publication/fichiers/{nature:str}"
FIELD = "fichier"
LARGEST_FORM = LARGEST + 1_000_000
NOTES = {
    Nature.GUARANTEES: (
        "Une ligne par garantie. Une nouvelle version commence à un jour à venir\u00a0: donnez aussi sa fin à "
        "la version d’avant. Ce qui a déjà servi à rembourser ne se modifie pas."
    ),
    Nature.DIRECTORY: (
        "Le fichier est tout l’annuaire\u00a0: qui n’y est plus le quitte. Si une seule ligne est refusée, personne ne "
        "le quitte."
    ),
    Nature.NATIONAL_DIRECTORY: (
        "Une extraction de l’Annuaire Santé complète téléphones et spécialités. Elle n’ajoute et ne retire personne."
    ),
}
NO_FILE = "Choisissez un fichier CSV ou XLSX."


@dataclass(frozen=True, slots=True)
class Rejects:
    """The rejected rows of a file, as they are saved."""

    storage_name: str
    name: str = "lignes-refusees.csv"
    media_type: str = "text/csv"


@page(PATH, name="desk.publishing.files", guards=[PREPARES])
def list_page(request: PortalRequest, nature: FromPath[str]) -> Response[bytes]:
    return _list(request, _known(nature))


@async_action(PATH, name="desk.publishing.files.send", guards=[PREPARES], request_max_body_size=LARGEST_FORM)
async def send(request: PortalRequest, nature: FromPath[str]) -> Response[bytes] | Redirect:
    kind = _known(nature)
    sent: FormMultiDict = await request.form()
    files = [each for each in sent.getall(FIELD, []) if isinstance(each, UploadFile) and each.filename]
    if not files:
        return _list(request, kind, [FieldError(FIELD, NO_FILE)])
    try:
        content = await in_turn(request, plain_file, await files[0].read(LARGEST + 1))
    except FileRefused as refused:
        return _list(request, kind, [FieldError(FIELD, str(refused))])
    opaque = await request.database.run_writing(_receive, request, kind, files[0].filename, content)
    return to_publication(request, opaque)


@page("/gestion/publication/{publication:str}/lignes-refusees.csv", name="desk.publication.rejects", guards=[PREPARES])
def rejects_file(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    found = found_publication(request, request.db, publication, *KIND_OF)
    file = file_of(request.db, found)
    if file.rejects_name is None:
        raise NotFoundException
    return attachment(request, Rejects(file.rejects_name))


def _receive(request: PortalRequest, nature: Nature, name: str, content: bytes) -> str:
    """Keeps the content, then its row, which the worker will find; its opaque name."""
    kept = request.services.storage.keep(content)
    title, digest = safe_stem(name), hashlib.sha256(content).hexdigest()
    try:
        with request.database.write() as db:
            found = prepare(db, request.viewer, nature, title, digest, None, request.now)
            keep_file(db, found, len(content), kept)
            request.record(db, Action.PUBLICATION_PREPARED, found.object, title=title)
    except BaseException:
        discard(request.services, [kept])
        raise
    return opaque_of(request, found)


def _known(text: str) -> Nature:
    """The kind of file of an address; 404 for any other."""
    if text not in KIND_OF:
        raise NotFoundException
    return Nature(text)


def _list(request: PortalRequest, nature: Nature, errors: Sequence[FieldError] = ()) -> Response[bytes]:
    kind = KINDS[KIND_OF[nature]]
    return render_page(
        request,
        "desk/publication/files.html",
        NATURE_LABELS[nature],
        crumbs=crumbs_of(request),
        errors=errors,
        nature_key=nature.value,
        note=NOTES[nature],
        accepted=ACCEPTED,
        columns=kind.titles or tuple(kind.columns),
        prepared=rows_of(request, publications_of(request.db, [nature])),
    )


HANDLERS = [list_page, send, rejects_file]
