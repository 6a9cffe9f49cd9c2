"""Yearly counters per person: flat fee and franchise caps, sessions and ceilings left, renewal dates (R-21).

Only for persons whose lines the viewer may read. Sums are made in the database, on the (person, care date) index.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session

from portal.data.benefits import BenefitLine
from portal.data.coverage import Beneficiary, Contract, GuaranteeRule, GuaranteeVersion
from portal.data.figures import figures_on
from portal.data.options import ContractOption
from portal.data.persons import is_minor_on
from portal.data.rules import acts_counted, add_months, in_period
from portal.data.sessions import Viewer
from portal.data.visibility import Relative, lines_of, visible_scope


class Gauge(NamedTuple):
    """Something used out of a cap: both cents, or both acts."""

    used: int
    cap: int

    @property
    def left(self) -> int:
        """What is left, never negative."""
        return max(0, self.cap - self.used)


@dataclass(frozen=True, slots=True)
class RuleCounter:
    """Where a person stands on one limited rule. `renews_on`: when the oldest counted care stops counting.

    `renewal_months` is None for a limit of the civil year, whose counters start again on 1 January.
    """

    code: str
    label: str
    heading: str
    clause: str
    acts: Gauge | None
    cents: Gauge | None
    renewal_months: int | None
    renews_on: date | None


@dataclass(frozen=True, slots=True)
class PersonCounters:
    """A person's counters. `flat_fee`, `franchise` in cents, None when the year's caps are unknown.

    `is_minor`: on the reference day; minors owe neither.
    """

    person_id: int
    first_name: str
    last_name: str
    is_minor: bool
    flat_fee: Gauge | None
    franchise: Gauge | None
    rules: tuple[RuleCounter, ...]


class _Limit(NamedTuple):
    """A limited rule that covers a person on the reference day."""

    person_id: int
    contract_id: int
    code: str
    label: str
    heading: str
    clause: str
    max_acts: int | None
    max_cents: int | None
    renewal_months: int | None


class _Use(NamedTuple):
    """Care that drew on a rule's limit: acts and cents."""

    person_id: int
    contract_id: int
    code: str
    care_date: date
    acts: int
    cents: int


def counters(db: Session, viewer: Viewer, year: int, today: date) -> list[PersonCounters]:
    """Counters of a civil year, oldest person first: as they stood on 31 December, or stand today for this year."""
    day = min(today, date(year, 12, 31))
    scope = visible_scope(db, viewer, today)
    persons = {relative.person_id: relative for relative in scope.relatives if relative.in_detail}
    if not persons:
        return []
    withheld = _withheld(db, scope.detailed, year)
    limits = _limits(db, scope.detailed, day)
    uses = [*_yearly_uses(db, scope.detailed, year), *_renewable_uses(db, scope.detailed, limits, day)]
    caps = _caps(db, day)
    return [_counters_of(relative, day, caps, withheld, limits, uses) for relative in persons.values()]


def _counters_of(
    relative: Relative,
    day: date,
    caps: tuple[int, int] | None,
    withheld: dict[int, tuple[int, int]],
    limits: Sequence[_Limit],
    uses: Sequence[_Use],
) -> PersonCounters:
    flat_fee, franchise = withheld.get(relative.person_id, (0, 0))
    rules = [_rule_counter(limit, uses) for limit in limits if limit.person_id == relative.person_id]
    return PersonCounters(
        relative.person_id,
        relative.first_name,
        relative.last_name,
        is_minor_on(relative.birth_date, day),
        Gauge(flat_fee, caps[0]) if caps else None,
        Gauge(franchise, caps[1]) if caps else None,
        tuple(rule for rule in rules if rule is not None),
    )


def _caps(db: Session, day: date) -> tuple[int, int] | None:
    figures = figures_on(db, day)
    return None if figures is None else (figures.flat_fee_year_cap, figures.franchise_year_cap)


def _rule_counter(limit: _Limit, uses: Iterable[_Use]) -> RuleCounter | None:
    """A rule's counter; None for a renewable right that was not used, which has nothing to tell yet."""
    key = (limit.person_id, limit.contract_id, limit.code)
    mine = [use for use in uses if use[:3] == key and (use.acts or use.cents)]
    acts, cents = sum(use.acts for use in mine), sum(use.cents for use in mine)
    if limit.renewal_months and acts <= 0 and cents <= 0:
        return None
    return RuleCounter(
        limit.code,
        limit.label,
        limit.heading,
        limit.clause,
        None if limit.max_acts is None else Gauge(acts, limit.max_acts),
        None if limit.max_cents is None else Gauge(cents, limit.max_cents),
        limit.renewal_months,
        _renewal(mine, limit.renewal_months),
    )


def _renewal(uses: Sequence[_Use], months: int | None) -> date | None:
    """The day when the oldest care that was not taken back stops counting."""
    if months is None:
        return None
    by_day: dict[date, int] = {}
    for use in uses:
        by_day[use.care_date] = by_day.get(use.care_date, 0) + use.cents
    return min((add_months(day, months) for day, cents in by_day.items() if cents > 0), default=None)


