"""What imported rows refer to, looked up a batch at a time: contracts, persons, payments, cover, guarantee rules.

For an operator's import only: it acts for no account, so there is no viewer. Dates are ISO text.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, cast, select
from sqlmodel import Session

from portal.data.benefits import Payment
from portal.data.coverage import Beneficiary, Contract, GuaranteeRule, GuaranteeVersion, Product
from portal.data.employees import Employee
from portal.data.loading import among_postgresql, among_sqlite
from portal.data.options import ContractOption
from portal.data.organisations import Agreement, Company, GroupContract, Provider
from portal.data.parameters import Act
from portal.data.persons import Person
from portal.data.practice_moves import former_numbers
from portal.data.staff_categories import StaffCategory
from portal.data.transfers import Transfer

Lookup = Callable[[Session, list[Any]], dict[Any, Any]]


class ContractReference(NamedTuple):
    id: int
    member_id: int
    product_id: int


class GroupReference(NamedTuple):
    id: int
    company_id: int


class Identity(NamedTuple):
    """Who a person is; the birth date is ISO text."""

    last_name: str
    first_name: str
    birth_date: str
    nir_lookup: str | None
    nir_encrypted: bytes | None


class PaymentReference(NamedTuple):
    id: int
    member_id: int


class Period(NamedTuple):
    """From one day to another, both included, ISO text; open when `end` is None."""

    start: str
    end: str | None

    def holds(self, day: str) -> bool:
        """Whether `day` (ISO text) lies within."""
        return self.start <= day and (self.end is None or day <= self.end)

    def meets(self, other: "Period") -> bool:
        """Whether some day lies within both."""
        return self.holds(other.start) or other.holds(self.start)


class Version(NamedTuple):
    """A guarantee version and the ids of its rules by code."""

    id: int
    period: Period
    rules: dict[str, int]


class References:
    """A bounded memory over one of this module's look-ups: what was found is kept, what was not is asked again."""

    SIZE = 50_000

    def __init__(self, db: Session, lookup: Lookup) -> None:
        self._db = db
        self._lookup = lookup
        self._found: dict[Any, Any] = {}

    def load(self, keys: set[Any]) -> dict[Any, Any]:
        """A dictionary that holds at least every known one of `keys`; valid until the next call."""
        if len(self._found) > self.SIZE:
            self._found = {}
        missing = keys.difference(self._found)
        missing.discard(None)
        if missing:
            self._found.update(self._lookup(self._db, list(missing)))
        return self._found


def contracts(db: Session, numbers: list[str]) -> dict[str, ContractReference]:
    """Contracts by number."""
    rows = _among(db, Contract.number, Contract.id, Contract.member_id, Contract.product_id, keys=numbers)
    return {number: ContractReference(*rest) for number, *rest in rows}


def persons(db: Session, references: list[str]) -> dict[str, int]:
    """Ids of persons by the insurer's reference."""
    return dict(_among(db, Person.reference, Person.id, keys=references))


def payments(db: Session, references: list[str]) -> dict[str, PaymentReference]:
    """Payments by reference."""
    rows = _among(db, Payment.reference, Payment.id, Payment.member_id, keys=references)
    return {reference: PaymentReference(*rest) for reference, *rest in rows}


def companies(db: Session, numbers: list[str]) -> dict[str, int]:
    """Ids of companies by SIRET."""
    return dict(_among(db, Company.siret, Company.id, keys=numbers))


def group_contracts(db: Session, numbers: list[str]) -> dict[str, GroupReference]:
    """Group contracts by number."""
    rows = _among(db, GroupContract.number, GroupContract.id, GroupContract.company_id, keys=numbers)
    return {number: GroupReference(*rest) for number, *rest in rows}


def categories(db: Session, keys: list[str]) -> dict[str, int]:
    """Ids of categories of staff, by « number of the group contract/code of the category »."""
    groups = group_contracts(db, [key.partition("/")[0] for key in keys])
    numbers = {reference.id: number for number, reference in groups.items()}
    columns = StaffCategory.group_contract_id, StaffCategory.code, StaffCategory.id
    rows = _among(db, *columns, keys=list(numbers))
    return {f"{numbers[group_id]}/{code}": category_id for group_id, code, category_id in rows}


def identities(db: Session, person_ids: list[int]) -> dict[int, Identity]:
    """Who persons are, by id."""
    columns = Person.last_name, Person.first_name, _iso(Person.birth_date), Person.nir_lookup, Person.nir_encrypted
    return {person_id: Identity(*rest) for person_id, *rest in _among(db, Person.id, *columns, keys=person_ids)}


