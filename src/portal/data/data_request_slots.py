"""Where the pieces of a request on data go (R-70): what proves a correction, the letter that came, and what proves who
asks, which is destroyed once it was seen."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import delete
from sqlmodel import Session, col, select

from portal.data.case_pieces import CasePiece, pieces_of
from portal.data.case_slots import Slot
from portal.data.cases import Case
from portal.data.data_request_rows import DataField, DataRequest
from portal.data.files import StoredFile
from portal.data.received_requests import letter_slots, reception_of

IDENTITY_SLOT = "identite"
_PROOFS: dict[DataField, tuple[str, str]] = {
    DataField.NIR: ("Attestation de droits", "L’attestation de l’Assurance Maladie, sur ameli.fr."),
    DataField.DISPLAY_NAME: ("Ce qui montre votre nom", "Une carte professionnelle, un contrat, ou une autre pièce."),
}
_OF_CIVIL_STATUS = (
    "Acte d’état civil",
    "Un extrait d’acte de naissance, un livret de famille, ou le jugement qui a changé ce nom.",
)
IDENTITY = Slot(
    IDENTITY_SLOT,
    "Pièce d’identité",
    "Demandée parce que nous avons un doute. Nous la détruisons dès que nous l’avons vérifiée.",
)


def request_slots(db: Session, case: Case) -> Sequence[Slot]:
    """The proof of a correction; a proof of identity while the desk asks for one (GDPR 12(6): on reasonable doubt,
    since whoever asks has signed in). Of a request that came otherwise: the letter, and the proof that came with it."""
    row = db.get_one(DataRequest, case.id)
    slots = [*letter_slots(db, case), *([_proof(DataField(row.field))] if row.field else [])]
    return [*slots, _identity_slot(db, case)] if _waits_for_identity(db, case, row) else slots


def destroy_proofs(db: Session, case: Case) -> list[str]:
    """Nothing of a locked case's proof of identity stays: neither its content, whose storage names these are, nor its
    name."""
    proofs = select(CasePiece.file_id).where(CasePiece.case_id == case.id, CasePiece.slot == IDENTITY_SLOT)
    file_ids = list(db.exec(proofs))
    names = list(db.exec(select(StoredFile.storage_name).where(col(StoredFile.id).in_(file_ids))))
    db.exec(delete(CasePiece).where(col(CasePiece.file_id).in_(file_ids)))
    db.exec(delete(StoredFile).where(col(StoredFile.id).in_(file_ids)))
    return names


def _waits_for_identity(db: Session, case: Case, row: DataRequest) -> bool:
    if row.identity_checked_at is not None:
        return False
    return row.identity_asked_at is not None or any(piece.slot == IDENTITY_SLOT for piece in pieces_of(db, case))


def _identity_slot(db: Session, case: Case) -> Slot:
    """Whose identity a representative proves is not the account holder's to see."""
    received = reception_of(db, case)
    return replace(IDENTITY, is_for_desk=received is not None and not received.is_from_person)


def _proof(field: DataField) -> Slot:
    label, hint = _PROOFS.get(field, _OF_CIVIL_STATUS)
    return Slot("justificatif", label, hint)
