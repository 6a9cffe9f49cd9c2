"""A company's contract as its employer reads it: categories, what each costs and who pays, the legal share checked."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from portal.data.contributions import Structure
from portal.data.group_figures import group_figures_on
from portal.data.guarantees import CoveringContract, GuaranteeTable, table_of_contract
from portal.data.notice_deliveries import Notice
from portal.data.organisations import GroupContract
from portal.data.sessions import Viewer
from portal.data.staff_categories import (
    CategoryRate,
    Price,
    StaffCategory,
    find_category,
    price_of,
    product_of,
    rate_on,
)

LEAST_PERCENT = 50


@dataclass(frozen=True, slots=True)
class RateLine:
    """A structure's rate, its price under the ceiling of `starts_on`, None for a ceiling that is not known, and whether
    the employer pays at least the share that the law asks (code de la sécurité sociale, L911-7 III)."""

    structure: Structure
    rate: CategoryRate
    price: Price | None
    starts_on: date
    is_share_met: bool


def rates_on(db: Session, category: StaffCategory, day: date) -> list[RateLine]:
    """The rates of a category of the viewer's company on a day."""
    found = ((structure, rate_on(db, category.id or 0, structure, day)) for structure in Structure)
    return [_line(db, category, structure, rate, day) for structure, rate in found if rate is not None]


def next_rates(db: Session, category: StaffCategory, day: date) -> list[RateLine]:
    """The rates already known that begin after a day, the earliest first."""
    query = select(CategoryRate).where(CategoryRate.category_id == category.id, CategoryRate.valid_from > day)
    rows = db.exec(query.order_by(col(CategoryRate.valid_from), col(CategoryRate.id)))
    return [_line(db, category, Structure(row.structure), row, row.valid_from) for row in rows]


def category_guarantees(db: Session, viewer: Viewer, category_id: int, day: date) -> GuaranteeTable | None:
    """The guarantees of a category of the viewer's company on a day; None for another company's category."""
    category = find_category(db, viewer, category_id)
    if category is None:
        return None
    contract, product = db.get_one(GroupContract, category.group_contract_id), product_of(db, category)
    covering = CoveringContract(
        0,
        contract.number,
        "collectif",
        category.product_id,
        product.name,
        is_responsible=contract.is_responsible,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
    )
    return table_of_contract(db, covering, day)


def notices_of(category: StaffCategory, table: GuaranteeTable) -> list[Notice]:
    """The notices of a category whose table this is, the latest version first."""
    return [Notice(category, version, table.contract) for version in table.versions]


def find_notice(db: Session, viewer: Viewer, category_id: int, version_id: int) -> Notice | None:
    """The notice of a category of the viewer's company, in a version that held, or will hold, during the contract."""
    category = find_category(db, viewer, category_id)
    table = category_guarantees(db, viewer, category_id, date.min)
    notices = notices_of(category, table) if category and table else ()
    return next((each for each in notices if each.version.id == version_id), None)


def _line(db: Session, category: StaffCategory, structure: Structure, rate: CategoryRate, day: date) -> RateLine:
    figures = group_figures_on(db, day)
    least = figures.employer_percent if figures else LEAST_PERCENT
    is_met = not category.is_mandatory or rate.employer_percent >= least
    return RateLine(structure, rate, price_of(rate, figures.ceiling_cents if figures else None), day, is_met)
