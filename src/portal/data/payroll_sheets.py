"""The monthly sheet of payroll codes (fiche de paramétrage DSN): what to declare for each category, and what changed.

A sheet is computed from dated rows: codes, rates, the ceiling. Where one of them changes within the month, the sheet
has several stretches, each of days on which the same holds.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from portal.data.contributions import Structure
from portal.data.group_figures import CODES
from portal.data.organisations import GroupContract
from portal.data.parameters import Parameter
from portal.data.payroll_codes import PayrollCode, PayrollSetting
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.data.staff_categories import CategoryRate, Price, StaffCategory, price_of

ONE_DAY = timedelta(days=1)


class Item(StrEnum):
    """What a sheet says, of the contract first, then of a category in a structure."""

    REFERENCE = "reference"
    ORGANISM = "organisme"
    DELEGATE = "delegataire"
    POPULATION = "population"
    OPTION = "option"
    RATE = "taux"
    CEILING = "plafond"
    EMPLOYER_PERCENT = "part_employeur"
    MONTH = "montant"
    EMPLOYER = "montant_employeur"


class Key(NamedTuple):
    """What an item is of: a category in a structure, or the contract (neither)."""

    category_id: int = 0
    structure: str = ""


# Values by item: texts; ten-thousandths for RATE, None for a fixed amount; cents; None for what is not known yet.
Values = dict[Item, Any]
State = dict[Key, Values]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of a month, both included, on which the same holds."""

    since: date
    until: date
    state: State


@dataclass(frozen=True, slots=True)
class Change:
    """What is declared otherwise from a day on. `item` None: the whole line begins (`after` True) or ends."""

    day: date
    key: Key
    item: Item | None
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Sheet:
    """A contract's sheet of the month that begins on `month`; no stretch when the contract is not in force then."""

    contract: GroupContract
    month: date
    categories: tuple[StaffCategory, ...]
    stretches: tuple[Stretch, ...]
    changes: tuple[Change, ...]
    is_first: bool

    @property
    def is_complete(self) -> bool:
        """Whether each code and amount is known."""
        states = [stretch.state for stretch in self.stretches]
        return all(value is not None for state in states for value in _needed(state))


def find_group_contract(db: Session, viewer: Viewer, contract_id: int) -> GroupContract | None:
    """A contract of the viewer's company; None when it is another's."""
    query = select(GroupContract).where(GroupContract.id == contract_id)
    return db.exec(query.where(GroupContract.company_id == viewer.company_id)).first()


def month_sheet(db: Session, contract: GroupContract, month: date) -> Sheet:
    """The sheet of a month, and what it changes since the last day of the month before. The caller has reached the
    contract through its owner."""
    facts = _facts(db, contract)
    before, last = month - ONE_DAY, add_months(month, 1) - ONE_DAY
    days = sorted({month, *(day for day in _turns(facts) if month <= day <= last)})
    ends = [*(day - ONE_DAY for day in days[1:]), last]
    told = [Stretch(since, until, _state_on(facts, since)) for since, until in zip(days, ends, strict=True)]
    held = _joined(told)
    earlier = _state_on(facts, before)
    is_first = not earlier and any(stretch.state for stretch in held)
    changes = () if is_first else tuple(_changes(earlier, held))
    return Sheet(contract, month, facts.categories, tuple(each for each in held if each.state), changes, is_first)


