"""Kinds of companies' staff: staff-categories, category-rates, employees, employment-periods."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.contributions import Structure
from portal.data.employees import Employee, EmploymentPeriod, PeriodKind, search_text
from portal.data.loading import Row, Target
from portal.data.references import (
    ContractReference,
    GroupReference,
    Identity,
    References,
    categories,
    contracts,
    employees,
    group_contracts,
    identities,
    products,
)
from portal.data.staff_categories import CategoryRate, StaffCategory
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.problems import RejectedRow
from portal.importing.values import (
    amount,
    boolean,
    choice,
    code,
    day,
    email,
    integer,
    optional,
    remembered,
    required,
    words,
)
from portal.security import Keyring

GROUP = "le contrat de groupe"


class CategoryRecord(NamedTuple):
    group_contract: str
    code: str
    label: str
    definition: str
    product: str
    mandatory: bool


class RateRecord(NamedTuple):
    group_contract: str
    category: str
    structure: str
    valid_from: str
    valid_to: str | None
    pmss_rate: int | None
    month: int | None
    employer_percent: int


class EmployeeRecord(NamedTuple):
    group_contract: str
    contract: str
    matricule: str | None
    usage_name: str
    email: str
    hired_on: str


class PeriodRecord(NamedTuple):
    group_contract: str
    contract: str
    category: str
    kind: str
    starts_on: str
    ends_on: str | None


class CategoryResolver(PlainResolver):
    """Finds the group contract and the product."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._groups, self._products = References(db, group_contracts), References(db, products)
        self._found: dict[str, GroupReference] = {}
        self._ranges: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._groups.load({record.group_contract for record in records})
        self._ranges = self._products.load({record.product for record in records})

    def row(self, record: Any) -> Row:
        group = known(self._found, record.group_contract, "group_contract", GROUP)
        product_id = known(self._ranges, record.product, "product", "le produit")
        return (group.id, *record[1:4], product_id, record.mandatory)


class RateResolver(PlainResolver):
    """Finds the category."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._categories = References(db, categories)
        self._found: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._categories.load({f"{record.group_contract}/{record.category}" for record in records})

    def row(self, record: Any) -> Row:
        key = f"{record.group_contract}/{record.category}"
        return (known(self._found, key, "category", "la catégorie"), *record[2:])


class EmployeeResolver(PlainResolver):
    """Finds the group contract, and the member under whose contract the employee is covered."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._groups, self._contracts = References(db, group_contracts), References(db, contracts)
        self._persons = References(db, identities)
        self._found: dict[str, GroupReference] = {}
        self._covering: dict[str, ContractReference] = {}
        self._members: dict[int, Identity] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._groups.load({record.group_contract for record in records})
        self._covering = self._contracts.load({record.contract for record in records})
        held = (self._covering.get(record.contract) for record in records)
        self._members = self._persons.load({contract.member_id for contract in held if contract})

    def row(self, record: Any) -> Row:
        group = known(self._found, record.group_contract, "group_contract", GROUP)
        contract = known(self._covering, record.contract, "contract", "le contrat")
        who = self._members[contract.member_id]
        names = (who.last_name, record.usage_name, who.first_name)
        search = search_text(*names, record.matricule)
        keys = (group.company_id, group.id, contract.id, contract.member_id)
        given = (record.matricule, *names, who.birth_date, record.email, record.hired_on, search)
        return (*keys, *given, "general", False, 1, who.nir_lookup, who.nir_encrypted)


class PeriodResolver(PlainResolver):
    """Finds the employee and the category."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._categories, self._contracts = References(db, categories), References(db, contracts)
        self._employees = References(db, employees)
        self._found: dict[str, int] = {}
        self._covering: dict[str, ContractReference] = {}
        self._staff: dict[int, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._categories.load({f"{record.group_contract}/{record.category}" for record in records})
        self._covering = self._contracts.load({record.contract for record in records})
        held = (self._covering.get(record.contract) for record in records)
        self._staff = self._employees.load({contract.id for contract in held if contract})

    def row(self, record: Any) -> Row:
        contract = known(self._covering, record.contract, "contract", "le contrat")
        employee_id = self._staff.get(contract.id)
        if employee_id is None:
            raise RejectedRow("contract", record.contract, "aucun salarié n’est couvert par ce contrat")
        category_id = known(self._found, f"{record.group_contract}/{record.category}", "category", "la catégorie")
        return (employee_id, category_id, *record[3:])


def _check_rate(record: Any) -> None:
    check_period(record.valid_from, record.valid_to)
    if (record.pmss_rate is None) is (record.month is None):
        raise RejectedRow("month", "", "donnez soit pmss_rate, soit month")


def _check_period(record: Any) -> None:
    check_period(record.starts_on, record.ends_on, "ends_on")


_CODE = required(code)
_DAY = remembered(required(day))
_DAY_OR_NONE = remembered(optional(day))

STAFF_CATEGORIES = Kind(
    "staff-categories",
    CategoryRecord,
    {
        "group_contract": _CODE,
        "code": _CODE,
        "label": required(words),
        "definition": optional(words, ""),
        "product": _CODE,
        "mandatory": optional(boolean, True),
    },
    Target(
        StaffCategory,
        ("group_contract_id", "code"),
        ("group_contract_id", "code", "label", "definition", "product_id", "is_mandatory"),
    ),
    CategoryResolver,
    booleans=frozenset({"mandatory"}),
)

CATEGORY_RATES = Kind(
    "category-rates",
    RateRecord,
    {
        "group_contract": _CODE,
        "category": _CODE,
        "structure": required(choice(Structure)),
        "valid_from": _DAY,
        "valid_to": _DAY_OR_NONE,
        "pmss_rate": optional(integer(0, 10_000)),
        "month": optional(amount),
        "employer_percent": required(integer(0, 100)),
    },
    Target(
        CategoryRate,
        ("category_id", "structure", "valid_from"),
        ("category_id", "structure", "valid_from", "valid_to", "pmss_rate", "month_cents", "employer_percent"),
    ),
    RateResolver,
    check=_check_rate,
)

EMPLOYEES = Kind(
    "employees",
    EmployeeRecord,
    {
        "group_contract": _CODE,
        "contract": _CODE,
        "matricule": optional(code),
        "usage_name": optional(words, ""),
        "email": optional(email, ""),
        "hired_on": _DAY,
    },
    Target(
        Employee,
        ("contract_id",),
        (
            "company_id",
            "group_contract_id",
            "contract_id",
            "person_id",
            "matricule",
            "last_name",
            "usage_name",
            "first_name",
            "birth_date",
            "email",
            "hired_on",
            "search",
        ),
        unseen=("regime", "is_identity_doubtful", "version", "nir_lookup", "nir_encrypted"),
    ),
    EmployeeResolver,
)

EMPLOYMENT_PERIODS = Kind(
    "employment-periods",
    PeriodRecord,
    {
        "group_contract": _CODE,
        "contract": _CODE,
        "category": _CODE,
        "kind": optional(choice(PeriodKind), PeriodKind.AFFILIATED.value),
        "starts_on": _DAY,
        "ends_on": _DAY_OR_NONE,
    },
    Target(
        EmploymentPeriod,
        ("employee_id", "starts_on"),
        ("employee_id", "category_id", "kind", "starts_on", "ends_on"),
    ),
    PeriodResolver,
    check=_check_period,
)
