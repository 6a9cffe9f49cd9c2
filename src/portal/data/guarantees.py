"""The guarantee table: what a contract grants, heading by heading, in the version in force on a day (R-20, R-61)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from portal.data.coverage import Beneficiary, Contract, Formula, GuaranteeRule, GuaranteeVersion, Heading, Product
from portal.data.figures import figures_on, tariff_of
from portal.data.options import HeldOption, OfferedOption, held_options, offered_options
from portal.data.parameters import Act, ActRule, ActTariff
from portal.data.rules import Figures, Terms
from portal.data.sessions import Viewer
from portal.folding import fold

# Headings in which the law's 100 % Santé baskets stand (social security code, L871-1 and R871-2).
FULL_COVER_HEADINGS = frozenset({Heading.DENTAL, Heading.OPTICAL, Heading.HEARING})


class CoveringContract(NamedTuple):
    """A contract that covers the viewer at some time; `starts_on` to `ends_on` is the contract's own period."""

    id: int
    number: str
    kind: str
    product_id: int
    product: str
    is_responsible: bool
    starts_on: date
    ends_on: date | None


class VersionPeriod(NamedTuple):
    """A version of a guarantee table, both days included."""

    id: int
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Whether the version is in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class ActOfRule(NamedTuple):
    """An act that a rule applies to, and the base scheme's rate for it on the table's day (none without a tariff).

    `lump`: the cents that a heavy act leaves of the base, in place of the rate; None for any other act.
    """

    code: str
    label: str
    description: str
    rate: int | None
    lump: int | None = None


ActsByRule = dict[str, tuple[ActOfRule, ...]]