def digest_of(changes: Sequence[Change]) -> str:
    """What tells one set of changes from another."""
    told = [(each.day.isoformat(), *each.key, each.item, each.before, each.after) for each in changes]
    return hashlib.sha256(repr(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Facts:
    contract: GroupContract
    categories: tuple[StaffCategory, ...]
    settings: Sequence[PayrollSetting]
    codes: Sequence[PayrollCode]
    rates: Sequence[CategoryRate]
    ceilings: Sequence[Parameter]


def _facts(db: Session, contract: GroupContract) -> _Facts:
    """All that the sheets of a contract are made of; rows that hold until the next one, the latest first."""
    categories = select(StaffCategory).where(StaffCategory.group_contract_id == contract.id)
    held = tuple(db.exec(categories.order_by(col(StaffCategory.label), col(StaffCategory.id))))
    ids = [category.id for category in held]
    settings = select(PayrollSetting).where(PayrollSetting.group_contract_id == contract.id)
    codes = select(PayrollCode).where(col(PayrollCode.category_id).in_(ids))
    return _Facts(
        contract,
        held,
        db.exec(settings.order_by(col(PayrollSetting.valid_from).desc())).all(),
        db.exec(codes.order_by(col(PayrollCode.valid_from).desc())).all(),
        db.exec(select(CategoryRate).where(col(CategoryRate.category_id).in_(ids))).all(),
        db.exec(select(Parameter).where(Parameter.code == CODES["ceiling_cents"])).all(),
    )


def _turns(facts: _Facts) -> Iterator[date]:
    """The days from which something may hold that did not the day before."""
    yield facts.contract.starts_on
    periods: Iterable[Any] = (*facts.rates, *facts.ceilings)
    ends = [facts.contract.ends_on, *(each.valid_to for each in periods)]
    yield from (end + ONE_DAY for end in ends if end is not None and end < date.max)
    starts: Iterable[Any] = (*facts.settings, *facts.codes, *periods)
    yield from (each.valid_from for each in starts)


def _state_on(facts: _Facts, day: date) -> State:
    contract = facts.contract
    if day < contract.starts_on or (contract.ends_on is not None and day > contract.ends_on):
        return {}
    ceiling = next((each.value for each in facts.ceilings if _holds(each, day)), None)
    state = {Key(): _contract_values(facts, day)}
    for category in facts.categories:
        for structure in Structure:
            rate = next((each for each in facts.rates if _is_rate(each, category, structure, day)), None)
            if rate is not None:
                codes = _latest(facts.codes, day, _of_line, (category.id, structure))
                state[Key(category.id or 0, structure)] = _line_values(category, rate, ceiling, codes)
    return state


def _contract_values(facts: _Facts, day: date) -> Values:
    setting = _latest(facts.settings, day, lambda row: row.group_contract_id, facts.contract.id)
    return {
        Item.REFERENCE: setting.reference if setting else facts.contract.number,
        Item.ORGANISM: setting.organism_code if setting else None,
        Item.DELEGATE: setting.delegate_code if setting else "",
    }


def _line_values(category: StaffCategory, rate: CategoryRate, ceiling: int | None, codes: PayrollCode | None) -> Values:
    price: Price | None = price_of(rate, ceiling)
    return {
        Item.POPULATION: category.code,
        Item.OPTION: codes.option_code if codes else None,
        Item.RATE: rate.pmss_rate,
        Item.CEILING: ceiling if rate.pmss_rate is not None else rate.month_cents,
        Item.EMPLOYER_PERCENT: rate.employer_percent,
        Item.MONTH: price.month_cents if price else None,
        Item.EMPLOYER: price.employer_cents if price else None,
    }


def _latest(rows: Sequence[Any], day: date, key: Any, wanted: Any) -> Any:
    """The row of `wanted` that began last by a day; rows come the latest first."""
    return next((row for row in rows if row.valid_from <= day and key(row) == wanted), None)


def _of_line(row: PayrollCode) -> tuple[int, str]:
    return row.category_id, row.structure


def _is_rate(rate: CategoryRate, category: StaffCategory, structure: Structure, day: date) -> bool:
    return rate.category_id == category.id and rate.structure == structure and _holds(rate, day)


def _holds(row: Any, day: date) -> bool:
    return bool(row.valid_from <= day and (row.valid_to is None or day <= row.valid_to))


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same days in as few stretches as can be."""
    joined: list[Stretch] = []
    for stretch in stretches:
        if joined and joined[-1].state == stretch.state:
            joined[-1] = Stretch(joined[-1].since, stretch.until, stretch.state)
        else:
            joined.append(stretch)
    return joined


def _changes(earlier: State, stretches: Iterable[Stretch]) -> Iterator[Change]:
    for stretch in stretches:
        for key in dict.fromkeys((*earlier, *stretch.state)):
            yield from _changes_of(stretch.since, key, earlier.get(key), stretch.state.get(key))
        earlier = stretch.state


def _changes_of(day: date, key: Key, before: Values | None, after: Values | None) -> Iterator[Change]:
    if before is None or after is None:
        yield Change(day, key, None, before is not None, after is not None)
        return
    for item in after:
        if before[item] != after[item]:
            yield Change(day, key, item, before[item], after[item])


def _needed(state: State) -> Iterator[Any]:
    for values in state.values():
        yield from (value for item, value in values.items() if item is not Item.RATE)
