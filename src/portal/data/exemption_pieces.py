"""The files of an exemption: what is asked for, what is there, what is missing. They are the company's proof.

No health data is asked for. A file may be taken out until the request is decided; then it is proof, and stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from portal.data.case_pieces import MOST_BYTES, MOST_PIECES, TooManyPieces
from portal.data.case_slots import Slot
from portal.data.cases import WrongState
from portal.data.exemption_grounds import ExemptionGround
from portal.data.exemption_rows import EVIDENCE, REQUEST, Exemption, ExemptionPiece, ExemptionState, Origin
from portal.data.exemptions import attach
from portal.data.files import NewFile, StoredFile
from portal.data.sessions import Viewer

_OPEN = frozenset({ExemptionState.ASKED, ExemptionState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class ExemptionFile:
    """A file of an exemption. `size` in bytes; `digest`: SHA-256 of its content, hexadecimal."""

    id: int
    slot: str
    name: str
    media_type: str
    size: int
    digest: str
    storage_name: str
    added_at: datetime


def exemption_slots(exemption: Exemption, ground: ExemptionGround) -> list[Slot]:
    """What an exemption needs: the signed request unless it was made here, and what its legal case asks for."""
    slots = []
    if exemption.origin != Origin.ONLINE:
        hint = "Datée et signée par le salarié, avec le cas et la mention des conséquences."
        slots.append(Slot(REQUEST, "Demande écrite du salarié", hint))
    if ground.evidence:
        slots.append(Slot(EVIDENCE, ground.evidence, ground.evidence_hint))
    return slots


def files_of(db: Session, exemption: Exemption) -> list[ExemptionFile]:
    """The files of an exemption that the caller has reached, in the order in which they came."""
    query = (
        select(ExemptionPiece, StoredFile)
        .join(StoredFile, col(StoredFile.id) == ExemptionPiece.file_id)
        .where(ExemptionPiece.exemption_id == exemption.id)
        .order_by(col(ExemptionPiece.id))
    )
    return [
        ExemptionFile(
            piece.id or 0,
            piece.slot,
            file.name,
            file.media_type,
            file.size,
            file.digest,
            file.storage_name,
            piece.added_at,
        )
        for piece, file in db.exec(query)
    ]


def find_file(db: Session, exemption: Exemption, piece_id: int) -> ExemptionFile | None:
    """One of them, or None."""
    return next((file for file in files_of(db, exemption) if file.id == piece_id), None)


def missing_slots(db: Session, exemption: Exemption, ground: ExemptionGround) -> list[Slot]:
    """The slots in which nothing stands yet."""
    there = {file.slot for file in files_of(db, exemption)}
    return [slot for slot in exemption_slots(exemption, ground) if slot.code not in there]


def takes_files(exemption: Exemption) -> bool:
    """Whether files may still come: until the exemption has ended, or was not granted."""
    return exemption.state in _OPEN


def add_files(
    db: Session, viewer: Viewer, exemption: Exemption, slot: str, files: Sequence[NewFile], now: datetime
) -> None:
    """Puts files into a slot. The caller holds the lock. Raises `WrongState`, `TooManyPieces`."""
    if not takes_files(exemption):
        raise WrongState
    there = files_of(db, exemption)
    bytes_then = sum(file.size for file in there) + sum(new.size for new in files)
    if len(there) + len(files) > MOST_PIECES or bytes_then > MOST_BYTES:
        raise TooManyPieces
    attach(db, viewer, exemption, slot, files, now)


def remove_file(db: Session, exemption: Exemption, piece_id: int) -> str | None:
    """Takes a file out of a request that nobody decided yet; its storage name, for the content to be removed, or None
    when it is gone already. The caller holds the lock. Raises `WrongState`."""
    if exemption.state != ExemptionState.ASKED:
        raise WrongState
    piece = db.get(ExemptionPiece, piece_id)
    if piece is None or piece.exemption_id != exemption.id:
        return None
    file = db.get_one(StoredFile, piece.file_id)
    db.delete(piece)
    db.flush()
    db.delete(file)
    db.flush()
    return file.storage_name
