"""Kinds of who signs with the insurer: companies and their group contracts, professionals and their agreements."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.loading import Row, Target
from portal.data.organisations import Agreement, Company, GroupContract, Provider
from portal.data.practice_moves import read_moves
from portal.data.references import References, companies, providers
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.values import boolean, code, day, email, national_id, optional, remembered, required, siret, words
from portal.security import Keyring


class CompanyRecord(NamedTuple):
    siret: str
    name: str
    email: str


class GroupContractRecord(NamedTuple):
    number: str
    company: str
    signatory_last_name: str
    signatory_first_name: str
    starts_on: str
    ends_on: str | None
    responsible: bool


class ProviderRecord(NamedTuple):
    national_id: str
    profession: str
    name: str
    email: str


class AgreementRecord(NamedTuple):
    number: str
    provider: str
    starts_on: str
    ends_on: str | None


class GroupContractResolver(PlainResolver):
    """Finds the company."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._companies = References(db, companies)
        self._signing: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._signing = self._companies.load({record.company for record in records})

    def row(self, record: Any) -> Row:
        return (record.number, known(self._signing, record.company, "company", "l’entreprise"), *record[2:])


class AgreementResolver(PlainResolver):
    """Finds the professional."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._providers = References(db, providers)
        self._agreeing: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._agreeing = self._providers.load({record.provider for record in records})

    def row(self, record: Any) -> Row:
        return (record.number, known(self._agreeing, record.provider, "provider", "le professionnel"), *record[2:])


class ProviderResolver(PlainResolver):
    """A practice that has taken another number since the file was made is still the same."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._moves = read_moves(db)

    def row(self, record: Any) -> Row:
        return tuple(record._replace(national_id=self._moves.number_since(record.national_id)))


def _check_period(record: Any) -> None:
    check_period(record.starts_on, record.ends_on, "ends_on")


_DAY = remembered(required(day))
_DAY_OR_NONE = remembered(optional(day))

COMPANIES = Kind(
    "companies",
    CompanyRecord,
    {"siret": required(siret), "name": required(words), "email": optional(email, "")},
    Target(Company, ("siret",), CompanyRecord._fields),
)

GROUP_CONTRACTS = Kind(
    "group-contracts",
    GroupContractRecord,
    {
        "number": required(code),
        "company": required(siret),
        "signatory_last_name": required(words),
        "signatory_first_name": required(words),
        "starts_on": _DAY,
        "ends_on": _DAY_OR_NONE,
        "responsible": optional(boolean, True),
    },
    Target(
        GroupContract,
        ("number",),
        (
            "number",
            "company_id",
            "signatory_last_name",
            "signatory_first_name",
            "starts_on",
            "ends_on",
            "is_responsible",
        ),
    ),
    GroupContractResolver,
    check=_check_period,
    booleans=frozenset({"responsible"}),
)

PROVIDERS = Kind(
    "providers",
    ProviderRecord,
    {
        "national_id": required(national_id),
        "profession": required(words),
        "name": required(words),
        "email": optional(email, ""),
    },
    Target(Provider, ("national_id",), ProviderRecord._fields),
    ProviderResolver,
)

AGREEMENTS = Kind(
    "agreements",
    AgreementRecord,
    {"number": required(code), "provider": required(national_id), "starts_on": _DAY, "ends_on": _DAY_OR_NONE},
    Target(Agreement, ("number",), ("number", "provider_id", "starts_on", "ends_on")),
    AgreementResolver,
    check=_check_period,
)
