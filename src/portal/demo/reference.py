"""The demonstration's dated tables, read from the CSV files of `reference/` that are also what the import receives."""

import csv
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from importlib.resources import files
from typing import NamedTuple

from portal.data.figures import FigureTable, Tariff
from portal.data.rules import Figures, Terms
from portal.web import DemoSignUp

TABLES = (
    "parameters",
    "acts",
    "act-tariffs",
    "act-rules",
    "example-cares",
    "products",
    "guarantees",
    "options",
    "contribution-prices",
    "card-terms",
    "card-columns",
    "profession-care",
    "companies",
    "group-contracts",
    "company-bank-details",
    "staff-categories",
    "category-rates",
    "contract-amendments",
    "payroll-settings",
    "payroll-codes",
    "exemption-grounds",
    "opened-exemptions",
    "providers",
    "agreements",
    "agreement-amendments",
    "provider-addresses",
    "provider-bank-details",
    "reject-codes",
    "bank-details",
    "remote-links",
)


class Version(NamedTuple):
    """A product's rules between two dates, both included, by code."""

    valid_from: date
    valid_to: date
    rules: dict[str, Terms]


class Account(NamedTuple):
    """A fixed account of the demonstration; `person`, `company` (SIRET) or `provider` (RPPS, FINESS) is whose it is."""

    identifier: str
    space: str
    role: str
    name: str
    organisation: str
    person: str
    company: str
    provider: str
    email: str
    needs_totp: bool


class Reference:
    """Figures, tariffs, labels and guarantees, by day."""

    @cached_property
    def figures(self) -> FigureTable:
        """Legal figures by day."""
        return FigureTable(
            (row["code"], _day(row["valid_from"]), _until(row["valid_to"]), int(row["value"]))
            for row in rows("parameters")
        )

    @cached_property
    def acts(self) -> dict[str, tuple[str, str]]:
        """Label and family of each act."""
        return {row["code"]: (row["label"], row["family"]) for row in rows("acts")}

    @cached_property
    def _tariffs(self) -> dict[str, list[tuple[date, date, Tariff]]]:
        tariffs: dict[str, list[tuple[date, date, Tariff]]] = {}
        for row in rows("act-tariffs"):
            base = cents(row["base"]) if row["base"] else None
            period = (_day(row["valid_from"]), _until(row["valid_to"]) or date.max)
            tariff = Tariff(base, int(row["rate"]), row["heavy"] == "oui")
            tariffs.setdefault(row["act"], []).append((*period, tariff))
        return tariffs

    @cached_property
    def _versions(self) -> dict[str, list[Version]]:
        versions: dict[tuple[str, str], Version] = {}
        for row in rows("guarantees"):
            version = Version(_day(row["valid_from"]), _until(row["valid_to"]) or date.max, {})
            versions.setdefault((row["product"], row["valid_from"]), version).rules[row["rule"]] = _terms(row)
        products: dict[str, list[Version]] = {}
        for (product, _), version in versions.items():
            products.setdefault(product, []).append(version)
        return products

    def legal(self, day: date) -> Figures:
        """The legal figures of a day; raises `LookupError` before the reference files begin."""
        figures = self.figures.on(day)
        if figures is None:
            raise LookupError(f"no legal figures on {day}")
        return figures

    def amount(self, code: str, day: date) -> int:
        """A parameter's value on a day, in cents; raises `LookupError` when it has none."""
        value = self.figures.value(code, day)
        if value is None:
            raise LookupError(f"no value for {code} on {day}")
        return value

    def tariff(self, act: str, day: date) -> Tariff:
        """An act's tariff on a day; raises `LookupError` when it has none."""
        for valid_from, valid_to, tariff in self._tariffs[act]:
            if valid_from <= day <= valid_to:
                return tariff
        raise LookupError(f"no tariff for {act} on {day}")

    def terms(self, product: str, rule: str, day: date) -> Terms | None:
        """A product's rule on a day; None when its guarantee table does not have it."""
        for version in self._versions[product]:
            if version.valid_from <= day <= version.valid_to:
                return version.rules.get(rule)
        return None


def accounts() -> list[Account]:
    """The fixed accounts of the demonstration."""
    return [
        Account._make((*(row[field] for field in Account._fields[:-1]), row["needs_totp"] == "oui"))
        for row in rows("accounts")
    ]


def sign_ups() -> list[DemoSignUp]:
    """What a visitor of the demonstration may type into the sign-up forms."""
    return [DemoSignUp(**row) for row in rows("sign-ups")]


def text(table: str) -> str:
    """A reference file as it is."""
    return (files("portal.demo") / "reference" / f"{table}.csv").read_text(encoding="utf-8")


def written(name: str) -> str:
    """A text of the reference folder as it is, by its file's name."""
    return (files("portal.demo") / "reference" / name).read_bytes().decode()


def rows(table: str) -> Iterator[dict[str, str]]:
    """The rows of a reference file, by column."""
    yield from csv.DictReader(text(table).splitlines(), delimiter=";")


def cents(euros: str) -> int:
    """« 26,50 » as cents."""
    whole, _, rest = euros.partition(",")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _until(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _terms(row: dict[str, str]) -> Terms:
    return Terms(
        row["rule"],
        row["formula"],
        int(row["percent"]) if row["percent"] else None,
        cents(row["amount"]) if row["amount"] else None,
        int(row["max_acts"]) if row["max_acts"] else None,
        cents(row["max_amount"]) if row["max_amount"] else None,
        int(row["renewal_months"]) if row["renewal_months"] else None,
    )