@dataclass(frozen=True, slots=True)
class TableRow:
    """A rule of the table and the acts that it applies to. `option`: the name of the option that it comes from."""

    terms: Terms
    heading: Heading
    label: str
    clause: str
    acts: tuple[ActOfRule, ...]
    option: str = ""

    @property
    def is_full_cover(self) -> bool:
        """Whether this is a 100 % Santé basket: the law leaves nothing to pay."""
        return self.heading in FULL_COVER_HEADINGS and self.terms.formula == Formula.FULL

    @property
    def rates(self) -> tuple[int, ...]:
        """The base scheme's rates of its acts, from the lowest, each once; not those that a lump replaces."""
        return tuple(sorted({act.rate for act in self.acts if act.rate is not None and act.lump is None}))

    @property
    def lump(self) -> int | None:
        """What its heavy acts leave of the base, in cents; None when it has none."""
        return next((act.lump for act in self.acts if act.lump is not None), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """An option that the contract does not hold, and what it would change: each rule as it is (None: nothing today) and
    as it would be."""

    option: OfferedOption
    changes: tuple[tuple[TableRow | None, TableRow], ...]


@dataclass(frozen=True, slots=True)
class GuaranteeTable:
    """A contract's guarantees on a day, options included. `version` and `rows` are empty when nothing was in force."""

    contract: CoveringContract
    day: date
    version: VersionPeriod | None
    versions: tuple[VersionPeriod, ...]
    rows: tuple[TableRow, ...]
    held: tuple[HeldOption, ...] = ()
    offers: tuple[Offer, ...] = ()

    def under(self, heading: Heading) -> tuple[TableRow, ...]:
        """The rows of one heading, in order of clause."""
        return tuple(row for row in self.rows if row.heading is heading)

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings that have rows, in the table's order."""
        return tuple(heading for heading in Heading if self.under(heading))


def guarantee_tables(db: Session, viewer: Viewer, day: date) -> list[GuaranteeTable]:
    """The guarantees of each contract that covers the viewer, as on `day`; the contract in force first."""
    return [_table(db, contract, day) for contract in covering_contracts(db, viewer, day)]


def table_of_contract(db: Session, contract: CoveringContract, day: date) -> GuaranteeTable:
    """The guarantees of a contract on a day. The caller has found the contract; `id` 0 for one of a group, without
    options."""
    return _table(db, contract, day)


def covering_contracts(db: Session, viewer: Viewer, day: date) -> list[CoveringContract]:
    """The contracts that cover the viewer, or did: those in force on `day` first, then the latest."""
    query = (
        select(
            Contract.id,
            Contract.number,
            Contract.kind,
            Contract.product_id,
            Product.name,
            Contract.is_responsible,
            Contract.starts_on,
            Contract.ends_on,
        )
        .join(Product, col(Product.id) == Contract.product_id)
        .join(Beneficiary, col(Beneficiary.contract_id) == Contract.id)
        .where(Beneficiary.person_id == viewer.person_id)
        .distinct()
    )
    found = [CoveringContract(*row) for row in db.connection().execute(query)]
    return sorted(found, key=lambda one: (_covers(one, day), one.starts_on, one.number), reverse=True)


def matching(table: GuaranteeTable, text: str) -> tuple[TableRow, ...]:
    """The rows in which every word of `text` stands: in the label, or in an act that the row applies to."""
    words = fold(text).split()
    return tuple(row for row in table.rows if all(word in _searched(row) for word in words))


def in_force(start: Any, end: Any, day: Any) -> ColumnElement[bool]:
    """Condition: a period, open-ended without an end, holds `day`."""
    return and_(start <= day, or_(end.is_(None), end >= day))


def _covers(contract: CoveringContract, day: date) -> bool:
    return contract.starts_on <= day and (contract.ends_on is None or day <= contract.ends_on)


def _searched(row: TableRow) -> str:
    acts = " ".join(f"{act.label} {act.description}" for act in row.acts)
    return fold(f"{row.label} {acts}")


def _table(db: Session, contract: CoveringContract, day: date) -> GuaranteeTable:
    versions = tuple(_versions(db, contract))
    version = next((each for each in versions if each.holds_on(day)), None)
    if version is None:
        return GuaranteeTable(contract, day, None, versions, ())
    acts = acts_by_rule(db, day)
    held = held_options(db, contract.id, day)
    rows = {row.terms.code: row for row in _rows(db, version.id, acts)}
    for option in held:
        rows |= _option_rows(db, option, day, acts)
    ordered = tuple(sorted(rows.values(), key=lambda row: clause_order(row.clause)))
    return GuaranteeTable(
        contract, day, version, versions, ordered, tuple(held), _offers(db, contract, rows, held, day, acts)
    )


def _offers(
    db: Session,
    contract: CoveringContract,
    rows: dict[str, TableRow],
    held: Sequence[HeldOption],
    day: date,
    acts: ActsByRule,
) -> tuple[Offer, ...]:
    """The options that could be added, and what each would change."""
    present = {option.product_id for option in held}
    offers = (
        Offer(option, tuple((rows.get(code), row) for code, row in _option_rows(db, option, day, acts).items()))
        for option in offered_options(db, contract.product_id)
        if option.product_id not in present
    )
    return tuple(offer for offer in offers if offer.changes)


def _option_rows(db: Session, option: HeldOption | OfferedOption, day: date, acts: ActsByRule) -> dict[str, TableRow]:
    """An option's rules on a day, by code."""
    query = select(GuaranteeVersion.id).where(
        GuaranteeVersion.product_id == option.product_id,
        in_force(GuaranteeVersion.valid_from, GuaranteeVersion.valid_to, day),
    )
    version_id = db.exec(query).first()
    found = _rows(db, version_id, acts) if version_id else ()
    return {row.terms.code: replace(row, option=option.name) for row in found}


def _versions(db: Session, contract: CoveringContract) -> Iterable[VersionPeriod]:
    """The versions that held during the contract, the latest first."""
    query = (
        select(GuaranteeVersion.id, GuaranteeVersion.valid_from, GuaranteeVersion.valid_to)
        .where(GuaranteeVersion.product_id == contract.product_id)
        .where(or_(col(GuaranteeVersion.valid_to).is_(None), col(GuaranteeVersion.valid_to) >= contract.starts_on))
        .order_by(col(GuaranteeVersion.valid_from).desc())
    )
    last_day = contract.ends_on or date.max
    found = (VersionPeriod(*row) for row in db.connection().execute(query))
    return (version for version in found if version.valid_from <= last_day)


def _rows(db: Session, version_id: int, acts: ActsByRule) -> Iterable[TableRow]:
    return rows_of_rules(db.exec(select(GuaranteeRule).where(GuaranteeRule.version_id == version_id)), acts)


def rows_of_rules(rules: Iterable[GuaranteeRule], acts: ActsByRule) -> Iterable[TableRow]:
    """The rows of a table, in order of clause."""
    for rule in sorted(rules, key=lambda rule: clause_order(rule.clause)):
        yield TableRow(terms_of_rule(rule), Heading(rule.heading), rule.label, rule.clause, acts.get(rule.code, ()))


def clause_order(clause: str) -> tuple[int, ...]:
    """A clause's rank: 2.10 comes after 2.9."""
    return tuple(int(part) if part.isdigit() else 0 for part in clause.split("."))


def terms_of_rule(rule: Any) -> Terms:
    """What a row of the guarantee table grants."""
    return Terms(
        rule.code,
        rule.formula,
        rule.percent,
        rule.amount_cents,
        rule.max_acts,
        rule.max_cents,
        rule.renewal_months,
    )


def acts_by_rule(db: Session, day: date) -> ActsByRule:
    """The acts that each rule applies to, by the rule's code, with their rates on a day."""
    tariff = and_(ActTariff.act_code == Act.code, in_force(ActTariff.valid_from, ActTariff.valid_to, day))
    query = (
        select(ActRule.rule_code, Act.code, Act.label, Act.description, ActTariff)
        .join(Act, col(Act.code) == ActRule.act_code)
        .outerjoin(ActTariff, tariff)
        .order_by(col(ActRule.id))
    )
    found: ActsByRule = {}
    figures = figures_on(db, day)
    for rule_code, code, label, description, row in db.exec(query):
        act = ActOfRule(code, label, description, row.rate_percent if row else None, _lump_of(row, figures))
        found[rule_code] = (*found.get(rule_code, ()), act)
    return found


def _lump_of(row: ActTariff | None, figures: Figures | None) -> int | None:
    if row is None or figures is None or not tariff_of(row).is_heavy_on(figures, quantity=1):
        return None
    return figures.heavy_lump


def names_of(acts: Sequence[ActOfRule]) -> list[str]:
    """The acts' labels, each once."""
    return list(dict.fromkeys(act.label for act in acts))
