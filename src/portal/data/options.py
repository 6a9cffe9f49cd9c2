"""Options (renforts): guarantees that complete those of a contract's product, and the contracts that hold them (R-20).

An option is a product of its own, with dated tables of guarantees. A rule of the same code takes the place of the
product's while the contract holds the option; other rules come on top. Limits count by code, whichever settles.
"""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import UniqueConstraint, bindparam
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.coverage import Formula, GuaranteeRule, GuaranteeVersion, Product


class ProductOption(SQLModel, table=True):
    """`product_id` may be added to contracts of `completes_id`."""

    __tablename__ = "product_option"
    __table_args__ = (UniqueConstraint("product_id", "completes_id"),)

    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id")
    completes_id: int = Field(foreign_key="product.id")
    description: str


class ContractOption(SQLModel, table=True):
    """A contract holds an option, both days included."""

    __tablename__ = "contract_option"
    __table_args__ = (UniqueConstraint("contract_id", "product_id", "starts_on"),)

    id: int | None = Field(default=None, primary_key=True)
    contract_id: int = Field(foreign_key="contract.id")
    product_id: int = Field(foreign_key="product.id")
    starts_on: date
    ends_on: date | None = None


class HeldOption(NamedTuple):
    """An option that a contract holds on a day."""

    product_id: int
    name: str
    starts_on: date


class OfferedOption(NamedTuple):
    """An option that may be added to contracts of a product."""

    product_id: int
    name: str
    description: str


def held_options(db: Session, contract_id: int, day: date) -> list[HeldOption]:
    """The options of a contract on a day. The caller has found the contract."""
    values = {"contract": contract_id, "day": day}
    return [HeldOption(*row) for row in db.connection().execute(_HELD, values)]


def offered_options(db: Session, product_id: int) -> list[OfferedOption]:
    """The options that may be added to a product. About nobody."""
    query = (
        select(Product.id, Product.name, ProductOption.description)
        .join(ProductOption, col(ProductOption.product_id) == Product.id)
        .where(ProductOption.completes_id == product_id)
        .order_by(col(Product.name))
    )
    return [OfferedOption(*row) for row in db.connection().execute(query)]


def lesser_rules(db: Session, option_id: int, product_id: int) -> list[str]:
    """The codes of an option's rules that grant less than the product's own, on a day when both are in force: a rule
    of the same formula with a smaller figure or a tighter limit. Other formulas cannot be compared. About nobody."""
    pairs = (
        (mine.code, mine, theirs)
        for version, mine in _versioned_rules(db, option_id)
        for other, theirs in _versioned_rules(db, product_id)
        if mine.code == theirs.code and _share_a_day(version, other)
    )
    return sorted({code for code, mine, theirs in pairs if _grants_less(mine, theirs)})


def _versioned_rules(db: Session, product_id: int) -> list[tuple[GuaranteeVersion, GuaranteeRule]]:
    query = (
        select(GuaranteeVersion, GuaranteeRule)
        .join(GuaranteeRule, col(GuaranteeRule.version_id) == GuaranteeVersion.id)
        .where(GuaranteeVersion.product_id == product_id)
    )
    return list(db.exec(query))


def _share_a_day(one: GuaranteeVersion, other: GuaranteeVersion) -> bool:
    return one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (one.valid_to or date.max)


def _grants_less(mine: GuaranteeRule, theirs: GuaranteeRule) -> bool:
    if mine.formula != theirs.formula:
        return mine.formula == Formula.NONE
    figures = ((mine.percent, theirs.percent), (mine.amount_cents, theirs.amount_cents))
    limits = ((mine.max_acts, theirs.max_acts), (mine.max_cents, theirs.max_cents))
    return any((own or 0) < (other or 0) for own, other in figures) or any(
        own is not None and (other is None or own < other) for own, other in limits
    )


def _held() -> Any:
    is_on = (col(ContractOption.starts_on) <= bindparam("day")) & (
        col(ContractOption.ends_on).is_(None) | (col(ContractOption.ends_on) >= bindparam("day"))
    )
    return (
        select(Product.id, Product.name, ContractOption.starts_on)
        .join(ContractOption, col(ContractOption.product_id) == Product.id)
        .where(ContractOption.contract_id == bindparam("contract"), is_on)
        .order_by(col(Product.name))
    )


_HELD = _held()
