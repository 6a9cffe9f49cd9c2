"""The files that prove an exemption: added, given back, taken out. /employeur/dispenses/<dispense>/pieces/…"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.attachments import attachment, discard, received_files
from portal.data.case_pieces import TooManyPieces
from portal.data.cases import WrongState
from portal.data.evidence import Action
from portal.data.exemption_pieces import add_files, exemption_slots, find_file, remove_file
from portal.data.exemptions import ground_of
from portal.data.files import NewFile
from portal.forms import FieldError
from portal.pages.account.pieces import FIELD, FULL, TOO_OFTEN
from portal.pages.employer.exemption import PATH, found_exemption, locked_exemption, show
from portal.pages.employer.exemption_views import PIECE
from portal.pages.employer.exemptions import MANAGES, READS
from portal.routing import action, async_action, page
from portal.uploads import LARGEST_FORM, FileRefused
from portal.web import PortalRequest

CLOSED = "Cette demande est terminée\u00a0: ses pièces ne changent plus."
DECIDED = "Une décision a été prise\u00a0: cette pièce en est la preuve, et ne se retire plus."


@async_action(
    f"{PATH}/pieces/{{slot:str}}",
    name="employer.exemption.piece.add",
    guards=MANAGES,
    request_max_body_size=LARGEST_FORM,
)
async def add(request: PortalRequest, exemption: FromPath[str], slot: FromPath[str]) -> Response[bytes] | Redirect:
    problem = await _add_files(request, exemption, slot)
    if problem:
        return await request.database.run(_again, request, exemption, f"{FIELD}-{slot}", problem)
    return _back(request, exemption)


@page(f"{PATH}/fichiers/{{piece:str}}", name="employer.exemption.piece", guards=READS)
def piece_file(request: PortalRequest, exemption: FromPath[str], piece: FromPath[str]) -> Response[bytes]:
    found, _ = found_exemption(request, request.db, exemption)
    wanted = find_file(request.db, found, request.revealed(PIECE, piece))
    if wanted is None:
        raise NotFoundException
    request.note_read(Action.PIECE_DOWNLOADED, found.object)
    return attachment(request, wanted)


@action(f"{PATH}/fichiers/{{piece:str}}/retirer", name="employer.exemption.piece.remove", guards=MANAGES)
def remove(request: PortalRequest, exemption: FromPath[str], piece: FromPath[str]) -> Response[bytes] | Redirect:
    piece_id = request.revealed(PIECE, piece)
    try:
        with request.database.write() as db:
            found, _ = locked_exemption(request, db, exemption, None)
            gone = remove_file(db, found, piece_id)
            if gone is not None:
                request.record(db, Action.PIECE_REMOVED, found.object)
    except WrongState:
        return _again(request, exemption, "pieces", DECIDED)
    discard(request.services, [gone] if gone else [])
    return _back(request, exemption)


async def _add_files(request: PortalRequest, opaque: str, slot: str) -> str:
    """Puts the form's files into a slot; what is wrong, in French, or nothing."""
    await request.database.run(_check_slot, request, opaque, slot)
    sent: FormMultiDict = await request.form()
    try:
        kept = await received_files(request, sent, FIELD, str(request.viewer.account_id), TOO_OFTEN)
    except FileRefused as refused:
        return str(refused)
    return await request.database.run_writing(_add, request, opaque, slot, kept)


def _check_slot(request: PortalRequest, opaque: str, slot: str) -> None:
    with request.database.read() as db:
        found, _ = found_exemption(request, db, opaque)
        if slot not in {each.code for each in exemption_slots(found, ground_of(db, found))}:
            raise NotFoundException


def _add(request: PortalRequest, opaque: str, slot: str, kept: list[NewFile]) -> str:
    try:
        with request.database.write() as db:
            found, _ = locked_exemption(request, db, opaque, None)
            add_files(db, request.viewer, found, slot, kept, request.now)
            request.record(db, Action.PIECE_ADDED, found.object, files=[new.digest for new in kept])
    except (TooManyPieces, WrongState) as problem:
        discard(request.services, [new.storage_name for new in kept])
        return FULL if isinstance(problem, TooManyPieces) else CLOSED
    return ""


def _again(request: PortalRequest, opaque: str, field: str, problem: str) -> Response[bytes]:
    with request.database.read() as db:
        return show(request, db, opaque, [FieldError(field, problem)])


def _back(request: PortalRequest, opaque: str) -> Redirect:
    return Redirect(request.services.urls("employer.exemption", exemption=opaque), status_code=303)


HANDLERS = [add, piece_file, remove]
