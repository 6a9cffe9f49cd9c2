"""Deaths that the insurer was told of: one row each, open until it is undone; what it changed, what was done about it.

Light on purpose: rights, letters and the retention schedule ask here whether somebody is dead. What records a death is
`death_recording.py`; what follows from it, `death_follow.py`.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, UniqueConstraint, select, text
from sqlmodel import Field, Session, SQLModel, col
from sqlmodel import select as select_rows

from portal.data.accounts import Account
from portal.data.columns import Index, instant


class Proof(StrEnum):
    """What shows the death. Stored. SEEN: an agent saw the certificate, and noted its reference. FILE: it is kept."""

    SEEN = "acte-vu"
    FILE = "acte-joint"


class Death(SQLModel, table=True):
    """`died_on`: a day in France, the last one of the person's rights. `reference_encrypted`: of a certificate that was
    seen; `file_id`: one that is kept. `told_by_encrypted`: who told the insurer. `settled_at`: everything that it asks
    for is done. `undone_at`: it was recorded by mistake, for the reason that the person was told."""

    __tablename__ = "death"
    __table_args__ = (
        Index("ix_death_person", "person_id"),
        Index(
            "ux_death_open",
            "person_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    died_on: date
    proof: str
    reference_encrypted: bytes | None = None
    file_id: int | None = Field(default=None, foreign_key="stored_file.id")
    told_by_encrypted: bytes
    recorded_at: datetime = instant()
    recorded_by: int = Field(foreign_key="account.id")
    settled_at: datetime | None = instant(default=None)
    undone_at: datetime | None = instant(default=None)
    undone_by: int | None = Field(default=None, foreign_key="account.id")
    undone_reason_encrypted: bytes | None = None

    @property
    def object(self) -> str:
        """How the evidence names it."""
        return f"deces:{self.id}"


class DeathCover(SQLModel, table=True):
    """A period of cover that a death ended; `valid_to`: its last day before, empty for none."""

    __tablename__ = "death_cover"
    __table_args__ = (UniqueConstraint("death_id", "beneficiary_id"), Index("ix_death_cover_of", "beneficiary_id"))

    id: int | None = Field(default=None, primary_key=True)
    death_id: int = Field(foreign_key="death.id")
    beneficiary_id: int = Field(foreign_key="beneficiary.id")
    valid_to: date | None = None


class DeathAct(SQLModel, table=True):
    """What the desk did about a death. `contract_id`: a contract that was followed up. `instruction`: the number of the
    instructions that were carried out, which erasure may have forgotten since. Neither: what heirs asked for.
    `outcome`: as `death_follow` says. `note_encrypted`: the result, in the agent's words."""

    __tablename__ = "death_act"
    __table_args__ = (
        UniqueConstraint("death_id", "contract_id"),
        UniqueConstraint("death_id", "instruction"),
        Index("ix_death_act_contract", "contract_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    death_id: int = Field(foreign_key="death.id")
    contract_id: int | None = Field(default=None, foreign_key="contract.id")
    instruction: int | None = None
    outcome: str
    note_encrypted: bytes
    done_at: datetime = instant()
    done_by: int = Field(foreign_key="account.id")


IS_OPEN: ColumnElement[bool] = col(Death.undone_at).is_(None)
_IS_UNSETTLED = IS_OPEN & col(Death.settled_at).is_(None)


def death_of(db: Session, person_id: int) -> Death | None:
    """The death of a person, as recorded and not undone."""
    return db.exec(select_rows(Death).where(Death.person_id == person_id, IS_OPEN)).first()


def is_dead(db: Session, person_id: int) -> bool:
    """Whether a person's death is recorded."""
    return death_of(db, person_id) is not None


def is_account_of_dead(db: Session, account_id: int) -> bool:
    """Whether the person behind an account is dead: nobody reads what is written to it."""
    query = select(Death.id).join(Account, col(Account.person_id) == Death.person_id)
    return db.scalar(query.where(col(Account.id) == account_id, IS_OPEN)) is not None


def dead_persons() -> Select[int]:
    """Everybody whose death is recorded."""
    return select(col(Death.person_id)).where(IS_OPEN)


def unsettled_persons() -> Select[int]:
    """The persons of whom nothing may be forgotten yet: something that their death asks for is not done."""
    return select(col(Death.person_id)).where(_IS_UNSETTLED)


def unsettled_accounts() -> Select[int | None]:
    """Their accounts."""
    return select(col(Account.id)).join(Death, col(Death.person_id) == Account.person_id).where(_IS_UNSETTLED)
