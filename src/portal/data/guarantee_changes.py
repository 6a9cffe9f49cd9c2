"""What a file of guarantees changes in the tables of products: told version by version, judged, taken back (R-61).

States of tables are plain data that JSON can hold: a version's name is « product:first day ».
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from portal.data.benefits import BenefitLine
from portal.data.coverage import Contract, GuaranteeRule, GuaranteeVersion, Product
from portal.data.notice_deliveries import NoticeDelivery
from portal.data.options import ContractOption

RULE_FIELDS = (
    "code", "heading", "label", "clause", "formula", "percent", "amount_cents", "max_acts", "max_cents",
    "renewal_months",
)  # fmt: skip

MOST_COUNTED = 1000

VersionFacts = dict[str, Any]
"""A version: `product_id`, `valid_from`, `valid_to` (ISO days or None), `rules` (their fields by code)."""

Tables = dict[str, VersionFacts]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days of a product's table that change, both included; open-ended without a last one."""

    product_id: int
    first: date
    last: date | None


class TablesMoved(Exception):
    """Somebody changed the tables meanwhile: nothing is taken back."""


class TablesInUse(Exception):
    """A version was handed to somebody: it cannot go any more."""


def read_tables(db: Session) -> Tables:
    """Every version of every product with its rules."""
    versions = {one.id: one for one in db.exec(select(GuaranteeVersion))}
    tables = {one.id: _facts(one) for one in versions.values()}
    columns: Any = [col(getattr(GuaranteeRule, name)) for name in ("version_id", *RULE_FIELDS)]
    for version_id, *values in db.execute(select(*columns)):
        rule = dict(zip(RULE_FIELDS, values, strict=True))
        tables[version_id]["rules"][rule["code"]] = rule
    return {_name(one): tables[one.id] for one in versions.values()}


def changed_tables(before: Tables, after: Tables) -> tuple[Tables, Tables]:
    """The versions that differ, as they were and as they are; a version that is new stands in the second alone."""
    names = [name for name, facts in after.items() if before.get(name) != facts]
    return {name: before[name] for name in names if name in before}, {name: after[name] for name in names}


def replaced_tables(held: Tables, after: Tables) -> Tables:
    """For each version that is new, by its name, the one that held its first day before: its readers compare them."""
    new = ((name, facts) for name, facts in after.items() if name not in held)
    found = ((name, _holding(held, facts["product_id"], facts["valid_from"])) for name, facts in new)
    return {name: facts for name, facts in found if facts is not None}


def _holding(held: Tables, product_id: int, day: str) -> VersionFacts | None:
    """The version of a product on a day (ISO), the latest one of several; or that which ended last before it."""
    ours = [one for one in held.values() if one["product_id"] == product_id and one["valid_from"] <= day]
    return max(ours, key=lambda one: str(one["valid_from"]), default=None)


def changed_stretches(before: Tables, after: Tables) -> Iterator[Stretch]:
    """The days on which members would read something else, of versions that `changed_tables` gave."""
    for name, new in after.items():
        old = before.get(name)
        if old is None or old["rules"] != new["rules"]:
            longest = [_day(each["valid_to"]) for each in (old, new) if each is not None]
            yield Stretch(new["product_id"], _first(new), None if None in longest else max(filter(None, longest)))
        elif old["valid_to"] != new["valid_to"]:
            yield _shifted(new["product_id"], _day(old["valid_to"]), _day(new["valid_to"]))


def first_day_of_change(before: Tables, after: Tables) -> date | None:
    """The first day on which a table reads otherwise; None when none does."""
    return min((stretch.first for stretch in changed_stretches(before, after)), default=None)


def paid_under(db: Session, stretch: Stretch, today: date) -> int:
    """How many lines of care, of days up to today, were settled by these days of a table, options included;
    `MOST_COUNTED` at most."""
    if stretch.first > today:
        return 0
    last = min(stretch.last or today, today)
    holders = select(ContractOption.contract_id).where(ContractOption.product_id == stretch.product_id)
    theirs = select(Contract.id).where(Contract.product_id == stretch.product_id).union(holders)
    days = (BenefitLine.care_date >= stretch.first, BenefitLine.care_date <= last)
    lines = select(BenefitLine.id).where(*days, col(BenefitLine.contract_id).in_(theirs))
    return len(db.exec(lines.limit(MOST_COUNTED)).all())


def product_names(db: Session) -> dict[int, str]:
    """The names of products, by number."""
    return {one.id or 0: one.name for one in db.exec(select(Product).order_by(Product.name))}


def take_back(db: Session, before: Tables, after: Tables) -> None:
    """Puts versions back as they were. Raises `TablesMoved` when they are not as they were left, `TablesInUse`."""
    now = read_tables(db)
    if any(now.get(name) != facts for name, facts in after.items()):
        raise TablesMoved
    for name, facts in after.items():
        version = _stored(db, facts)
        db.exec(delete(GuaranteeRule).where(col(GuaranteeRule.version_id) == version.id))
        if name in before:
            version.valid_to = _day(before[name]["valid_to"])
            db.add_all(GuaranteeRule(version_id=version.id, **rule) for rule in before[name]["rules"].values())
        else:
            _remove(db, version)
    db.flush()


def _remove(db: Session, version: GuaranteeVersion) -> None:
    given = select(NoticeDelivery.id).where(NoticeDelivery.version_id == version.id)
    if db.exec(given.limit(1)).first() is not None:
        raise TablesInUse
    db.flush()
    db.delete(version)


def _stored(db: Session, facts: VersionFacts) -> GuaranteeVersion:
    wanted = select(GuaranteeVersion).where(
        GuaranteeVersion.product_id == facts["product_id"], GuaranteeVersion.valid_from == _first(facts)
    )
    return db.exec(wanted.with_for_update()).one()


def _facts(version: GuaranteeVersion) -> VersionFacts:
    return {
        "product_id": version.product_id,
        "valid_from": version.valid_from.isoformat(),
        "valid_to": version.valid_to.isoformat() if version.valid_to else None,
        "rules": {},
    }


def _name(version: GuaranteeVersion) -> str:
    return f"{version.product_id}:{version.valid_from.isoformat()}"


def _shifted(product_id: int, old: date | None, new: date | None) -> Stretch:
    """The days between two ends of a version."""
    ends = [end for end in (old, new) if end is not None]
    return Stretch(product_id, min(ends) + timedelta(days=1), max(ends) if len(ends) == 2 else None)


def _first(facts: Mapping[str, Any]) -> date:
    return date.fromisoformat(facts["valid_from"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