def employees(db: Session, contract_ids: list[int]) -> dict[int, int]:
    """Ids of employees by the contract that covers them."""
    return dict(_among(db, Employee.contract_id, Employee.id, keys=contract_ids))


def providers(db: Session, numbers: list[str]) -> dict[str, int]:
    """Ids of professionals by RPPS or FINESS, also one that they had."""
    return former_numbers(db, numbers) | dict(_among(db, Provider.national_id, Provider.id, keys=numbers))


def agreements(db: Session, numbers: list[str]) -> dict[str, int]:
    """Ids of agreements by number."""
    return dict(_among(db, Agreement.number, Agreement.id, keys=numbers))


def transfers(db: Session, references: list[str]) -> dict[str, dict[int, int]]:
    """Ids of transfers to professionals by reference, then by practice: another practice may have the same one."""
    found: dict[str, dict[int, int]] = {}
    for reference, provider_id, transfer_id in _among(
        db, Transfer.reference, Transfer.provider_id, Transfer.id, keys=references
    ):
        found.setdefault(reference, {})[provider_id] = transfer_id
    return found


def products(db: Session, codes: list[str]) -> dict[str, int]:
    """Ids of products by code."""
    return dict(_among(db, Product.code, Product.id, keys=codes))


def acts(db: Session, codes: list[str]) -> dict[str, str]:
    """Labels of acts by code."""
    return dict(_among(db, Act.code, Act.label, keys=codes))


def covers(db: Session, contract_ids: list[int]) -> dict[int, dict[int, list[Period]]]:
    """Periods of cover by contract and person."""
    columns = Beneficiary.person_id, _iso(Beneficiary.valid_from), _iso(Beneficiary.valid_to)
    found: dict[int, dict[int, list[Period]]] = {contract_id: {} for contract_id in contract_ids}
    for contract_id, person_id, start, end in _among(db, Beneficiary.contract_id, *columns, keys=contract_ids):
        found[contract_id].setdefault(person_id, []).append(Period(start, end))
    return found


def options(db: Session, contract_ids: list[int]) -> dict[int, list[tuple[int, Period]]]:
    """The options that contracts hold: the option's product, and the period."""
    columns = ContractOption.product_id, _iso(ContractOption.starts_on), _iso(ContractOption.ends_on)
    found: dict[int, list[tuple[int, Period]]] = {contract_id: [] for contract_id in contract_ids}
    for contract_id, product_id, start, end in _among(db, ContractOption.contract_id, *columns, keys=contract_ids):
        found[contract_id].append((product_id, Period(start, end)))
    return found


def versions(db: Session, product_ids: list[int]) -> dict[int, list[Version]]:
    """Guarantee versions by product, the latest first, so that the first one that holds a day is in force."""
    columns = GuaranteeVersion.id, _iso(GuaranteeVersion.valid_from), _iso(GuaranteeVersion.valid_to)
    rows = sorted(_among(db, GuaranteeVersion.product_id, *columns, keys=product_ids), key=lambda row: row[2])
    rules = _rules(db, [row[1] for row in rows])
    found: dict[int, list[Version]] = {product_id: [] for product_id in product_ids}
    for product_id, version_id, start, end in reversed(rows):
        found[product_id].append(Version(version_id, Period(start, end), rules[version_id]))
    return found


def option_periods(db: Session, contract_ids: list[int]) -> dict[int, dict[tuple[int, str], Period]]:
    """When contracts hold which options: by contract, by option and first day."""
    columns = ContractOption.product_id, _iso(ContractOption.starts_on), _iso(ContractOption.ends_on)
    found: dict[int, dict[tuple[int, str], Period]] = {contract_id: {} for contract_id in contract_ids}
    for contract_id, product_id, start, end in _among(db, ContractOption.contract_id, *columns, keys=contract_ids):
        found[contract_id][product_id, start] = Period(start, end)
    return found


def _rules(db: Session, version_ids: list[int]) -> dict[int, dict[str, int]]:
    rules: dict[int, dict[str, int]] = {version_id: {} for version_id in version_ids}
    for version_id, code, rule_id in _among(
        db, GuaranteeRule.version_id, GuaranteeRule.code, GuaranteeRule.id, keys=version_ids
    ):
        rules[version_id][code] = rule_id
    return rules


def _among(db: Session, key: Any, *columns: Any, keys: list[Any]) -> list[tuple[Any, ...]]:
    connection = db.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    statement: Select = select(key, *columns).where(among_sqlite(key) if is_sqlite else among_postgresql(key))
    return [tuple(row) for row in connection.execute(statement, {"keys": json.dumps(keys) if is_sqlite else keys})]


def _iso(column: Any) -> ColumnElement[str]:
    return cast(column, Text)
