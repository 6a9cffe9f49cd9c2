"""Rows for tests of the card: what a product's card prints."""

from datetime import date

from sqlmodel import Session

from portal.data.card_terms import CardColumn, CardTerms
from tests.support import factories

SINCE = date(2015, 1, 1)


def card_terms(db: Session, product_id: int, *, csr: str = "02", valid_from: date = SINCE) -> None:
    """Routing data of a product's card, with two columns: pharmacy at 100 %, optics after agreement."""
    db.add(CardTerms(product_id=product_id, valid_from=valid_from, amc_number="0099999901", convention="IS", csr=csr))
    column(db, product_id, "PHAR", "Pharmacie", "100", position=1)
    column(db, product_id, "OPTI", "Optique", "PEC", position=2)
    db.flush()


def column(
    db: Session,
    product_id: int,
    code: str,
    label: str,
    value: str,
    *,
    position: int = 1,
    valid_from: date = SINCE,
    valid_to: date | None = None,
) -> None:
    """A family of care on a product's card."""
    row = CardColumn(product_id=product_id, code=code, label=label, value=value, network="KA", position=position,
                     valid_from=valid_from, valid_to=valid_to)  # fmt: skip
    db.add(row)
    db.flush()


def covered_household(db: Session, **terms: object) -> factories.Household:
    """Anne, her adult son Paul, her daughter Zoé who is a minor; with their product's card."""
    made = factories.household(db, children={"Paul": date(2004, 2, 1), "Zoé": factories.MINOR_BIRTH}, **terms)
    card_terms(db, made.contract.product_id)
    return made
