"""The files of an exemption as its page shows them."""

from dataclasses import dataclass

from sqlmodel import Session

from portal.data.case_pieces import MOST_PIECES
from portal.data.case_slots import Slot
from portal.data.exemption_grounds import ExemptionGround
from portal.data.exemption_pieces import ExemptionFile, exemption_slots, files_of, takes_files
from portal.data.exemption_rows import Exemption, ExemptionState
from portal.web import PortalRequest

PIECE = "exemption-piece"


@dataclass(frozen=True, slots=True)
class SlotFiles:
    """A slot and what stands in it: each file with its opaque name. `takes_more`: whether another may come now;
    `may_leave`: whether one may be taken out."""

    slot: Slot
    files: tuple[tuple[ExemptionFile, str], ...]
    takes_more: bool
    may_leave: bool


def file_views(request: PortalRequest, db: Session, exemption: Exemption, ground: ExemptionGround) -> list[SlotFiles]:
    """Every slot of an exemption that the caller has reached."""
    files = files_of(db, exemption)
    names = request.services.keyring.conceal(PIECE, (file.id for file in files))
    named = list(zip(files, names, strict=True))
    takes_more = takes_files(exemption) and len(files) < MOST_PIECES
    may_leave = exemption.state == ExemptionState.ASKED
    return [
        SlotFiles(slot, tuple(pair for pair in named if pair[0].slot == slot.code), takes_more, may_leave)
        for slot in exemption_slots(exemption, ground)
    ]
