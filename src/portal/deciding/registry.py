"""Every kind of case that the desk decides. A new kind adds its module to this list, and nothing elsewhere."""

from portal.data.cases import Case
from portal.data.decisions import Act
from portal.data.evidence import Action
from portal.data.proposals import Applier
from portal.deciding import (
    beneficiaries,
    claims,
    complaints,
    data_rights,
    disputes,
    messages,
    persons,
    practices,
)
from portal.deciding.frames import Frame, Ruling

FRAMES: dict[str, Frame] = {
    str(kind): frame
    for module in (beneficiaries, claims, complaints, data_rights, disputes, messages, persons, practices)
    for kind, frame in module.FRAMES.items()
}


def frame_of(case: Case) -> Frame:
    """The frame of a case's kind. Raises `KeyError` for a kind that the desk does not decide."""
    return FRAMES[case.kind]


def ruling_of(case: Case, act: str) -> Ruling | None:
    """One act on the case's kind, whatever its state; None when the kind has no such act."""
    return frame_of(case).rulings.get(Act(act)) if act in frozenset(Act) else None


def applier_of(kind: str, act: str) -> Applier:
    """What applies a decision that was kept. Raises `KeyError`."""
    return FRAMES[kind].rulings[Act(act)].apply


def recorded_as(kind: str, act: str) -> Action:
    """How the evidence calls an act that was done. Raises `KeyError`."""
    return FRAMES[kind].rulings[Act(act)].recorded
