"""The categories of a company's staff, and what cover costs for each: dated rates by structure (domain 3.5).

A rate is a part of the monthly social-security ceiling (PMSS), or an amount; taxes included. The employer pays at least
half of it (code de la sécurité sociale, L911-7 III).
"""

from datetime import date
from typing import NamedTuple

from sqlalchemy import UniqueConstraint, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import CheckConstraint
from portal.data.contributions import Structure
from portal.data.coverage import Product
from portal.data.organisations import GroupContract
from portal.data.rules import half_up, percent_of
from portal.data.sessions import Viewer

WHOLE = 10_000


class StaffCategory(SQLModel, table=True):
    """Those of a company's staff whom one set of guarantees covers: an objective category (code de la sécurité sociale,
    R242-1-1). `code`: that of the payroll's declarations (DSN, code population)."""

    __tablename__ = "staff_category"
    __table_args__ = (UniqueConstraint("group_contract_id", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    group_contract_id: int = Field(foreign_key="group_contract.id")
    code: str
    label: str
    definition: str = ""
    product_id: int = Field(foreign_key="product.id")
    is_mandatory: bool = True


class CategoryRate(SQLModel, table=True):
    """What a month of cover costs for a structure, between two dates, both included: `pmss_rate` ten-thousandths of the
    ceiling (120: 1,20 %), or `month_cents`. `employer_percent`: the part that the employer pays."""

    __tablename__ = "category_rate"
    __table_args__ = (
        UniqueConstraint("category_id", "structure", "valid_from"),
        CheckConstraint("(pmss_rate IS NULL) <> (month_cents IS NULL)", name="ck_category_rate_basis"),
        CheckConstraint("employer_percent BETWEEN 0 AND 100", name="ck_category_rate_share"),
    )

    id: int | None = Field(default=None, primary_key=True)
    category_id: int = Field(foreign_key="staff_category.id")
    structure: str
    valid_from: date
    valid_to: date | None = None
    pmss_rate: int | None = None
    month_cents: int | None = None
    employer_percent: int


class Price(NamedTuple):
    """A month of cover for one employee, in cents, taxes included; the two parts add up to it."""

    month_cents: int
    employer_cents: int

    @property
    def employee_cents(self) -> int:
        return self.month_cents - self.employer_cents


def price_of(rate: CategoryRate, ceiling_cents: int | None) -> Price | None:
    """What a rate comes to under a month's ceiling, in cents; None for a part of a ceiling that is not known."""
    if rate.month_cents is not None:
        cents = rate.month_cents
    elif rate.pmss_rate is not None and ceiling_cents is not None:
        cents = half_up(rate.pmss_rate * ceiling_cents, WHOLE)
    else:
        return None
    return Price(cents, percent_of(cents, rate.employer_percent))


def rate_on(db: Session, category_id: int, structure: Structure, day: date) -> CategoryRate | None:
    """The rate in force on a day, or None. The caller has reached the category through its owner."""
    query = select(CategoryRate).where(
        CategoryRate.category_id == category_id,
        CategoryRate.structure == structure,
        CategoryRate.valid_from <= day,
        or_(col(CategoryRate.valid_to).is_(None), col(CategoryRate.valid_to) >= day),
    )
    return db.exec(query).first()


def group_contracts(db: Session, viewer: Viewer) -> list[GroupContract]:
    """The contracts of the viewer's company, the newest first."""
    query = select(GroupContract).where(GroupContract.company_id == viewer.company_id)
    return list(db.exec(query.order_by(col(GroupContract.starts_on).desc(), col(GroupContract.id))))


def staff_categories(db: Session, viewer: Viewer) -> list[StaffCategory]:
    """The categories of the viewer's company, by contract and label."""
    query = (
        select(StaffCategory)
        .join(GroupContract, col(GroupContract.id) == StaffCategory.group_contract_id)
        .where(GroupContract.company_id == viewer.company_id)
    )
    return list(db.exec(query.order_by(col(GroupContract.number), col(StaffCategory.label))))


def find_category(db: Session, viewer: Viewer, category_id: int) -> StaffCategory | None:
    """A category of the viewer's company; None when it is no such."""
    query = select(StaffCategory).join(GroupContract, col(GroupContract.id) == StaffCategory.group_contract_id)
    return db.exec(query.where(GroupContract.company_id == viewer.company_id, StaffCategory.id == category_id)).first()


def product_of(db: Session, category: StaffCategory) -> Product:
    """The guarantees of a category."""
    return db.get_one(Product, category.product_id)
