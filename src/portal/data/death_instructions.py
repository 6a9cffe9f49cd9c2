"""What is to become of somebody's data after death, as that person says (law of 6 January 1978, article 85; R-70).

Given, changed and taken back at any time. What they say is encrypted; what is no longer valid is forgotten, save that
it was given, and when.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.case_turns import in_turn
from portal.data.columns import Index, instant
from portal.data.sessions import Viewer
from portal.security import Keyring


class Wish(StrEnum):
    """KEEP: no longer than law demands, given to nobody. GIVE: a copy to the person named. ERASE: what law does not
    demand, as soon as the death is known."""

    KEEP = "conserver"
    GIVE = "communiquer"
    ERASE = "effacer"


@dataclass(frozen=True, slots=True)
class Instructions:
    """`person`, `contact`: who sees to it, and how to reach them; empty for nobody (the heirs, then). `words`: anything
    else, in the giver's words."""

    wish: Wish
    person: str = ""
    contact: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """`instructions`: None once replaced, or taken back."""

    instructions: Instructions | None
    given_at: datetime
    ended_at: datetime | None


class DeathInstruction(SQLModel, table=True):
    """Instructions, until `ended_at`. `content_encrypted`: JSON, empty from then on."""

    __tablename__ = "death_instruction"
    __table_args__ = (Index("ix_death_instruction_account", "account_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    content_encrypted: bytes | None = None
    given_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


def instructions_of(db: Session, viewer: Viewer, keyring: Keyring) -> list[Given]:
    """The viewer's, the newest first."""
    query = select(DeathInstruction).where(DeathInstruction.account_id == viewer.account_id)
    return [_given(row, keyring) for row in db.exec(query.order_by(col(DeathInstruction.id).desc()))]


def instructions_in_force(db: Session, viewer: Viewer, keyring: Keyring) -> Given | None:
    """What the viewer wants, as it stands."""
    row = _in_force(db, viewer)
    return _given(row, keyring) if row else None


def give_instructions(db: Session, viewer: Viewer, keyring: Keyring, wanted: Instructions, now: datetime) -> bool:
    """Keeps what the viewer wants, instead of what was given before; whether it is anything else."""
    in_turn(db, viewer)
    row = _in_force(db, viewer)
    if row is not None and _given(row, keyring).instructions == wanted:
        return False
    _end(db, row, now)
    sealed = keyring.encrypt(json.dumps(asdict(wanted), ensure_ascii=False))
    db.add(DeathInstruction(account_id=viewer.account_id, content_encrypted=sealed, given_at=now))
    db.flush()
    return True


def revoke_instructions(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Takes back what the viewer had said; whether there was anything."""
    in_turn(db, viewer)
    row = _in_force(db, viewer)
    _end(db, row, now)
    return row is not None


def _in_force(db: Session, viewer: Viewer) -> DeathInstruction | None:
    mine = (DeathInstruction.account_id == viewer.account_id, col(DeathInstruction.ended_at).is_(None))
    return db.exec(select(DeathInstruction).where(*mine).execution_options(populate_existing=True)).first()


def _end(db: Session, row: DeathInstruction | None, now: datetime) -> None:
    if row is not None:
        row.ended_at, row.content_encrypted = now, None
        db.add(row)
        db.flush()


def _given(row: DeathInstruction, keyring: Keyring) -> Given:
    said = json.loads(keyring.decrypt(row.content_encrypted)) if row.content_encrypted else None
    return Given(Instructions(**said | {"wish": Wish(said["wish"])}) if said else None, row.given_at, row.ended_at)