def _withheld(db: Session, persons: dict[int, tuple[int, ...]], year: int) -> dict[int, tuple[int, int]]:
    """Flat fees and franchises of the year, in cents, by person."""
    statement = (
        select(
            BenefitLine.person_id,
            func.sum(BenefitLine.flat_fee_cents),
            func.sum(BenefitLine.franchise_cents),
        )
        .where(lines_of(persons), BenefitLine.care_date.between(date(year, 1, 1), date(year, 12, 31)))
        .group_by(BenefitLine.person_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in db.connection().execute(statement)}


def _limits(db: Session, persons: dict[int, tuple[int, ...]], day: date) -> list[_Limit]:
    """The limited rules of the versions in force on `day`, for each person covered on that day."""
    covered = [
        and_(Contract.member_id == member_id, Beneficiary.person_id.in_(person_ids))
        for member_id, person_ids in persons.items()
    ]
    is_option = GuaranteeVersion.product_id != Contract.product_id
    rule_columns = [getattr(GuaranteeRule, name) for name in _Limit._fields[2:]]
    statement = (
        select(Beneficiary.person_id, Contract.id, *rule_columns)
        .join(Contract, Contract.id == Beneficiary.contract_id)
        .join(GuaranteeVersion, or_(GuaranteeVersion.product_id == Contract.product_id, _is_held(day)))
        .join(GuaranteeRule, GuaranteeRule.version_id == GuaranteeVersion.id)
        .where(or_(*covered))
        .where(or_(GuaranteeRule.max_acts.is_not(None), GuaranteeRule.max_cents.is_not(None)))
        .where(
            _in_force(Contract.starts_on, Contract.ends_on, day),
            _in_force(Beneficiary.valid_from, Beneficiary.valid_to, day),
            _in_force(GuaranteeVersion.valid_from, GuaranteeVersion.valid_to, day),
        )
        .order_by(Beneficiary.person_id, GuaranteeRule.heading, GuaranteeRule.code, is_option)
    )
    found = (_Limit(*row) for row in db.connection().execute(statement))
    return list({(limit.person_id, limit.contract_id, limit.code): limit for limit in found}.values())


def _is_held(day: date) -> ColumnElement[bool]:
    """The version is of an option that the contract holds: its limits take the place of those with the same code."""
    held = (ContractOption.contract_id == Contract.id, ContractOption.product_id == GuaranteeVersion.product_id)
    on = _in_force(ContractOption.starts_on, ContractOption.ends_on, day)
    condition: ColumnElement[bool] = select(ContractOption.id).where(*held, on).exists()
    return condition


def _in_force(start: Any, end: Any, day: date) -> ColumnElement[bool]:
    return and_(start <= day, or_(end.is_(None), end >= day))


def _yearly_uses(db: Session, persons: dict[int, tuple[int, ...]], year: int) -> list[_Use]:
    """Sums of the year by person, contract and rule without a renewal period; their date is 1 January."""
    start = date(year, 1, 1)
    paid, quantity = BenefitLine.supplementary_cents, BenefitLine.quantity
    statement = (
        select(
            BenefitLine.person_id,
            BenefitLine.contract_id,
            GuaranteeRule.code,
            func.sum(case((paid > 0, quantity), (paid < 0, -quantity), else_=0)),
            func.sum(paid),
        )
        .join(GuaranteeRule, GuaranteeRule.id == BenefitLine.rule_id)
        .where(lines_of(persons), BenefitLine.care_date.between(start, date(year, 12, 31)))
        .where(GuaranteeRule.renewal_months.is_(None))
        .group_by(BenefitLine.person_id, BenefitLine.contract_id, GuaranteeRule.code)
    )
    return [
        _Use(person_id, contract_id, code, start, int(acts), int(cents))
        for person_id, contract_id, code, acts, cents in db.connection().execute(statement)
    ]


def _renewable_uses(
    db: Session, persons: dict[int, tuple[int, ...]], limits: Sequence[_Limit], day: date
) -> list[_Use]:
    """The lines that still weigh on renewable rights on `day`."""
    months = {limit.code: limit.renewal_months for limit in limits if limit.renewal_months}
    if not months:
        return []
    statement = (
        select(
            BenefitLine.person_id,
            BenefitLine.contract_id,
            GuaranteeRule.code,
            BenefitLine.care_date,
            BenefitLine.quantity,
            BenefitLine.supplementary_cents,
        )
        .join(GuaranteeRule, GuaranteeRule.id == BenefitLine.rule_id)
        .where(lines_of(persons), GuaranteeRule.code.in_(months))
        .where(BenefitLine.care_date > add_months(day, -max(months.values())), BenefitLine.care_date <= day)
    )
    return [
        _Use(person_id, contract_id, code, care_date, acts_counted(quantity, cents), cents)
        for person_id, contract_id, code, care_date, quantity, cents in db.connection().execute(statement)
        if in_period(care_date, day, months[code])
    ]
