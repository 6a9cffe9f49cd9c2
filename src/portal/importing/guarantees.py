"""Kinds of what contracts grant: products, and guarantees (the rules of a product's dated guarantee tables)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.coverage import Formula, GuaranteeRule, GuaranteeVersion, Heading, Product
from portal.data.loading import BulkLoader, Row, Target, Verdict
from portal.data.options import ProductOption, lesser_rules
from portal.data.references import Period, References, products, versions
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.problems import RejectedRow
from portal.importing.values import amount, choice, code, day, integer, optional, required, words
from portal.security import Keyring

VERSION_TARGET = Target(GuaranteeVersion, ("product_id", "valid_from"), ("product_id", "valid_from", "valid_to"))


class ProductRecord(NamedTuple):
    code: str
    name: str


class GuaranteeRecord(NamedTuple):
    product: str
    valid_from: str
    valid_to: str | None
    rule: str
    heading: str
    label: str
    clause: str
    formula: str
    percent: int | None
    amount: int | None
    max_acts: int | None
    max_amount: int | None
    renewal_months: int | None


class GuaranteeResolver(PlainResolver):
    """Creates or amends the guarantee versions that rules belong to; each version is written once per file."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._products = References(db, products)
        self._known: dict[str, int] = {}
        self._loader = BulkLoader(db, VERSION_TARGET)
        self._periods: dict[tuple[int, str], Period] = {}
        self._ids: dict[tuple[int, str], int] = {}
        self._amended: set[int] = set()

    def prepare(self, records: Sequence[Any]) -> None:
        """Writes the versions that this batch is the first to name."""
        self._known = self._products.load({record.product for record in records})
        fresh: dict[tuple[int, str], Period] = {}
        for record in records:
            version = (self._known.get(record.product, 0), record.valid_from)
            if version[0] and version not in self._periods:
                fresh.setdefault(version, Period(record.valid_from, record.valid_to))
        if fresh:
            self._write(fresh)

    def _write(self, fresh: dict[tuple[int, str], Period]) -> None:
        self._periods |= fresh
        rows = [(product_id, period.start, period.end) for (product_id, _), period in fresh.items()]
        verdicts = self._loader.load(rows)
        for product_id, found in versions(self._db, list({row[0] for row in rows})).items():
            self._ids |= {(product_id, version.period.start): version.id for version in found}
        self._amended |= {
            self._ids[row[0], row[1]] for row, verdict in zip(rows, verdicts, strict=True) if verdict is Verdict.UPDATED
        }

    def row(self, record: Any) -> Row:
        version = (known(self._known, record.product, "product", "le produit"), record.valid_from)
        if self._periods[version].end != record.valid_to:
            raise RejectedRow(
                "valid_to",
                record.valid_to or "",
                f"une ligne précédente donne une autre date de fin au tableau de garanties du {record.valid_from}",
            )
        return (self._ids[version], *record[3:])

    def revise(self, _rows: Sequence[Row], verdicts: list[Verdict]) -> list[Verdict]:
        """A rule whose version changed its end is a rule that changed."""
        return [
            Verdict.UPDATED if verdict is Verdict.UNCHANGED and row[0] in self._amended else verdict
            for row, verdict in zip(_rows, verdicts, strict=True)
        ]


def check_guarantee(record: Any) -> None:
    """Raises `RejectedRow` when a formula lacks its figure, or the version ends before it starts."""
    check_period(record.valid_from, record.valid_to)
    if record.formula == Formula.PERCENT and record.percent is None:
        raise RejectedRow("percent", "", "la formule « pourcentage » demande un pourcentage")
    if record.formula in {Formula.FLAT, Formula.FLAT_WITH_BASE} and record.amount is None:
        raise RejectedRow("amount", "", f"la formule « {record.formula} » demande un montant")


_COUNT_OR_NONE = optional(integer(0, 10_000))

PRODUCTS = Kind(
    "products",
    ProductRecord,
    {"code": required(code), "name": required(words)},
    Target(Product, ("code",), ("code", "name")),
)

GUARANTEES = Kind(
    "guarantees",
    GuaranteeRecord,
    {
        "product": required(code),
        "valid_from": required(day),
        "valid_to": optional(day),
        "rule": required(code),
        "heading": required(choice(Heading)),
        "label": required(words),
        "clause": optional(words, ""),
        "formula": required(choice(Formula)),
        "percent": _COUNT_OR_NONE,
        "amount": optional(amount),
        "max_acts": _COUNT_OR_NONE,
        "max_amount": optional(amount),
        "renewal_months": _COUNT_OR_NONE,
    },
    Target(
        GuaranteeRule,
        ("version_id", "code"),
        (
            "version_id",
            "code",
            "heading",
            "label",
            "clause",
            "formula",
            "percent",
            "amount_cents",
            "max_acts",
            "max_cents",
            "renewal_months",
        ),
    ),
    GuaranteeResolver,
    check=check_guarantee,
    rehearsed=("guarantee_version", "guarantee_rule"),
)


class OptionRecord(NamedTuple):
    product: str
    completes: str
    description: str


class OptionResolver(PlainResolver):
    """Finds the option and the product that it completes; none of its rules may grant less."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._products = References(db, products)
        self._known: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._known = self._products.load({code for record in records for code in record[:2]})

    def row(self, record: Any) -> Row:
        product_id = known(self._known, record.product, "product", "le produit")
        completes_id = known(self._known, record.completes, "completes", "le produit")
        if lesser := lesser_rules(self._db, product_id, completes_id):
            raise RejectedRow(
                "product", record.product, f"ces règles accordent moins que celles du produit : {', '.join(lesser)}"
            )
        return (product_id, completes_id, record.description)


OPTIONS = Kind(
    "options",
    OptionRecord,
    {"product": required(code), "completes": required(code), "description": required(words)},
    Target(ProductOption, ("product_id", "completes_id"), ("product_id", "completes_id", "description")),
    OptionResolver,
)
