"""A product's guarantee table as it would be read once a file is applied: nothing is written to show it."""

from datetime import date

from sqlmodel import Session

from portal.data.coverage import GuaranteeRule
from portal.data.guarantee_changes import Tables, VersionFacts, read_tables
from portal.data.guarantees import (
    CoveringContract,
    GuaranteeTable,
    TableRow,
    VersionPeriod,
    acts_by_rule,
    rows_of_rules,
)


def previewed_table(db: Session, product_id: int, product: str, planned: Tables, day: date) -> GuaranteeTable:
    """The table of a contract with this product alone, on a day, with `planned` versions in place of those held."""
    contract = CoveringContract(
        0, "", "individuel", product_id, product, is_responsible=True, starts_on=day, ends_on=None
    )
    held = (read_tables(db) | planned).values()
    ours = sorted((one for one in held if one["product_id"] == product_id), key=_start, reverse=True)
    versions = {_period(one): one for one in ours}
    chosen = next((period for period in versions if period.holds_on(day)), None)
    if chosen is None:
        return GuaranteeTable(contract, day, None, tuple(versions), ())
    return GuaranteeTable(contract, day, chosen, tuple(versions), tuple(rows_of(db, versions[chosen], day)))


def rows_of(db: Session, version: VersionFacts, day: date) -> list[TableRow]:
    """The rows of a version, with the acts of a day."""
    rules = [GuaranteeRule(version_id=0, **rule) for rule in version["rules"].values()]
    return list(rows_of_rules(rules, acts_by_rule(db, day)))


def _start(version: VersionFacts) -> str:
    start: str = version["valid_from"]
    return start


def _period(version: VersionFacts) -> VersionPeriod:
    end = version["valid_to"]
    return VersionPeriod(0, date.fromisoformat(_start(version)), date.fromisoformat(end) if end else None)
