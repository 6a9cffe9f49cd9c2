"""Kind of the contributions' dated prices: contribution-prices."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.contributions import ContributionPrice, Structure
from portal.data.loading import Row, Target
from portal.data.references import References, products
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.values import amount, choice, code, day, optional, required
from portal.security import Keyring


class PriceRecord(NamedTuple):
    product: str
    structure: str
    valid_from: str
    valid_to: str | None
    month: int


class ProductResolver(PlainResolver):
    """Finds the product."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._products = References(db, products)
        self._ranges: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._ranges = self._products.load({record.product for record in records})

    def row(self, record: Any) -> Row:
        return (known(self._ranges, record.product, "product", "le produit"), *record[1:])


def _check_dates(record: Any) -> None:
    check_period(record.valid_from, record.valid_to)


CONTRIBUTION_PRICES = Kind(
    "contribution-prices",
    PriceRecord,
    {
        "product": required(code),
        "structure": required(choice(Structure)),
        "valid_from": required(day),
        "valid_to": optional(day),
        "month": required(amount),
    },
    Target(
        ContributionPrice,
        ("product_id", "structure", "valid_from"),
        ("product_id", "structure", "valid_from", "valid_to", "month_cents"),
    ),
    ProductResolver,
    check=_check_dates,
)
