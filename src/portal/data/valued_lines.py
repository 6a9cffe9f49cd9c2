"""Lines of claims as an agent settled them: what the contract gave then, what was decided, and why."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant


class ValuedLine(SQLModel, table=True):
    """A line that an agent settled. `line_id`: the benefit line that came of it; none for one refused that had no place
    among the person's (known already, or nobody's cover). `computed_cents`: what the rules gave; `granted_cents`: what
    was decided; `used_…`: what counters stood at then (`rules.Used`), so that the line is explained as it was settled.
    `motive_encrypted`: the agent's words for an amount that the rules do not give, or for a line like another."""

    __tablename__ = "valued_line"
    __table_args__ = (Index("ix_valued_line_case", "case_id", "id"), Index("ix_valued_line_line", "line_id"))

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    line_id: int | None = Field(default=None, foreign_key="benefit_line.id")
    verdict: str
    reason: str = ""
    computed_cents: int = 0
    granted_cents: int = 0
    motive_encrypted: bytes | None = None
    used_flat_fee_year: int = 0
    used_flat_fee_day: int = 0
    used_franchise_year: int = 0
    used_franchise_day: int = 0
    used_acts: int = 0
    used_cents: int = 0
    valued_at: datetime = instant()
    valued_by: int = Field(foreign_key="account.id")


def valued_lines_of(db: Session, case_id: int) -> list[ValuedLine]:
    """What was decided of each line of a claim, in order. The caller has found the case."""
    return list(db.exec(select(ValuedLine).where(ValuedLine.case_id == case_id).order_by(col(ValuedLine.id))))


def is_anything_valued(db: Session) -> bool:
    """Whether the desk has valued any claim; about nobody."""
    return db.exec(select(ValuedLine.id).limit(1)).first() is not None
