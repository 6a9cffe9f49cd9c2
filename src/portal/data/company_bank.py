"""The account from which a company's contributions are debited, with the SEPA mandate that allows it (R-31).

`organisation_bank` changes it; giving an account is signing a mandate.
"""

import secrets
from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, col, select

from portal.data.accounts import Role
from portal.data.columns import Index
from portal.data.organisation_bank import change_waiting
from portal.data.organisation_banks import BankOwner, BankRuleColumns, OrganisationBankColumns
from portal.data.organisations import Company
from portal.data.sessions import Viewer
from portal.data.waiting import Waiting
from portal.security import Keyring


class CompanyBankDetails(OrganisationBankColumns, table=True):
    """A company's account. `mandate`: the unique reference (RUM) of the SEPA mandate that was signed with it at
    `asked_at`; none for what the insurer's files report. `signer_encrypted`: the name of whoever signed."""

    __tablename__ = "company_bank_details"
    __table_args__ = (UniqueConstraint("company_id", "reported_on"), Index("ix_company_bank_due", "takes_effect_at"))

    company_id: int = Field(foreign_key="company.id")
    mandate: str | None = Field(default=None, unique=True, max_length=35)
    signer_encrypted: bytes | None = None

    @property
    def is_signed(self) -> bool:
        return self.mandate is not None

    @property
    def proof(self) -> dict[str, Any]:
        return {"mandate": self.mandate}


class CompanyBankRule(BankRuleColumns, table=True):
    """Whether a company wants two signatories for each change."""

    __tablename__ = "company_bank_rule"
    __table_args__ = (Index("ix_company_bank_rule", "company_id", "id"),)

    company_id: int = Field(foreign_key="company.id")


def _mandate(company: Any, viewer: Viewer, keyring: Keyring) -> dict[str, Any]:
    """A RUM, of at most 35 characters, unique, and counting nobody's mandates; and who signs."""
    number = f"{company.siret}-{secrets.token_hex(6).upper()}"
    return {"mandate": number, "signer_encrypted": keyring.encrypt(viewer.display_name)}


COMPANY = BankOwner(Company, CompanyBankDetails, CompanyBankRule, "company_id", Role.SIGNATORY, _mandate)


def signed_mandate(db: Session, viewer: Viewer, row_id: int) -> CompanyBankDetails | None:
    """A row of the viewer's company whose mandate was signed here; None for another company's."""
    whose = (CompanyBankDetails.id == row_id, CompanyBankDetails.company_id == viewer.company_id)
    return db.exec(select(CompanyBankDetails).where(*whose, col(CompanyBankDetails.mandate).is_not(None))).first()


def change_to_approve(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The change that somebody else of the company's asked for, and that waits for the viewer to approve it."""
    return change_waiting(db, viewer, COMPANY)
