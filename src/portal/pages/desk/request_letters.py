"""A request on data that came on paper, at the desk (R-70): what came with it, the letters that answer it, the copy
that goes with an answer. /gestion/dossiers/{dossier}/courriers; printed and posted in `postal_letters.py`."""

from collections.abc import Sequence
from functools import partial

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.attachments import discard, received_files
from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work, lock_for_desk
from portal.data.case_pieces import TooManyPieces
from portal.data.cases import CaseMoved, WrongState
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.data.files import NewFile
from portal.data.paper_export import person_as_viewer
from portal.data.postal_letters import LetterKind, letters_of
from portal.data.received_requests import answers_on_paper
from portal.data.request_reception import add_received_pieces, may_be_exported, places_of
from portal.data_archive import write_archive
from portal.data_letters import Correspondence, correspondence
from portal.downloads import FileDownload
from portal.formatting import day_in_france, long_date
from portal.forms import FieldError, exact_value, version_of
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.pieces import FULL, TOO_OFTEN, slot_views
from portal.pages.desk.case_access import CASE, WORKS, case_crumbs, case_url, note, opened, record
from portal.pages.desk.deaths import LETTER
from portal.permissions import recently_confirmed
from portal.postal_documents import LETTER_LABELS
from portal.reading_guards import counted_export
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.uploads import LARGEST_FORM, FileRefused
from portal.web import PortalRequest

HERE = f"{CASE}/courriers"
FILE, PLACE = "fichier", "emplacement"
# A whole copy of somebody's data leaves the portal: who takes it proves again who they are.
COPIES: list[Guard] = [*WORKS, recently_confirmed, counted_export]
MOVED = "Ce dossier a changé entre-temps\u00a0: le voici tel qu’il est. Vérifiez, puis recommencez."
NO_PLACE = "Choisissez ce que vous joignez."
OVER = "Ce dossier est terminé\u00a0: il ne prend plus de pièces."


@page(HERE, name="desk.case.letters", guards=WORKS)
def letters_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    at_desk, about = _found(request, request.db, dossier)
    note(request, at_desk)
    return _page(request, request.db, at_desk, about, dossier, [])


@async_action(f"{CASE}/pieces-recues", name="desk.case.received", guards=WORKS, request_max_body_size=LARGEST_FORM)
async def add(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    await request.database.run(_check, request, dossier)
    problem = await _added(request, dossier, sent)
    if problem:
        return await request.database.run(_page_now, request, dossier, problem)
    return _back(request, dossier)


@page(f"{CASE}/copie.zip", name="desk.case.copy", guards=COPIES)
def copy(request: PortalRequest, dossier: FromPath[str]) -> FileDownload:
    at_desk, about = _found(request, request.db, dossier)
    if not may_be_exported(request.db, at_desk.case):
        raise NotFoundException
    note(request, at_desk, Action.DATA_EXPORTED)
    request.db.close()
    services, viewer = request.services, person_as_viewer(about.person.id or 0, request.now)
    headers = {
        "Content-Disposition": f'attachment; filename="donnees-{about.case.reference}.zip"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    folder = services.settings.data_folder / "tmp"
    write = partial(write_archive, services, viewer, request.now)
    return FileDownload(write, folder, media_type="application/zip", headers=headers)


def _found(request: PortalRequest, db: Session, dossier: str) -> tuple[AtDesk, Correspondence]:
    """A request that came on paper, which the viewer may open; 404 for any other case."""
    at_desk = opened(request, db, dossier)
    about = correspondence(db, request.services.keyring, at_desk.case)
    if about is None:
        raise NotFoundException
    return at_desk, about


def _check(request: PortalRequest, dossier: str) -> None:
    with request.database.read() as db:
        _found(request, db, dossier)


async def _added(request: PortalRequest, dossier: str, sent: FormMultiDict) -> str:
    """Keeps what came; what is wrong, in French, or nothing."""
    place, version = exact_value(sent, PLACE), version_of(exact_value(sent, "version"))
    if not place:
        return NO_PLACE
    try:
        kept = await received_files(request, sent, FILE, str(request.viewer.account_id), TOO_OFTEN)
    except FileRefused as refused:
        return str(refused)
    return await request.database.run_writing(_add, request, dossier, place, version, kept)


def _add(request: PortalRequest, dossier: str, place: str, version: int, kept: list[NewFile]) -> str:
    gone, problem = [new.storage_name for new in kept], ""
    try:
        with request.database.write() as db:
            at_desk, _ = _found(request, db, dossier)
            agent = agent_at_work(request.viewer, CaseLetters(request.services))
            case = lock_for_desk(db, agent, at_desk.case.id or 0, version)
            if case is None:
                raise NotFoundException
            replaced = add_received_pieces(db, agent, case, place, kept, request.now)
            record(request, db, at_desk, Action.PIECE_ADDED, files=[new.digest for new in kept], slot=place)
        gone = replaced
    except CaseMoved:
        problem = MOVED
    except TooManyPieces:
        problem = FULL
    except WrongState:
        problem = OVER
    discard(request.services, gone)
    return problem


def page_with(request: PortalRequest, db: Session, dossier: str, errors: Sequence[FieldError]) -> Response[bytes]:
    """The page of a request's letters as it is now, with what was wrong in what was sent."""
    at_desk, about = _found(request, db, dossier)
    return _page(request, db, at_desk, about, dossier, errors)


def _page_now(request: PortalRequest, dossier: str, problem: str) -> Response[bytes]:
    with request.database.read() as db:
        return page_with(request, db, dossier, [FieldError(PLACE if problem == NO_PLACE else FILE, problem)])


def _page(
    request: PortalRequest,
    db: Session,
    at_desk: AtDesk,
    about: Correspondence,
    dossier: str,
    errors: Sequence[FieldError],
) -> Response[bytes]:
    case, letters = at_desk.case, letters_of(db, at_desk.case)
    names = request.services.keyring.conceal(LETTER, (letter.id or 0 for letter in letters))
    return render_page(
        request,
        "desk/requests/letters.html",
        "Courriers, et pièces reçues",
        crumbs=case_crumbs(request, at_desk, dossier),
        errors=errors,
        dossier=dossier,
        case=case,
        about=about,
        rows=_rows(about),
        is_on_paper=answers_on_paper(db, case),
        letters=[
            (name, letter, LETTER_LABELS[LetterKind(letter.kind)]) for name, letter in zip(names, letters, strict=True)
        ],
        slots=slot_views(request, db, case, for_desk=True),
        places=[(slot.code, slot.label) for slot in places_of(db, case)],
        may_copy=may_be_exported(db, case),
        today=day_in_france(request.now),
        back=case_url(request, dossier),
    )


def _rows(about: Correspondence) -> Sequence[tuple[str, str]]:
    address = ", ".join([about.sender.name, *about.sender.address.splitlines()])
    return [
        ("À qui répondre", address.strip(", ") or "inconnu"),
        ("Reçue", long_date(day_in_france(about.case.sent_at or about.case.opened_at))),
        ("Réponse", f"au plus tard le {long_date(about.answer_by)}"),
    ]


def _back(request: PortalRequest, dossier: str) -> Redirect:
    return Redirect(request.services.urls("desk.case.letters", dossier=dossier), status_code=303)


HANDLERS = [letters_page, add, copy]
