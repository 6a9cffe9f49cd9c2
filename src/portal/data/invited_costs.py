"""What a month of cover costs an employee, by how many persons are covered: total, employer's part, own part."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from portal.data.contributions import Structure, structure_of
from portal.data.group_contract import rates_on
from portal.data.staff_categories import Price, StaffCategory
from portal.formatting import money


class MonthCost(NamedTuple):
    """A structure's price, whose two parts add up to the total."""

    structure: Structure
    price: Price

    @property
    def employee(self) -> str:
        """« 24,03 € »."""
        return money(self.price.employee_cents)


def costs(db: Session, category: StaffCategory, day: date) -> list[MonthCost]:
    """The prices in force on a day; those that are not known are left out."""
    return [MonthCost(line.structure, line.price) for line in rates_on(db, category, day) if line.price is not None]


def cost_for(lines: Sequence[MonthCost], covered: int) -> MonthCost | None:
    """The price for so many persons; two pay a family's where there is none for two (ADR 21)."""
    wanted = structure_of(covered)
    known = {line.structure: line for line in lines}
    return known.get(wanted) or (known.get(Structure.FAMILY) if wanted is Structure.PAIR else None)
