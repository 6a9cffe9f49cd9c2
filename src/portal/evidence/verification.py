"""Verifying the evidence chain while the portal serves (R-51): in slices, each in transactions of its own.

What each slice found is kept at once: whoever takes over goes on from there. `portal audit verify` judges more (the
checkpoint file's own end, issued statements), in one go and from the outside.
"""

import logging
import time
from collections.abc import Mapping

from sqlmodel import Session

from portal.data.chain_passes import Reading, keep_slice, position_in
from portal.data.columns import utc_now
from portal.data.evidence_audit import Fault, Position, end_fault, start_fault, verify_slice
from portal.evidence.checkpoints import FILE, PUBLIC_KEY, public_key, read_checkpoints
from portal.settings import Settings
from portal.web import Services

SLICE = 5_000
# Hashing holds the interpreter: requests get their turn between two slices.
PAUSE_SECONDS = 0.02

logger = logging.getLogger(__name__)


def verify(services: Services, reading: Reading, *, slice_rows: int = SLICE) -> Fault | None:
    """Reads on to the head of the chain, or to its first fault, which is returned, kept and logged.

    Raises OSError or `UnreadableKey` when the checkpoints cannot be read.
    """
    anchors, flaw = _anchors(services.settings)
    if flaw is not None:
        _keep(services, reading, _position(services, reading), is_end=False, fault=flaw)
        return flaw
    while True:
        fault, is_end = _verify_slice(services, reading, anchors, slice_rows)
        if fault is not None or is_end:
            return fault
        time.sleep(PAUSE_SECONDS)


def _verify_slice(
    services: Services, reading: Reading, anchors: Mapping[int, str], most: int
) -> tuple[Fault | None, bool]:
    # Rows, details and index are read by statements of their own: an erasure between two of them breaks no chain.
    with services.database.read_instant() as db:
        start = position_in(db, reading)
        position, fault, is_end = _judged(db, start, anchors, most)
    _keep(services, reading, position, is_end=is_end, fault=fault)
    return fault, is_end


def _judged(db: Session, start: Position, anchors: Mapping[int, str], most: int) -> tuple[Position, Fault | None, bool]:
    gone = start_fault(db, start)
    if gone is not None:
        return start, gone, False
    verdict, is_end = verify_slice(db, anchors, start, most)
    fault = verdict.fault or (end_fault(db, verdict.rows, anchors) if is_end else None)
    return Position(verdict.rows, verdict.last_hash), fault, is_end


def _position(services: Services, reading: Reading) -> Position:
    with services.database.read() as db:
        return position_in(db, reading)


def _keep(services: Services, reading: Reading, position: Position, *, is_end: bool, fault: Fault | None) -> None:
    if fault is not None:
        logger.error("THE EVIDENCE CHAIN IS BROKEN: row %s %s", fault.seq, fault.problem)
    with services.database.write() as db:
        keep_slice(db, reading, position, utc_now(), is_end=is_end, fault=fault)


def _anchors(settings: Settings) -> tuple[dict[int, str], Fault | None]:
    """The hashes that checkpoints signed, by row; and what is wrong with the file itself."""
    path = settings.checkpoints / FILE
    if not path.exists():
        return {}, None
    good, flaws = read_checkpoints(path, public_key(settings.checkpoints / PUBLIC_KEY))
    first = next((Fault(each.seq, f"line {each.line} of the checkpoint file {each.problem}") for each in flaws), None)
    return {each.seq: each.hash for each in good}, first
