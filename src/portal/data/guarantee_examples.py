"""Worked examples in euros beside the guarantee table: usual cares, settled as for an adult who has used nothing."""

from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, select

from portal.data.coverage import Heading
from portal.data.estimates import settle_example
from portal.data.figures import Tariff, figures_on, tariff_of
from portal.data.guarantees import GuaranteeTable, TableRow, in_force
from portal.data.parameters import ActRule, ActTariff, ExampleCare, Sector
from portal.data.rules import Settlement

ADULT = 30


class Example(NamedTuple):
    """A care and who pays what, in cents; `rule_code` is empty when the contract does not cover it."""

    label: str
    heading: Heading | None
    rule_code: str
    price: int
    base: int
    supplementary: int
    remaining: int


def worked_examples(db: Session, table: GuaranteeTable) -> list[Example]:
    """The examples that the contract covers on the table's day, in the table's order."""
    figures = figures_on(db, table.day)
    if figures is None:
        return []
    rows = {row.terms.code: row for row in table.rows}
    rules = _rule_codes(db)
    examples = []
    for care, tariff in _examples(db, table.day):
        row = _row_for(rows, rules, care)
        settled = settle_example(care, tariff, figures, row.terms if row else None)
        examples.append(_example(care, row, settled))
    order = {code: at for at, code in enumerate(rows)}
    return sorted((one for one in examples if one.rule_code), key=lambda one: order[one.rule_code])


def _example(care: ExampleCare, row: TableRow | None, settled: Settlement) -> Example:
    return Example(
        care.label,
        row.heading if row else None,
        row.terms.code if row else "",
        care.price_cents,
        settled.base_net,
        settled.supplementary,
        settled.remaining,
    )


def _row_for(rows: dict[str, TableRow], rules: dict[tuple[str, str], list[str]], care: ExampleCare) -> TableRow | None:
    codes = [*rules.get((care.act_code, care.sector), ()), *rules.get((care.act_code, Sector.ANY), ())]
    return next((rows[code] for code in codes if code in rows), None)


def _rule_codes(db: Session) -> dict[tuple[str, str], list[str]]:
    """Codes of rules by act and sector, for an adult."""
    query = select(ActRule).where(ActRule.from_age <= ADULT, ActRule.below_age > ADULT).order_by(col(ActRule.id))
    found: dict[tuple[str, str], list[str]] = {}
    for rule in db.exec(query):
        found.setdefault((rule.act_code, rule.sector), []).append(rule.rule_code)
    return found


def _examples(db: Session, day: date) -> list[tuple[ExampleCare, Tariff]]:
    query = (
        select(ExampleCare, ActTariff)
        .join(ActTariff, col(ActTariff.act_code) == ExampleCare.act_code)
        .where(in_force(ExampleCare.valid_from, ExampleCare.valid_to, day))
        .where(in_force(ActTariff.valid_from, ActTariff.valid_to, day))
        .order_by(col(ExampleCare.id))
    )
    return [(care, tariff_of(row)) for care, row in db.exec(query)]
