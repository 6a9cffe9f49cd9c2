"""Slots: which pieces a case needs, told before the person starts, and what stands in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.data.case_pieces import Piece


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a piece. `code` is stored with the file; `label` and `hint` are in French. `is_held`: the insurer has
    this piece already, and does not ask for it. `is_for_desk`: the case's own author does not see it: somebody else's
    letter, or proof of identity."""

    code: str
    label: str
    hint: str = ""
    is_required: bool = True
    is_held: bool = False
    is_for_desk: bool = False


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A slot and its pieces, in the order in which they came."""

    slot: Slot
    pieces: tuple[Piece, ...]

    @property
    def is_missing(self) -> bool:
        """Whether something must still come before the case can be sent: nothing is there, or only refused pieces."""
        return self.slot.is_required and not self.slot.is_held and all(piece.is_refused for piece in self.pieces)

    @property
    def is_refused(self) -> bool:
        return any(piece.is_refused for piece in self.pieces)


def filled(slots: Sequence[Slot], pieces: Sequence[Piece]) -> list[FilledSlot]:
    """Every slot with its pieces; pieces whose slot is gone (the draft changed) stand in none."""
    return [FilledSlot(slot, tuple(piece for piece in pieces if piece.slot == slot.code)) for slot in slots]


def missing(filled_slots: Sequence[FilledSlot]) -> list[Slot]:
    """The slots that keep the case from being sent."""
    return [each.slot for each in filled_slots if each.is_missing]
