"""What a contract costs by month: dated prices by product and structure, and what one person more or less changes.

Information only: contracts and calls for contributions say what is owed (R-50).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import UniqueConstraint, func, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import CheckConstraint
from portal.data.coverage import Beneficiary, Contract


class Structure(StrEnum):
    """How many persons a price is for."""

    SINGLE = "isole"
    PAIR = "duo"
    FAMILY = "famille"


class ContributionPrice(SQLModel, table=True):
    """A product's price for a month, in cents, between two dates, both included; open-ended without `valid_to`."""

    __tablename__ = "contribution_price"
    __table_args__ = (
        UniqueConstraint("product_id", "structure", "valid_from"),
        CheckConstraint("month_cents >= 0", name="ck_contribution_price"),
    )

    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id")
    structure: str
    valid_from: date
    valid_to: date | None = None
    month_cents: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """The price of a month before and after a change, in cents; None where no price is known."""

    before: Structure
    after: Structure
    before_cents: int | None
    after_cents: int | None

    @property
    def delta_cents(self) -> int | None:
        if self.before_cents is None or self.after_cents is None:
            return None
        return self.after_cents - self.before_cents


def structure_of(persons: int) -> Structure:
    """The structure for that many persons covered, the member included."""
    if persons <= 1:
        return Structure.SINGLE
    return Structure.PAIR if persons == 2 else Structure.FAMILY


def price_on(db: Session, product_id: int, structure: Structure, day: date) -> int | None:
    """The price of a month in force on a day, in cents; None without one."""
    query = select(ContributionPrice.month_cents).where(
        ContributionPrice.product_id == product_id,
        ContributionPrice.structure == structure,
        ContributionPrice.valid_from <= day,
        or_(col(ContributionPrice.valid_to).is_(None), col(ContributionPrice.valid_to) >= day),
    )
    return db.exec(query).first()


def covered_on(db: Session, contract_id: int, day: date) -> int:
    """How many persons a contract covers on a day."""
    query = select(func.count(func.distinct(Beneficiary.person_id))).where(
        Beneficiary.contract_id == contract_id,
        Beneficiary.valid_from <= day,
        or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) >= day),
    )
    return db.exec(query).one()


def contribution_with(db: Session, contract: Contract, more: int, day: date) -> Contribution:
    """The contribution on a day, as the contract is and with `more` persons (fewer when negative)."""
    count = covered_on(db, contract.id or 0, day)
    before, after = structure_of(count), structure_of(count + more)
    prices = (price_on(db, contract.product_id, structure, day) for structure in (before, after))
    return Contribution(before, after, *prices)
