"""Dated figures: fees, caps, tariffs and rates. Amounts never stand in code; they are rows valid between two dates."""

from datetime import date
from enum import StrEnum

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
    """The base scheme's tariff of an act in a period: base in cents (none when priced freely), rate in percent.

    `may_be_heavy`: the law replaces the percentage by a lump once the tariff is high enough (`figures.Tariff`).
    """

    __tablename__ = "act_tariff"
    __table_args__ = (UniqueConstraint("act_code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    act_code: str = Field(foreign_key="act.code")
    valid_from: date
    valid_to: date | None = None
    base_cents: int | None = None
    rate_percent: int = 0
    may_be_heavy: bool = False


class Sector(StrEnum):
    """What makes one act fall under one rule or another: the doctor's prices, or the basket of an equipment."""

    ANY = ""
    OPTAM = "optam"
    UNBOUND = "hors_optam"
    FULL_COVER = "panier_100_sante"
    FREE = "prix_libre"


class ActRule(SQLModel, table=True):
    """The code of the guarantee rule that an act falls under, for a sector and for patients of an age (`from_age` to
    the day before `below_age`, in years). The contract's version of that code, if it has one, applies."""

    __tablename__ = "act_rule"
    __table_args__ = (UniqueConstraint("act_code", "rule_code"),)

    id: int | None = Field(default=None, primary_key=True)
    act_code: str = Field(foreign_key="act.code")
    rule_code: str
    sector: str = Sector.ANY
    from_age: int = 0
    below_age: int = 150


class ExampleCare(SQLModel, table=True):
    """A care at a usual price, in cents for the whole quantity: what the guarantee table works out in euros."""

    __tablename__ = "example_care"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    act_code: str = Field(foreign_key="act.code")
    sector: str = Sector.ANY
    label: str
    quantity: int = 1
    price_cents: int
    valid_from: date
    valid_to: date | None = None
