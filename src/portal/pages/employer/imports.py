"""Files of employees: sent, matched, checked, applied, taken back. /employeur/salaries/fichiers (R-30)."""

import hashlib
from contextlib import suppress

from litestar import Response
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import NONE_CHOSEN, discard
from portal.data.employee_import_layouts import remember_titles, remembered_titles
from portal.data.employee_imports import (
    AppliedAlready,
    EmployeeImport,
    ImportState,
    WrongImportState,
    authors_of,
    find_import,
    imports_of,
    receive_file,
    resume,
    start_applying,
    start_checking,
    start_undoing,
)
from portal.data.evidence import Action
from portal.forms import FieldError, single_values
from portal.pages.employer.import_context import FILE, file_context
from portal.pages.employer.import_words import COLUMN_NOTES, STATE_LABELS
from portal.pages.employer.views import home_crumb
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.staff_files import ACCEPTED, FIELDS, LARGEST_SHEET, REQUIRED, guessed, plain_sheet, rows_of, titles_of
from portal.uploads import FileRefused, safe_stem
from portal.web import PortalRequest

TITLE = "Fichiers de salariés"
FIELD = "fichier"
IMPORTS = [requires(Permission.EMPLOYEES_IMPORT)]
PATH = "/employeur/salaries/fichiers"
ONE = f"{PATH}/{{file:str}}"
LARGEST_FORM = LARGEST_SHEET + 1_000_000
NO_COLUMN = "Choisissez la colonne qui dit A, M ou R."
NOBODY = "Choisissez la colonne du matricule ou celle du numéro de sécurité sociale."


@page(PATH, name="employer.imports", guards=IMPORTS)
def list_page(request: PortalRequest) -> Response[bytes]:
    return _list(request, request.db)


@async_action(PATH, name="employer.imports.send", guards=IMPORTS, request_max_body_size=LARGEST_FORM)
async def send(request: PortalRequest) -> Response[bytes] | Redirect:
    sent: FormMultiDict = await request.form()
    files = [each for each in sent.getall(FIELD, []) if isinstance(each, UploadFile) and each.filename]
    if not files:
        return await request.database.run(_refuse, request, NONE_CHOSEN)
    try:
        content = await files[0].read(LARGEST_SHEET + 1)
        opaque = await request.database.run_writing(_receive, request, files[0].filename, content)
    except FileRefused as refused:
        return await request.database.run(_refuse, request, str(refused))
    return _to(request, opaque)


def _receive(request: PortalRequest, name: str, content: bytes) -> str:
    """Keeps a file; its opaque name, or that of the same one that was applied before. Raises `FileRefused`."""
    sheet = plain_sheet(content)
    last = max(line for line, _ in rows_of(sheet))
    digest = hashlib.sha256(sheet).hexdigest()
    storage_name = request.services.storage.keep(sheet)
    try:
        with request.database.write() as db:
            made = receive_file(db, request.viewer, safe_stem(name), digest, storage_name, last, request.now)
    except AppliedAlready as same:
        discard(request.services, [storage_name])
        made = same.earlier
    return _opaque(request, made)


@page(ONE, name="employer.import", guards=IMPORTS)
def file_page(request: PortalRequest, file: FromPath[str]) -> Response[bytes]:
    return _file(request, found_import(request, request.db, file), file)


@async_action(f"{ONE}/colonnes", name="employer.import.columns", guards=IMPORTS)
async def match(request: PortalRequest, file: FromPath[str]) -> Response[bytes] | Redirect:
    values = single_values(await request.form(), [f"colonne-{field}" for field in FIELDS])
    return await request.database.run_writing(_match, request, file, values)


def _match(request: PortalRequest, file: str, values: dict[str, str]) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        found = found_import(request, db, file)
    if found.storage_name is None:
        return _to(request, file)
    titles = titles_of(request.services.storage.give(found.storage_name))
    columns = {field: at for field in FIELDS if (at := _column(values[f"colonne-{field}"], titles)) is not None}
    errors = _column_errors(columns)
    if errors:
        return _columns_page(request, found, file, titles, columns, errors)
    with request.database.write() as db:
        found = found_import(request, db, file, lock=True)
        remember_titles(db, request.viewer, {field: titles[at] for field, at in columns.items()})
        with suppress(WrongImportState):
            start_checking(db, found, columns)
    return _to(request, file)


@action(f"{ONE}/application", name="employer.import.apply", guards=IMPORTS)
def apply(request: PortalRequest, file: FromPath[str]) -> Redirect:
    with request.database.write() as db:
        found = found_import(request, db, file, lock=True)
        try:
            start_applying(db, request.viewer, found)
            request.record(db, Action.EMPLOYEES_IMPORTED, found.object)
        except AppliedAlready as same:
            return _to(request, _opaque(request, same.earlier))
        except WrongImportState:  # a second click, or a colleague's
            pass
    return _to(request, file)


