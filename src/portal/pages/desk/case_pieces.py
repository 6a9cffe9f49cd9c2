"""Pieces at the desk, looked at in place: /gestion/dossiers/{dossier}/pieces/{piece}, page by page, as pictures.

A page of a PDF is drawn in the confined process (ADR 39): the agent's browser opens no document of anybody's. Each
piece that is opened is noted in the evidence.
"""

from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import attachment, in_turn
from portal.case_areas import slot_of
from portal.case_notices import CaseLetters
from portal.cleaning.verdicts import MediaType
from portal.data.case_desk import agent_at_work, lock_for_desk, refuse_piece
from portal.data.case_pieces import Piece, find_piece
from portal.data.cases import MOVES, Case, CaseMoved, CaseState, WrongState
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.forms import FieldError, single_values, version_of, written_text
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.pieces import PIECE
from portal.pages.desk.case_access import CASE, WORKS, case_crumbs, case_url, note, opened, record
from portal.pages.desk.work import KNOWN, work_context, work_errors
from portal.rendering import render_page
from portal.routing import async_action, async_page, page
from portal.uploads import FileRefused, drawn_page
from portal.web import PortalRequest

ONE = f"{CASE}/pieces/{{piece:str}}"
DOTS = {1: 110, 2: 200}
MOTIVES = {
    "illisible": "Ce document est illisible\u00a0: photographiez-le à plat, en pleine lumière.",
    "incomplet": "Ce document est incomplet\u00a0: envoyez toutes ses pages, recto et verso.",
    "autre-personne": "Ce document ne concerne pas la bonne personne.",
    "autre-document": "Ce n’est pas le document demandé.",
    "perime": "Ce document est trop ancien\u00a0: envoyez-en un récent.",
    "non-acquitte": "Cette facture n’est pas acquittée\u00a0: demandez au professionnel de la signer.",
    "autre": "",
}
LABELS = {name: text.partition("\u00a0:")[0].rstrip(".") for name, text in MOTIVES.items()} | {"autre": "Autre raison"}
FIELDS = ("motif", "version", KNOWN)
LONGEST = 500
NO_MOTIVE = "Choisissez pourquoi ce document est refusé."
NO_WORDS = "Dites en quelques mots ce qui ne va pas, et ce qu’il faut envoyer."
TOO_LONG = f"Raccourcissez cette précision\u00a0: {LONGEST}\u00a0caractères au plus."
MOVED = "Ce dossier a changé depuis que vous l’avez ouvert. Vérifiez ce document, puis recommencez."
OVER = "Ce dossier n’attend plus de pièces\u00a0: il est terminé."


@page(ONE, name="desk.case.piece", guards=WORKS)
def piece_page(request: PortalRequest, dossier: FromPath[str], piece: FromPath[str]) -> Response[bytes]:
    at_desk, found = _found(request, request.db, dossier, piece)
    return _page(request, request.db, at_desk, found, {"motif": "", "precision": "", KNOWN: ""}, [])


@async_page(f"{ONE}/image", name="desk.case.piece.image", guards=WORKS)
async def image(request: PortalRequest, dossier: FromPath[str], piece: FromPath[str]) -> Response[bytes]:
    at_desk, found = await request.database.run(_found_now, request, dossier, piece)
    number, zoom = _asked(request, found)
    note(request, at_desk, Action.PIECE_DOWNLOADED, piece=found.digest)
    content = await to_thread.run_sync(request.services.storage.give, found.storage_name)
    if found.media_type != MediaType.PDF:
        return _picture(content, found.media_type)
    try:
        return _picture(await in_turn(request, drawn_page, content, number, DOTS[zoom]), MediaType.JPEG)
    except FileRefused:
        raise NotFoundException from None


@page(f"{ONE}/fichier", name="desk.case.piece.file", guards=WORKS)
def piece_file(request: PortalRequest, dossier: FromPath[str], piece: FromPath[str]) -> Response[bytes]:
    at_desk, found = _found(request, request.db, dossier, piece)
    note(request, at_desk, Action.PIECE_DOWNLOADED, piece=found.digest)
    return attachment(request, found)


@async_action(f"{ONE}/refus", name="desk.case.piece.refuse", guards=WORKS)
async def refuse(request: PortalRequest, dossier: FromPath[str], piece: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_refuse, request, dossier, piece, await request.form())


def _refuse(request: PortalRequest, dossier: str, piece: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, FIELDS, 40) | {"precision": written_text(sent, "precision")}
    errors = _errors(raw)
    with request.database.read() as db:
        errors += work_errors(request, db, opened(request, db, dossier).item, raw[KNOWN])
    if not errors:
        problem = _refused(request, dossier, piece, raw)
        if not problem:
            return Redirect(case_url(request, dossier), status_code=303)
        errors = [FieldError("document", problem)]
    with request.database.read() as db:
        at_desk, found = _found(request, db, dossier, piece)
        return _page(request, db, at_desk, found, raw, errors)


