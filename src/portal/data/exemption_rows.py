"""What is kept of exemptions: the exemption itself, the steps that it took, the files that prove it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Text, text
from sqlmodel import Field, SQLModel

from portal.data.columns import CheckConstraint, Index, instant

REQUEST, EVIDENCE = "demande", "justificatif"
LONGEST_INSURER = 120


class ExemptionState(StrEnum):
    """Values are stored: never rename one. CANCELLED: taken back before it was decided. ENDED: see `EndCause`."""

    ASKED = "demandee"
    ACCEPTED = "acceptee"
    REFUSED = "refusee"
    CANCELLED = "abandonnee"
    ENDED = "terminee"


class Origin(StrEnum):
    """ONLINE: the employee asked here, and ticked the statement. PAPER: the employer recorded a signed request. FILE: a
    payroll's file says that the employee is exempt; request and evidence are still to come."""

    ONLINE = "en-ligne"
    PAPER = "papier"
    FILE = "fichier"


class EndCause(StrEnum):
    AFFILIATED = "affiliation"
    LEFT = "sortie"
    REPLACED = "remplacee"


class StepKind(StrEnum):
    ASKED = "demande"
    ACCEPTED = "acceptation"
    REFUSED = "refus"
    CANCELLED = "abandon"
    REMINDED = "rappel"


class Exemption(SQLModel, table=True):
    """`stated_on`: the day of the employee's written request; `statement`: the words that were ticked, when it was made
    here. `other_insurer`: who covers the employee. `starts_on`: first day without the group contract; `valid_until`:
    last day that the evidence holds for, None when no day is set. `ended_on`: last day, once it has ended.

    `renews_id`: the exemption that this one goes on from. `reminded_until`: the `valid_until` that was told of.
    """

    __tablename__ = "exemption"
    __table_args__ = (
        Index("ix_exemption_employee", "employee_id", "id"),
        Index("ix_exemption_until", "state", "valid_until"),
        Index(
            "ux_exemption_asked",
            "employee_id",
            unique=True,
            sqlite_where=text("state = 'demandee'"),
            postgresql_where=text("state = 'demandee'"),
        ),
        Index(
            "ux_exemption_accepted",
            "employee_id",
            unique=True,
            sqlite_where=text("state = 'acceptee'"),
            postgresql_where=text("state = 'acceptee'"),
        ),
        CheckConstraint("valid_until IS NULL OR valid_until >= starts_on", name="ck_exemption_period"),
    )

    id: int | None = Field(default=None, primary_key=True)
    employee_id: int = Field(foreign_key="employee.id")
    ground_id: int = Field(foreign_key="exemption_ground.id")
    renews_id: int | None = Field(default=None, foreign_key="exemption.id")
    origin: str
    state: str = ExemptionState.ASKED
    version: int = 1
    stated_on: date | None = None
    statement: str = Field(default="", sa_type=Text)
    other_insurer: str = ""
    starts_on: date
    valid_until: date | None = None
    ended_on: date | None = None
    end_cause: str = ""
    asked_at: datetime = instant()
    asked_by: int | None = Field(default=None, foreign_key="account.id")
    reminded_until: date | None = None

    @property
    def object(self) -> str:
        """How the evidence names it."""
        return f"dispense:{self.id}"


class ExemptionStep(SQLModel, table=True):
    """What was done about an exemption, when and by whom. `event_id`: the act on the employee that goes with it, and by
    which it may be taken back. `reason_encrypted`: why it was refused. `employee_id`: whose it is."""

    __tablename__ = "exemption_step"
    __table_args__ = (Index("ix_exemption_step_exemption", "exemption_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    exemption_id: int = Field(foreign_key="exemption.id")
    employee_id: int = Field(foreign_key="employee.id")
    kind: str
    at: datetime = instant()
    by: int | None = Field(default=None, foreign_key="account.id")
    event_id: int | None = Field(default=None, foreign_key="employee_event.id")
    reason_encrypted: bytes | None = None


class ExemptionPiece(SQLModel, table=True):
    """A file that proves an exemption: the signed request (REQUEST) or what the legal case asks for (EVIDENCE)."""

    __tablename__ = "exemption_piece"
    __table_args__ = (Index("ix_exemption_piece_exemption", "exemption_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    exemption_id: int = Field(foreign_key="exemption.id")
    employee_id: int = Field(foreign_key="employee.id")
    file_id: int = Field(foreign_key="stored_file.id", unique=True)
    slot: str
    added_at: datetime = instant()
