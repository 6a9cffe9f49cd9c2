"""Statements: the table only, for now."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from portal.data.columns import Index, instant


class Statement(SQLModel, table=True):
    """An issued statement of benefits (relevé): immutable, same number, same bytes. `pdf` and `csv` are the files."""

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("person_id", "period_start", "period_end", "revision"),
        Index("ix_statement_person", "person_id", "period_end"),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    person_id: int = Field(foreign_key="person.id")
    kind: str
    period_start: date
    period_end: date
    revision: int = 1
    issued_at: datetime = instant()
    line_count: int
    pdf: bytes
    csv: bytes
    pdf_sha256: str
