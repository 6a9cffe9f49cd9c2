"""Kind of the accounts from which companies' contributions are debited: company-bank-details."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.company_bank import CompanyBankDetails
from portal.data.loading import Row, Target
from portal.data.references import References, companies
from portal.importing.kinds import Kind, PlainResolver, known
from portal.importing.reimbursing import sealed_details
from portal.importing.values import day, required, siret, words
from portal.security import Keyring


class CompanyBankRecord(NamedTuple):
    company: str
    iban: str
    holder: str
    since: str


class CompanyBankResolver(PlainResolver):
    """Finds the company; stores the IBAN as that of a member is stored. What the insurer reports needs no approval."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._companies = References(db, companies)
        self._found: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._companies.load({record.company for record in records})

    def row(self, record: Any) -> Row:
        company_id = known(self._found, record.company, "company", "l’entreprise")
        (*shown, iban, holder), bic = sealed_details(self._keyring, record.iban, record.holder)
        return (company_id, record.since, *shown, bic, False, iban, holder)


COMPANY_BANK_DETAILS = Kind(
    "company-bank-details",
    CompanyBankRecord,
    {"company": required(siret), "iban": required(words), "holder": required(words), "since": required(day)},
    Target(
        CompanyBankDetails,
        ("company_id", "reported_on"),
        ("company_id", "reported_on", "iban_lookup", "masked", "bank", "bic", "needs_approval"),
        unseen=("iban_encrypted", "holder_encrypted"),
    ),
    CompanyBankResolver,
)
