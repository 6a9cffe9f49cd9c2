"""The pieces of a case: which file stands in which slot, and which of them the insurer refused, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.case_states import WITH_INSURER
from portal.data.case_turns import give_back, last_sent_at
from portal.data.cases import ALWAYS_OPEN, Case, WrongState, touch
from portal.data.columns import Index, instant
from portal.data.files import NewFile, StoredFile, keep_file
from portal.data.sessions import Viewer

MOST_PIECES = 5
MOST_BYTES = 25_000_000


class CasePiece(SQLModel, table=True):
    """A file in a slot of a case (« facture », « acte-de-naissance »…). Refused pieces stay, with their motive, until
    another file takes their place. `refusal_encrypted`: what the person is told."""

    __tablename__ = "case_piece"
    __table_args__ = (Index("ix_case_piece_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    file_id: int = Field(foreign_key="stored_file.id", unique=True)
    slot: str
    added_at: datetime = instant()
    refused_at: datetime | None = instant(default=None)
    refused_by: int | None = Field(default=None, foreign_key="account.id")
    refusal_encrypted: bytes | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece as its owner sees it. `size` in bytes; `refusal`: encrypted motive, None when it is not refused."""

    id: int
    slot: str
    name: str
    media_type: str
    size: int
    pages: int
    digest: str
    storage_name: str
    added_at: datetime
    refused_at: datetime | None
    refusal: bytes | None

    @property
    def is_refused(self) -> bool:
        return self.refused_at is not None


class TooManyPieces(Exception):
    """The case would hold more files, or more bytes, than the limits allow."""


def pieces_of(db: Session, case: Case) -> list[Piece]:
    """The case's pieces, in the order in which they came. The caller has found the case."""
    query = (
        select(CasePiece, StoredFile)
        .join(StoredFile, col(StoredFile.id) == CasePiece.file_id)
        .where(CasePiece.case_id == case.id)
        .order_by(col(CasePiece.id))
    )
    return [_piece(row, file) for row, file in db.exec(query)]


def find_piece(db: Session, case: Case, piece_id: int) -> Piece | None:
    """One of the case's pieces, or None."""
    return next((piece for piece in pieces_of(db, case) if piece.id == piece_id), None)


def room_for(pieces: Sequence[Piece], slot: str) -> tuple[int, int]:
    """How many files, and how many bytes, a slot may still take; refused files there leave when others come."""
    kept = [piece for piece in pieces if not (piece.slot == slot and piece.is_refused)]
    return MOST_PIECES - len(kept), MOST_BYTES - sum(piece.size for piece in kept)


def add_pieces(
    db: Session,
    viewer: Viewer | None,
    case: Case,
    slot: str,
    files: Sequence[NewFile],
    now: datetime,
    *,
    by_desk: bool = False,
) -> list[str]:
    """Puts files into a slot, in the place of those refused there; the storage names that nothing names any more.

    A conversation that waited for its author goes back to the insurer. `by_desk`: they came on paper, for a case that
    is not over. The caller holds the case's lock. Raises `WrongState` when the case takes no pieces, `TooManyPieces`.
    """
    if not (case.takes_pieces or (by_desk and not case.is_over)):
        raise WrongState
    pieces = pieces_of(db, case)
    files_left, bytes_left = room_for(pieces, slot)
    if len(files) > files_left or sum(new.size for new in files) > bytes_left:
        raise TooManyPieces
    replaced = [piece for piece in pieces if piece.slot == slot and piece.is_refused] if files else []
    gone = [_remove(db, piece.id) for piece in replaced]
    for new in files:
        row = keep_file(db, viewer, new, now)
        db.add(CasePiece(case_id=case.id or 0, file_id=row.id or 0, slot=slot, added_at=now))
    if not (files and give_back(db, case, now, by=viewer.account_id if viewer else None)):
        _note_change(db, case, now)
    return gone


def remove_piece(db: Session, case: Case, piece_id: int, now: datetime) -> str | None:
    """Takes a piece out of a case that may still change; its storage name, for the content to be removed, or None when
    it is gone already. What the insurer took stays. The caller holds the lock. Raises `WrongState`."""
    piece = find_piece(db, case, piece_id)
    if piece is None:
        return None
    if not may_leave(case, piece, last_sent_at(db, case)):
        raise WrongState
    name = _remove(db, piece.id)
    _note_change(db, case, now)
    return name


def may_leave(case: Case, piece: Piece, sent_at: datetime | None) -> bool:
    """Whether its author may take a piece out now. `sent_at`: when the insurer was last sent the case, with all that it
    held then; what comes to a conversation is received as it comes. What was refused may always leave."""
    is_received = sent_at is not None and (piece.added_at <= sent_at or case.kind in ALWAYS_OPEN)
    return case.gives_pieces_back and (piece.is_refused or not is_received)


def remove_all_pieces(db: Session, case: Case) -> list[str]:
    """Takes every piece out of a draft that is given up; their storage names."""
    if not case.is_draft:
        raise WrongState
    return [_remove(db, piece.id) for piece in pieces_of(db, case)]


def refused_slots(pieces: Sequence[Piece]) -> set[str]:
    """The slots in which something was refused and nothing else came since."""
    return {piece.slot for piece in pieces if piece.is_refused}


def count_pieces(db: Session, viewer: Viewer, since: datetime) -> int:
    """How many files the account sent since an instant: for the limit by day."""
    query = select(func.count()).where(StoredFile.account_id == viewer.account_id, StoredFile.kept_at >= since)
    return db.exec(query).one()


def _note_change(db: Session, case: Case, now: datetime) -> None:
    """Before it is sent, not `cases.touch`: files come one by one while the form beside them is filled in; it must stay
    good to send. Once the insurer has it, an answer being written must notice, and a request that sleeps wake."""
    if case.state in WITH_INSURER:
        touch(db, case, now)
        return
    case.changed_at = now
    db.add(case)
    db.flush()


def _remove(db: Session, piece_id: int) -> str:
    piece = db.get_one(CasePiece, piece_id)
    file = db.get_one(StoredFile, piece.file_id)
    db.delete(piece)
    db.flush()
    db.delete(file)
    db.flush()
    return file.storage_name


def _piece(row: CasePiece, file: StoredFile) -> Piece:
    return Piece(
        row.id or 0,
        row.slot,
        file.name,
        file.media_type,
        file.size,
        file.pages,
        file.digest,
        file.storage_name,
        row.added_at,
        row.refused_at,
        row.refusal_encrypted,
    )
