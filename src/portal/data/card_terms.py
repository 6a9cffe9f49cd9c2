"""What a product's card prints besides the people: routing data and columns of care, in dated rows (domain: carte)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, UniqueConstraint, and_, bindparam, select
from sqlmodel import Field, Session, SQLModel, col

from portal.data.guarantees import in_force
from portal.data.prepared import Prepared


class CardTerms(SQLModel, table=True):
    """How a product's third-party payment is routed, between two dates, both included; open-ended without `valid_to`.

    `csr`: critère secondaire de routage.
    """

    __tablename__ = "card_terms"
    __table_args__ = (UniqueConstraint("product_id", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id")
    valid_from: date
    valid_to: date | None = None
    amc_number: str
    convention: str
    csr: str


class CardColumn(SQLModel, table=True):
    """One family of care on a product's card, between two dates, both included.

    `value`: a percentage of the base, base share included (« 100 »), `PEC` (agreed beforehand), `TM` (what the base
    scheme leaves), or empty: no third-party payment. `network`: the letters of the convention, or empty.
    """

    __tablename__ = "card_column"
    __table_args__ = (UniqueConstraint("product_id", "code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id")
    code: str
    valid_from: date
    valid_to: date | None = None
    position: int
    label: str
    value: str = ""
    network: str = ""


class CareColumn(NamedTuple):
    """A column of the card on a day."""

    code: str
    label: str
    value: str
    network: str


@dataclass(frozen=True, slots=True)
class Routing:
    """A product's card on a day. `valid_from` to `valid_to`: the days on which nothing of it changes."""

    amc_number: str = ""
    convention: str = ""
    csr: str = ""
    columns: tuple[CareColumn, ...] = ()
    valid_from: date = date.min
    valid_to: date = date.max


UNROUTED = Routing()


def routings_on(db: Session, product_ids: Iterable[int], day: date) -> dict[int, Routing]:
    """The card of each product on `day`; a product without terms on that day is left out."""
    products = tuple(set(product_ids))
    rows = _ROUTINGS.rows(db, {"products": products, "day": day}) if products else ()
    by_product: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        by_product.setdefault(row[0], []).append(row)
    return {product_id: _routing(rows) for product_id, rows in by_product.items()}


def _routing(rows: Sequence[Sequence[Any]]) -> Routing:
    _, amc_number, convention, csr, start, end = rows[0][:6]
    columns = [row for row in rows if row[6] is not None]
    return Routing(
        amc_number,
        convention,
        csr,
        tuple(CareColumn(*row[6:10]) for row in columns),
        max(start, *(row[10] for row in columns), date.min),
        min(end or date.max, *(row[11] or date.max for row in columns), date.max),
    )


def _routings(day: BindParameter[date]) -> Select[Any]:
    columns = and_(
        CardColumn.product_id == CardTerms.product_id, in_force(CardColumn.valid_from, CardColumn.valid_to, day)
    )
    query: Select[Any] = (
        select(
            CardTerms.product_id,
            CardTerms.amc_number,
            CardTerms.convention,
            CardTerms.csr,
            CardTerms.valid_from,
            CardTerms.valid_to,
            CardColumn.code,
            CardColumn.label,
            CardColumn.value,
            CardColumn.network,
            CardColumn.valid_from,
            CardColumn.valid_to,
        )
        .outerjoin(CardColumn, columns)
        .where(col(CardTerms.product_id).in_(bindparam("products", expanding=True)))
        .where(in_force(col(CardTerms.valid_from), col(CardTerms.valid_to), day))
        .order_by(col(CardTerms.product_id), col(CardColumn.position), col(CardColumn.code))
    )
    return query


_ROUTINGS = Prepared(_routings(bindparam("day")))