def _refused(request: PortalRequest, dossier: str, piece: str, raw: dict[str, str]) -> str:
    """Refuses the piece; what is wrong, in French, or nothing. Pressed twice, it is refused once."""
    keyring = request.services.keyring
    motive = f"{MOTIVES[raw['motif']]} {raw['precision']}".strip()
    try:
        with request.database.write() as db:
            at_desk, found = _found(request, db, dossier, piece)
            if found.is_refused:
                return ""
            agent = agent_at_work(request.viewer, CaseLetters(request.services))
            case = lock_for_desk(db, agent, at_desk.case.id or 0, version_of(raw["version"]))
            if case is None:
                raise NotFoundException
            refuse_piece(db, agent, keyring, case, found.id, motive, request.now)
            record(request, db, at_desk, Action.PIECE_REFUSED, piece=found.digest)
    except CaseMoved:
        return MOVED
    except WrongState:
        return OVER
    return ""


def _errors(raw: dict[str, str]) -> list[FieldError]:
    if raw["motif"] not in MOTIVES:
        return [FieldError("motif", NO_MOTIVE)]
    if raw["motif"] == "autre" and len(raw["precision"]) < 10:
        return [FieldError("precision", NO_WORDS)]
    return [FieldError("precision", TOO_LONG)] if len(raw["precision"]) > LONGEST else []


def _page(
    request: PortalRequest,
    db: Session,
    at_desk: AtDesk,
    found: Piece,
    raw: dict[str, str],
    errors: list[FieldError],
) -> Response[bytes]:
    note(request, at_desk)
    keyring = request.services.keyring
    number, zoom = _asked(request, found)
    (dossier,) = keyring.conceal("work", [at_desk.item.id or 0])
    (name,) = keyring.conceal(PIECE, [found.id])
    slot = slot_of(db, at_desk.case, found.slot)
    return render_page(
        request,
        "desk/case/piece.html",
        slot.label if slot else found.name,
        crumbs=case_crumbs(request, at_desk, dossier),
        errors=errors,
        piece=found,
        refusal=keyring.decrypt(found.refusal) if found.refusal else "",
        may_refuse=may_refuse(at_desk.case) and not found.is_refused,
        raw=raw,
        motives=list(LABELS.items()),
        case=at_desk.case,
        number=number,
        zoom=zoom,
        **work_context(request, db, at_desk.item),
        **_links(request, dossier, name, found, number, zoom),
    )


def _links(request: PortalRequest, dossier: str, name: str, found: Piece, number: int, zoom: int) -> dict[str, Any]:
    """The addresses of a piece's page: each is a link, and works without scripts."""
    urls = request.services.urls

    def at(page_number: int, size: int, route: str = "desk.case.piece") -> str:
        return urls(route, {"page": page_number, "zoom": size}, dossier=dossier, piece=name)

    return {
        "picture": at(number, zoom, "desk.case.piece.image"),
        "before": at(number - 1, zoom) if number > 1 else "",
        "after": at(number + 1, zoom) if number < found.pages else "",
        "resized": at(number, 1 if zoom == 2 else 2),
        "file": urls("desk.case.piece.file", dossier=dossier, piece=name),
        "target": urls("desk.case.piece.refuse", dossier=dossier, piece=name),
        "back": case_url(request, dossier),
    }


def may_refuse(case: Case) -> bool:
    """Whether a piece of the case may be asked for again."""
    return case.state == CaseState.INCOMPLETE or CaseState.INCOMPLETE in MOVES[CaseState(case.state)]


def _asked(request: PortalRequest, found: Piece) -> tuple[int, int]:
    """Which page, and how large. Raises `NotFoundException` for one that the piece does not have."""
    number, zoom = (version_of(request.query_params.get(name, "1")) for name in ("page", "zoom"))
    if not 1 <= number <= found.pages or zoom not in DOTS:
        raise NotFoundException
    return number, zoom


def _found_now(request: PortalRequest, dossier: str, piece: str) -> tuple[AtDesk, Piece]:
    with request.database.read() as db:
        return _found(request, db, dossier, piece)


def _found(request: PortalRequest, db: Session, dossier: str, piece: str) -> tuple[AtDesk, Piece]:
    """A piece of a case that the viewer may open; 404 for any other."""
    at_desk = opened(request, db, dossier)
    found = find_piece(db, at_desk.case, request.revealed(PIECE, piece))
    if found is None:
        raise NotFoundException
    return at_desk, found


def _picture(content: bytes, media_type: str) -> Response[bytes]:
    """A picture that we have drawn ourselves, to be shown by a page of ours and by nothing else."""
    headers = {"Content-Disposition": "inline", "Content-Security-Policy": DOCUMENT_POLICY}
    return Response(content, media_type=media_type, headers=headers)


HANDLERS = [piece_page, image, piece_file, refuse]