@action(f"{ONE}/annulation", name="employer.import.undo", guards=IMPORTS)
def undo(request: PortalRequest, file: FromPath[str]) -> Redirect:
    with request.database.write() as db:
        found = found_import(request, db, file, lock=True)
        with suppress(WrongImportState):
            start_undoing(db, request.viewer, found, request.now)
            request.record(db, Action.EMPLOYEES_IMPORT_UNDONE, found.object)
    return _to(request, file)


@action(f"{ONE}/reprise", name="employer.import.resume", guards=IMPORTS)
def try_again(request: PortalRequest, file: FromPath[str]) -> Redirect:
    with request.database.write() as db, suppress(WrongImportState):
        resume(db, found_import(request, db, file, lock=True))
    return _to(request, file)


def found_import(request: PortalRequest, db: Session, opaque: str, *, lock: bool = False) -> EmployeeImport:
    """The file behind an address. Raises `NotFoundException` for another company's."""
    found = find_import(db, request.viewer, request.revealed(FILE, opaque), lock=lock)
    if found is None:
        raise NotFoundException
    return found


def _refuse(request: PortalRequest, message: str) -> Response[bytes]:
    with request.database.read() as db:
        return _list(request, db, [FieldError(FIELD, message)])


def _list(request: PortalRequest, db: Session, errors: list[FieldError] | None = None) -> Response[bytes]:
    found = imports_of(db, request.viewer)
    names = request.services.keyring.conceal(FILE, (each.id or 0 for each in found))
    return render_page(
        request,
        "employer/imports/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        errors=errors or [],
        accepted=ACCEPTED,
        columns=[(field, label, COLUMN_NOTES[field]) for field, (label, _) in FIELDS.items()],
        files=[(each, name, *STATE_LABELS[ImportState(each.state)]) for each, name in zip(found, names, strict=True)],
    )


def _file(request: PortalRequest, found: EmployeeImport, opaque: str) -> Response[bytes]:
    is_open = found.state in {ImportState.MATCHING, ImportState.CHECKED} and found.storage_name is not None
    if is_open and (found.state == ImportState.MATCHING or "colonnes" in request.query_params):
        titles = titles_of(request.services.storage.give(found.storage_name or ""))
        known = guessed(titles, remembered_titles(request.db, request.viewer))
        return _columns_page(request, found, opaque, titles, known, [])
    context = file_context(request, request.db, found, opaque)
    return render_page(
        request, "employer/imports/file.html", found.file_name, crumbs=_crumbs(request), asks_columns=False, **context
    )


def _columns_page(
    request: PortalRequest,
    found: EmployeeImport,
    opaque: str,
    titles: list[str],
    columns: dict[str, int],
    errors: list[FieldError],
) -> Response[bytes]:
    return render_page(
        request,
        "employer/imports/file.html",
        found.file_name,
        crumbs=_crumbs(request),
        errors=errors,
        asks_columns=True,
        file=found,
        authors=authors_of(request.db, request.viewer, found),
        name=opaque,
        fields=[(field, label) for field, (label, _) in FIELDS.items()],
        titles=list(enumerate(_told_apart(titles))),
        values={field: str(at) for field, at in columns.items()},
    )


def _told_apart(titles: list[str]) -> list[str]:
    """The titles of columns, of which several may be the same, or empty."""
    return [
        f"{title}, colonne {at}" if titles.count(title) > 1 else title or f"Colonne {at}, sans titre"
        for at, title in enumerate(titles, start=1)
    ]


def _column(text: str, titles: list[str]) -> int | None:
    is_one = text.isascii() and text.isdecimal() and len(text) < 4 and int(text) < len(titles)
    return int(text) if is_one else None


def _column_errors(columns: dict[str, int]) -> list[FieldError]:
    errors = [FieldError(f"colonne-{field}", NO_COLUMN) for field in REQUIRED if field not in columns]
    if not {"matricule", "nir"} & columns.keys():
        errors.append(FieldError("colonne-matricule", NOBODY))
    taken: dict[int, str] = {}
    for field, at in columns.items():
        if at in taken:
            label = FIELDS[taken[at]][0]
            errors.append(FieldError(f"colonne-{field}", f"Cette colonne sert déjà à «\u00a0{label}\u00a0»."))
        taken.setdefault(at, field)
    return errors


def _crumbs(request: PortalRequest) -> list[Crumb]:
    return [home_crumb(request), Crumb(TITLE, request.services.urls("employer.imports"))]


def _opaque(request: PortalRequest, found: EmployeeImport) -> str:
    return request.services.keyring.conceal(FILE, [found.id or 0])[0]


def _to(request: PortalRequest, opaque: str) -> Redirect:
    return Redirect(request.services.urls("employer.import", file=opaque), status_code=303)
