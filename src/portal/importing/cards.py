"""Kinds of what third-party-payment cards show: card-terms, card-columns; and whom they concern: profession-care."""

from typing import Any, NamedTuple

from portal.data.card_terms import CardColumn, CardTerms
from portal.data.loading import Target
from portal.data.profession_care import ProfessionCare
from portal.importing.contributions import ProductResolver
from portal.importing.kinds import Kind, check_period
from portal.importing.values import code, day, integer, optional, required, words


class TermsRecord(NamedTuple):
    product: str
    valid_from: str
    valid_to: str | None
    amc_number: str
    convention: str
    csr: str


class ColumnRecord(NamedTuple):
    product: str
    valid_from: str
    valid_to: str | None
    position: int
    code: str
    label: str
    value: str
    network: str


class ProfessionRecord(NamedTuple):
    profession: str
    code: str
    valid_from: str
    valid_to: str | None


def _check_dates(record: Any) -> None:
    check_period(record.valid_from, record.valid_to)


CARD_TERMS = Kind(
    "card-terms",
    TermsRecord,
    {
        "product": required(code),
        "valid_from": required(day),
        "valid_to": optional(day),
        "amc_number": required(code),
        "convention": required(code),
        "csr": optional(code, ""),
    },
    Target(
        CardTerms,
        ("product_id", "valid_from"),
        ("product_id", "valid_from", "valid_to", "amc_number", "convention", "csr"),
    ),
    ProductResolver,
    check=_check_dates,
)

CARD_COLUMNS = Kind(
    "card-columns",
    ColumnRecord,
    {
        "product": required(code),
        "valid_from": required(day),
        "valid_to": optional(day),
        "position": required(integer(1, 100)),
        "code": required(code),
        "label": required(words),
        "value": optional(code, ""),
        "network": optional(code, ""),
    },
    Target(
        CardColumn,
        ("product_id", "code", "valid_from"),
        ("product_id", "valid_from", "valid_to", "position", "code", "label", "value", "network"),
    ),
    ProductResolver,
    check=_check_dates,
)

PROFESSION_CARE = Kind(
    "profession-care",
    ProfessionRecord,
    {
        "profession": required(words),
        "code": required(code),
        "valid_from": required(day),
        "valid_to": optional(day),
    },
    Target(ProfessionCare, ("profession", "code", "valid_from"), ProfessionRecord._fields),
    check=_check_dates,
)
