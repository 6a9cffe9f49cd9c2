"""Why an invoice is rejected, or waits: codes in plain words, with what to do now. Dated: words and rules change."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class RejectCode(SQLModel, table=True):
    """A code in force between two days, both included. `is_resubmittable`: the invoice may be sent again, corrected."""

    __tablename__ = "reject_code"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    label: str
    cause: str
    what_to_do: str
    is_resubmittable: bool
    valid_from: date
    valid_to: date | None = None
