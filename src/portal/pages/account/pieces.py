"""The pieces of any case: one slot at a time. /dossiers/<dossier>/pieces/<emplacement>, /dossiers/<dossier>/fichiers/…

One page and one fragment serve every kind of case; `case_areas` says what is particular to each. A file that was sent
stays in its draft whatever happens to the rest of the form.
"""

from dataclasses import dataclass
from datetime import datetime

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import attachment, discard, received_files
from portal.case_areas import AREAS, area_of, slot_of
from portal.data.case_pieces import (
    MOST_BYTES,
    Piece,
    TooManyPieces,
    add_pieces,
    find_piece,
    may_leave,
    pieces_of,
    remove_piece,
)
from portal.data.case_pieces import room_for as room_left
from portal.data.case_slots import FilledSlot, filled
from portal.data.case_turns import last_sent_at
from portal.data.cases import Case, CaseKind, WrongState, find_case, lock_case
from portal.data.evidence import Action
from portal.data.files import NewFile
from portal.data.standing import Standing
from portal.forms import FieldError
from portal.permissions import Permission, ReadingOnly, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.uploads import LARGEST_FORM, FileRefused
from portal.web import PortalRequest

READS = [requires(Permission.CASE_FILES_READ)]
CHANGES = [requires(Permission.CASE_FILES_CHANGE)]
# While its holder limits what is done with the data, an account goes on with these alone.
OF_RIGHTS = frozenset({CaseKind.COMPLAINT, CaseKind.CORRECTION, CaseKind.DATA_RIGHT})
CASE, PIECE = "case", "piece"
FIELD = "fichier"
FULL = (
    f"Ce dossier contient déjà tout ce qu’il peut\u00a0: 5 fichiers et {MOST_BYTES // 1_000_000}\u00a0Mo. "
    "Retirez un fichier, ou réunissez les pages dans un seul PDF."
)
CLOSED = "Ce dossier n’attend plus de pièces\u00a0: il est entre les mains de la mutuelle, ou terminé."
TOO_OFTEN = "Vous avez envoyé beaucoup de fichiers aujourd’hui. Réessayez demain, ou appelez-nous."


@dataclass(frozen=True, slots=True)
class FileView:
    """A file as a page shows it. `refusal`: the motive in words, empty when it is not refused; `may_leave`: whether it
    may be taken out now."""

    name: str
    size: int
    opaque: str
    is_refused: bool
    refusal: str
    may_leave: bool


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot as a page shows it. `case`: the case's opaque name; `takes_more`: whether it may take another file now."""

    case: str
    filled: FilledSlot
    files: tuple[FileView, ...]
    takes_more: bool
    error: str = ""

    @property
    def code(self) -> str:
        return self.filled.slot.code


def slot_views(
    request: PortalRequest, db: Session, case: Case, error: tuple[str, str] = ("", ""), *, for_desk: bool = False
) -> list[SlotView]:
    """Every slot of a case, for the page of its kind, which includes `partials/account/pieces/slot.html` for each.

    `error`: the code of a slot, and what went wrong there. `for_desk`: those also that the author does not see. The
    caller has found the case.
    """
    pieces, sent_at = pieces_of(db, case), last_sent_at(db, case)
    name = request.services.keyring.conceal(CASE, [case.id or 0])[0]
    return [
        SlotView(
            name,
            each,
            _file_views(request, case, each, sent_at),
            case.takes_pieces and not each.slot.is_held and room_left(pieces, each.slot.code)[0] > 0,
            error[1] if each.slot.code == error[0] else "",
        )
        for each in filled(area_of(case).slots(db, case), pieces)
        if for_desk or not each.slot.is_for_desk
    ]


def _file_views(request: PortalRequest, case: Case, each: FilledSlot, sent_at: datetime | None) -> tuple[FileView, ...]:
    keyring = request.services.keyring
    names = keyring.conceal(PIECE, (piece.id for piece in each.pieces))
    return tuple(
        FileView(
            piece.name, piece.size, name, piece.is_refused, _motive(request, piece), may_leave(case, piece, sent_at)
        )
        for piece, name in zip(each.pieces, names, strict=True)
    )


def _motive(request: PortalRequest, piece: Piece) -> str:
    return request.services.keyring.decrypt(piece.refusal) if piece.refusal else ""


@page("/dossiers/{case:str}/pieces/{slot:str}", name="case.slot", guards=READS)
def slot_page(request: PortalRequest, case: FromPath[str], slot: FromPath[str]) -> Response[bytes]:
    return _slot_page(request, request.db, found_case(request, request.db, case), slot)


@async_action(
    "/dossiers/{case:str}/pieces/{slot:str}", name="case.slot.add", guards=CHANGES, request_max_body_size=LARGEST_FORM
)
async def add(request: PortalRequest, case: FromPath[str], slot: FromPath[str]) -> Response[bytes] | Redirect:
    problem = await add_files(request, case, slot)
    if problem:
        return await request.database.run(_slot_page_now, request, case, slot, problem)
    return await request.database.run(_back, request, case)


