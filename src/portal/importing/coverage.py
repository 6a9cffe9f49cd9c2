"""Kinds of who is covered: persons, contracts, beneficiaries."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.coverage import Beneficiary, Contract, ContractKind, Relationship
from portal.data.loading import Row, Target
from portal.data.options import ContractOption
from portal.data.persons import Person
from portal.data.references import ContractReference, Period, References, contracts, option_periods, persons, products
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.problems import RejectedRow
from portal.importing.values import (
    boolean,
    choice,
    code,
    day,
    email,
    integer,
    nir,
    optional,
    remembered,
    required,
    words,
)
from portal.security import Keyring


class PersonRecord(NamedTuple):
    reference: str
    last_name: str
    first_name: str
    birth_date: str
    nir: str | None
    email: str


class ContractRecord(NamedTuple):
    number: str
    kind: str
    member: str
    product: str
    member_number: str
    regime: str
    responsible: bool
    starts_on: str
    ends_on: str | None


class BeneficiaryRecord(NamedTuple):
    contract: str
    person: str
    relationship: str
    birth_rank: int
    valid_from: str
    valid_to: str | None


class PersonResolver(PlainResolver):
    """Stores the NIR encrypted, beside the keyed hash that finds it."""

    def row(self, record: Any) -> Row:
        number = record.nir
        sealed = (self._keyring.lookup(number), self._keyring.encrypt(number)) if number else (None, None)
        return (*record[:4], record.email, *sealed)


class ContractResolver(PlainResolver):
    """Finds the member and the product."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._persons, self._products = References(db, persons), References(db, products)
        self._members: dict[str, int] = {}
        self._ranges: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._members = self._persons.load({record.member for record in records})
        self._ranges = self._products.load({record.product for record in records})

    def row(self, record: Any) -> Row:
        member_id = known(self._members, record.member, "member", "l’adhérent")
        product_id = known(self._ranges, record.product, "product", "le produit")
        return (record.number, record.kind, member_id, product_id, *record[4:])


class BeneficiaryResolver(PlainResolver):
    """Finds the contract and the person."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._persons, self._contracts = References(db, persons), References(db, contracts)
        self._covered: dict[str, int] = {}
        self._covering: dict[str, ContractReference] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._covered = self._persons.load({record.person for record in records})
        self._covering = self._contracts.load({record.contract for record in records})

    def row(self, record: Any) -> Row:
        contract = known(self._covering, record.contract, "contract", "le contrat")
        person_id = known(self._covered, record.person, "person", "la personne")
        return (contract.id, person_id, *record[2:])


def _check_contract(record: Any) -> None:
    check_period(record.starts_on, record.ends_on, "ends_on")


def _check_cover(record: Any) -> None:
    check_period(record.valid_from, record.valid_to)


_CODE = required(code)
_DAY = remembered(required(day))
_DAY_OR_NONE = remembered(optional(day))

PERSONS = Kind(
    "persons",
    PersonRecord,
    {
        "reference": _CODE,
        "last_name": required(words),
        "first_name": required(words),
        "birth_date": _DAY,
        "nir": optional(nir),
        "email": optional(email, ""),
    },
    Target(
        Person,
        ("reference",),
        ("reference", "last_name", "first_name", "birth_date", "email", "nir_lookup"),
        unseen=("nir_encrypted",),
    ),
    PersonResolver,
)

CONTRACTS = Kind(
    "contracts",
    ContractRecord,
    {
        "number": _CODE,
        "kind": required(choice(ContractKind)),
        "member": _CODE,
        "product": _CODE,
        "member_number": _CODE,
        "regime": optional(code, "general"),
        "responsible": optional(boolean, True),
        "starts_on": _DAY,
        "ends_on": _DAY_OR_NONE,
    },
    Target(
        Contract,
        ("number",),
        (
            "number",
            "kind",
            "member_id",
            "product_id",
            "member_number",
            "regime",
            "is_responsible",
            "starts_on",
            "ends_on",
        ),
        pinned=("member_id",),
    ),
    ContractResolver,
    check=_check_contract,
    booleans=frozenset({"responsible"}),
)

BENEFICIARIES = Kind(
    "beneficiaries",
    BeneficiaryRecord,
    {
        "contract": _CODE,
        "person": _CODE,
        "relationship": required(choice(Relationship)),
        "birth_rank": optional(integer(1, 9), 1),
        "valid_from": _DAY,
        "valid_to": _DAY_OR_NONE,
    },
    Target(
        Beneficiary,
        ("contract_id", "person_id", "valid_from"),
        ("contract_id", "person_id", "relationship", "birth_rank", "valid_from", "valid_to"),
    ),
    BeneficiaryResolver,
    check=_check_cover,
)


class ContractOptionRecord(NamedTuple):
    contract: str
    product: str
    starts_on: str
    ends_on: str | None


class ContractOptionResolver(PlainResolver):
    """Finds the contract and the option, and sees to it that a contract holds an option once on a day."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._contracts, self._products = References(db, contracts), References(db, products)
        self._holding: dict[str, ContractReference] = {}
        self._options: dict[str, int] = {}
        self._periods: dict[int, dict[tuple[int, str], Period]] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._holding = self._contracts.load({record.contract for record in records})
        self._options = self._products.load({record.product for record in records})
        fresh = {contract.id for contract in self._holding.values()} - self._periods.keys()
        self._periods |= option_periods(self._db, sorted(fresh))

    def row(self, record: Any) -> Row:
        contract = known(self._holding, record.contract, "contract", "le contrat")
        option_id = known(self._options, record.product, "product", "l’option")
        self._hold(contract.id, option_id, Period(record.starts_on, record.ends_on))
        return (contract.id, option_id, *record[2:])

    def _hold(self, contract_id: int, option_id: int, period: Period) -> None:
        held = self._periods[contract_id]
        for (other_id, start), other in held.items():
            if other_id == option_id and start != period.start and other.meets(period):
                raise RejectedRow(
                    "starts_on", period.start, f"le contrat a déjà cette option depuis le {start} : terminez-la d’abord"
                )
        held[option_id, period.start] = period


CONTRACT_OPTIONS = Kind(
    "contract-options",
    ContractOptionRecord,
    {"contract": _CODE, "product": _CODE, "starts_on": _DAY, "ends_on": _DAY_OR_NONE},
    Target(
        ContractOption,
        ("contract_id", "product_id", "starts_on"),
        ("contract_id", "product_id", "starts_on", "ends_on"),
    ),
    ContractOptionResolver,
    check=_check_contract,
)
