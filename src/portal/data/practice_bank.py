"""The account to which a practice's transfers go, changed as a company's is (R-40).

`organisation_bank` changes it. Nothing is signed with it: it receives money, and debits nobody.
"""

from datetime import date, datetime, time

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, col

from portal.data.accounts import Role
from portal.data.bank_changes import current_of, rows_of
from portal.data.columns import Index
from portal.data.organisation_banks import BankOwner, BankRuleColumns, OrganisationBankColumns
from portal.data.organisations import Provider
from portal.data.sessions import Viewer
from portal.formatting import PARIS


class PracticeBankDetails(OrganisationBankColumns, table=True):
    """A practice's account."""

    __tablename__ = "provider_bank_details"
    __table_args__ = (UniqueConstraint("provider_id", "reported_on"), Index("ix_provider_bank_due", "takes_effect_at"))

    provider_id: int = Field(foreign_key="provider.id")


class PracticeBankRule(BankRuleColumns, table=True):
    """Whether a practice wants two of those responsible for each change."""

    __tablename__ = "provider_bank_rule"
    __table_args__ = (Index("ix_provider_bank_rule", "provider_id", "id"),)

    provider_id: int = Field(foreign_key="provider.id")


PRACTICE = BankOwner(Provider, PracticeBankDetails, PracticeBankRule, "provider_id", Role.PROVIDER)


def account_on(db: Session, viewer: Viewer, day: date) -> PracticeBankDetails | None:
    """Where a transfer to the viewer's practice goes on a day in France: the account in force as the day begins, so
    that no change of that day turns money that is under way; None when none was known."""
    rows = rows_of(db, PracticeBankDetails, col(PracticeBankDetails.provider_id) == viewer.provider_id)
    start = datetime.combine(day, time.min, PARIS)
    return current_of([row for row in rows if row.in_force_from is not None and row.in_force_from <= start])
