"""How far the evidence chain was verified, by whom stopped and with what result (R-51): two readings that go on.

NEW: from the last row verified to the head, each hour. WHOLE: from the first row, each day. Both remember their place,
so that ten million rows are read in slices and whoever dies loses one slice.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import BIG, instant
from portal.data.evidence_audit import Fault, Position


class Reading(StrEnum):
    NEW = "suite"
    WHOLE = "tout"


class ChainPass(SQLModel, table=True):
    """A reading: `position` and `hash` of the last good row; `ended_at`: when it last came to the head; `reached`: how
    far it had come then; `fault_seq`, `fault`: the first row that is not as it was written, until it is again."""

    __tablename__ = "chain_pass"

    name: str = Field(primary_key=True)
    position: int = Field(default=0, sa_type=BIG)
    hash: str = ""
    begun_at: datetime | None = instant(default=None)
    read_at: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)
    reached: int = Field(default=0, sa_type=BIG)
    fault_seq: int | None = Field(default=None, sa_type=BIG)
    fault: str = Field(default="", sa_type=Text)


@dataclass(frozen=True, slots=True)
class ChainState:
    """What is known of the chain: verified up to row `reached` at `at` (UTC), and the first fault, if any."""

    reached: int
    at: datetime | None
    whole_at: datetime | None
    fault: Fault | None


def position_in(db: Session, reading: Reading) -> Position:
    """Where a reading goes on."""
    row = db.get(ChainPass, reading)
    return Position(row.position, row.hash) if row is not None and row.position else Position()


def keep_slice(
    db: Session, reading: Reading, position: Position, now: datetime, *, is_end: bool, fault: Fault | None
) -> None:
    """Keeps how far a reading came. At the end of the whole chain the next one starts anew; after a fault both stay
    where the last good row is, so that the same row is judged again."""
    row = db.get(ChainPass, reading) or ChainPass(name=reading)
    row.begun_at = now if row.begun_at is None or not row.position else row.begun_at
    row.position, row.hash, row.read_at = position.seq, position.hash, now
    if fault is not None:
        row.fault_seq, row.fault = fault.seq, fault.problem
    elif is_end:
        row.fault_seq, row.fault, row.ended_at, row.reached = None, "", now, position.seq
    if reading is Reading.WHOLE and (is_end or fault is not None):
        row.position, row.hash = 0, ""
    db.add(row)
    db.flush()


def chain_state(db: Session) -> ChainState:
    """The verdict of both readings."""
    rows = {row.name: row for row in db.exec(select(ChainPass))}
    whole = rows.get(Reading.WHOLE)
    ended = [row for row in rows.values() if row.ended_at is not None]
    at = max((row.ended_at for row in ended if row.ended_at), default=None)
    return ChainState(
        max((row.reached for row in ended), default=0),
        at,
        whole.ended_at if whole else None,
        min((Fault(row.fault_seq, row.fault) for row in rows.values() if row.fault_seq), key=_seq, default=None),
    )


def is_chain_broken(db: Session) -> bool:
    """Whether a reading found a row that is not as it was written."""
    return db.exec(select(ChainPass.name).where(col(ChainPass.fault_seq).is_not(None))).first() is not None


def _seq(fault: Fault) -> int:
    return fault.seq
