"""Kinds of what a practice has: agreement-amendments, provider-addresses, provider-bank-details."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.agreements import AgreementAmendment
from portal.data.loading import Row, Target
from portal.data.practice_addresses import PracticeAddress
from portal.data.practice_bank import PracticeBankDetails
from portal.data.references import References, agreements, providers
from portal.importing.directory import postcode
from portal.importing.kinds import Kind, PlainResolver, known
from portal.importing.reimbursing import sealed_details
from portal.importing.values import code, day, integer, national_id, optional, remembered, required, words
from portal.security import Keyring

PRACTICE = "le professionnel"


class AmendmentRecord(NamedTuple):
    agreement: str
    number: int
    subject: str
    effective_on: str
    signed_on: str | None


class AddressRecord(NamedTuple):
    provider: str
    since: str
    address: str
    postcode: str
    city: str


class BankRecord(NamedTuple):
    provider: str
    iban: str
    holder: str
    since: str


class AmendmentResolver(PlainResolver):
    """Finds the agreement."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._agreements = References(db, agreements)
        self._found: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._agreements.load({record.agreement for record in records})

    def row(self, record: Any) -> Row:
        return (known(self._found, record.agreement, "agreement", "la convention"), *record[1:])


class PracticeResolver(PlainResolver):
    """Finds the practice, by the number that it has or had."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._providers = References(db, providers)
        self._found: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._providers.load({record.provider for record in records})

    def row(self, record: Any) -> Row:
        return (known(self._found, record.provider, "provider", PRACTICE), *record[1:])


class PracticeBankResolver(PracticeResolver):
    """Stores the IBAN as that of a member is stored. What the insurer reports needs no approval."""

    def row(self, record: Any) -> Row:
        provider_id = known(self._found, record.provider, "provider", PRACTICE)
        (*shown, iban, holder), bic = sealed_details(self._keyring, record.iban, record.holder)
        return (provider_id, record.since, *shown, bic, False, iban, holder)


_PRACTICE, _DAY, _WORDS = remembered(required(national_id)), remembered(required(day)), required(words)

AGREEMENT_AMENDMENTS = Kind(
    "agreement-amendments",
    AmendmentRecord,
    {
        "agreement": required(code),
        "number": required(integer(1)),
        "subject": _WORDS,
        "effective_on": _DAY,
        "signed_on": optional(day),
    },
    Target(
        AgreementAmendment,
        ("agreement_id", "number"),
        ("agreement_id", "number", "subject", "effective_on", "signed_on"),
    ),
    AmendmentResolver,
)

PROVIDER_ADDRESSES = Kind(
    "provider-addresses",
    AddressRecord,
    {"provider": _PRACTICE, "since": _DAY, "address": _WORDS, "postcode": required(postcode), "city": _WORDS},
    Target(
        PracticeAddress,
        ("provider_id", "valid_from"),
        ("provider_id", "valid_from", "address", "postcode", "city"),
    ),
    PracticeResolver,
)

PROVIDER_BANK_DETAILS = Kind(
    "provider-bank-details",
    BankRecord,
    {"provider": _PRACTICE, "iban": _WORDS, "holder": _WORDS, "since": _DAY},
    Target(
        PracticeBankDetails,
        ("provider_id", "reported_on"),
        ("provider_id", "reported_on", "iban_lookup", "masked", "bank", "bic", "needs_approval"),
        unseen=("iban_encrypted", "holder_encrypted"),
    ),
    PracticeBankResolver,
)