@page("/dossiers/{case:str}/fichiers/{piece:str}", name="case.piece", guards=READS)
def piece_file(request: PortalRequest, case: FromPath[str], piece: FromPath[str]) -> Response[bytes]:
    found = found_case(request, request.db, case)
    wanted = find_piece(request.db, found, request.revealed(PIECE, piece))
    if wanted is None or _is_for_desk(request.db, found, wanted.slot):
        raise NotFoundException
    request.note_read(Action.PIECE_DOWNLOADED, found.object)
    return attachment(request, wanted)


@action("/dossiers/{case:str}/fichiers/{piece:str}/retirer", name="case.piece.remove", guards=CHANGES)
def remove(request: PortalRequest, case: FromPath[str], piece: FromPath[str]) -> Response[bytes] | Redirect:
    slot = take_out(request, case, piece)
    if slot is None:
        with request.database.read() as db:
            return _slot_page(request, db, found_case(request, db, case), "", CLOSED)
    return _back(request, case)


async def add_files(request: PortalRequest, case: str, slot: str) -> str:
    """Puts the form's files into a slot; what is wrong, in French, or nothing. Raises `NotFoundException`."""
    await request.database.run(_check_slot, request, case, slot)
    sent: FormMultiDict = await request.form()
    try:
        kept = await received_files(request, sent, FIELD, str(request.viewer.account_id), TOO_OFTEN)
    except FileRefused as refused:
        return str(refused)
    return await request.database.run_writing(_add, request, case, slot, kept)


def take_out(request: PortalRequest, case: str, piece: str) -> str | None:
    """Takes a file out of its slot, whose code it returns (empty when the file was gone already); None when the case is
    closed to changes. Raises `NotFoundException`."""
    piece_id = request.revealed(PIECE, piece)
    with request.database.write() as db:
        found = lock_case(db, request.viewer, request.revealed(CASE, case), None, *AREAS)
        if found is None:
            raise NotFoundException
        refuse_limited(request, found)
        wanted = find_piece(db, found, piece_id)
        if wanted is not None and _is_for_desk(db, found, wanted.slot):
            raise NotFoundException
        try:
            gone = remove_piece(db, found, piece_id, request.now)
        except WrongState:
            return None
        if gone is not None:
            request.record(db, Action.PIECE_REMOVED, found.object)
    discard(request.services, [gone] if gone else [])
    return wanted.slot if wanted else ""


def found_case(request: PortalRequest, db: Session, case: str) -> Case:
    """The viewer's case behind an opaque name. Raises `NotFoundException`."""
    found = find_case(db, request.viewer, request.revealed(CASE, case), *AREAS)
    if found is None:
        raise NotFoundException
    return found


def _is_for_desk(db: Session, case: Case, code: str) -> bool:
    slot = slot_of(db, case, code)
    return slot is not None and slot.is_for_desk


def refuse_limited(request: PortalRequest, case: Case) -> None:
    """Raises `ReadingOnly` while the account's holder limits what is done with the data, save for rights over it."""
    if request.viewer.standing is Standing.RESTRICTED and case.kind not in OF_RIGHTS:
        raise ReadingOnly


def _check_slot(request: PortalRequest, case: str, slot: str) -> None:
    with request.database.read() as db:
        found = found_case(request, db, case)
        if slot_of(db, found, slot) is None or _is_for_desk(db, found, slot):
            raise NotFoundException
        refuse_limited(request, found)


def _add(request: PortalRequest, case: str, slot: str, kept: list[NewFile]) -> str:
    gone, problem = [new.storage_name for new in kept], ""
    with request.database.write() as db:
        found = lock_case(db, request.viewer, request.revealed(CASE, case), None, *AREAS)
        try:
            if found is None:
                raise NotFoundException
            gone = add_pieces(db, request.viewer, found, slot, kept, request.now)
            request.record(db, Action.PIECE_ADDED, found.object, files=[new.digest for new in kept])
        except TooManyPieces:
            problem = FULL
        except WrongState:
            problem = CLOSED
    discard(request.services, gone)
    return problem


def _slot_page_now(request: PortalRequest, case: str, slot: str, problem: str) -> Response[bytes]:
    with request.database.read() as db:
        return _slot_page(request, db, found_case(request, db, case), slot, problem)


def _slot_page(request: PortalRequest, db: Session, case: Case, slot: str, problem: str = "") -> Response[bytes]:
    views = slot_views(request, db, case, (slot, problem))
    shown = next((view for view in views if view.code == slot), None)
    if shown is None and not problem:
        raise NotFoundException
    return render_page(
        request,
        "account/pieces/index.html",
        shown.filled.slot.label if shown else "Pièces du dossier",
        crumbs=[Crumb(f"{area_of(case).title} {case.reference}", _case_url(request, case))],
        errors=[FieldError(f"{FIELD}-{slot}" if shown else "", problem)] if problem else [],
        view=shown,
        back=_case_url(request, case),
    )


def _back(request: PortalRequest, case: str) -> Redirect:
    with request.database.read() as db:
        return Redirect(_case_url(request, found_case(request, db, case)), status_code=303)


def _case_url(request: PortalRequest, case: Case) -> str:
    opaque = request.services.keyring.conceal(CASE, [case.id or 0])[0]
    return request.services.urls(area_of(case).page, case=opaque)


HANDLERS = [slot_page, add, piece_file, remove]
