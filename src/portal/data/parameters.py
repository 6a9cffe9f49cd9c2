"""Dated figures: fees, caps, tariffs and rates. Amounts never stand in code; they are rows valid between two dates."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class Parameter(SQLModel, table=True):
    """A legal or contractual figure. `value` is cents for amounts, a plain number for counts, as `unit` says."""

    __tablename__ = "parameter"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    label: str
    unit: str
    value: int
    valid_from: date
    valid_to: date | None = None
    source: str = ""


class Act(SQLModel, table=True):
    """A kind of care, by its code in the claim flow, with the words that explain it."""

    __tablename__ = "act"

    code: str = Field(primary_key=True)
    label: str
    family: str
    description: str = ""


class ActTariff(SQLModel, table=True):
    """The base scheme's tariff of an act in a period: base in cents (none when priced freely), rate in percent."""

    __tablename__ = "act_tariff"
    __table_args__ = (UniqueConstraint("act_code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    act_code: str = Field(foreign_key="act.code")
    valid_from: date
    valid_to: date | None = None
    base_cents: int | None = None
    rate_percent: int = 0
