"""What the pages of a company's account show: the account, its history, who acted, how many must sign (R-31)."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from portal.data.bank_changes import BankState, Given
from portal.data.company_bank import CompanyBankDetails, company_bank_history
from portal.data.company_bank_rules import CompanyBankRule, chosen_rule, is_approval_required, other_signatories
from portal.data.sessions import Viewer
from portal.data.team import user_names
from portal.security import Keyring

History = list[Given[CompanyBankDetails]]


@dataclass(frozen=True, slots=True)
class CompanyAccount:
    """`history`: the newest first. `people`: names by account. `rule`: the last choice, whether it counts already or
    not; `needs_approval`: what counts now. `is_alone`: the viewer is the only signatory who can act."""

    history: History
    people: dict[int, str]
    rule: CompanyBankRule | None
    needs_approval: bool
    is_alone: bool

    @property
    def current(self) -> Given[CompanyBankDetails] | None:
        """What is in force; None when the insurer knows no account."""
        return next((given for given in self.history if given.state is BankState.IN_FORCE), None)

    def given(self, row_id: int) -> Given[CompanyBankDetails] | None:
        """One of the history; None for another company's."""
        return next((given for given in self.history if given.row.id == row_id), None)

    def name_of(self, account_id: int | None) -> str:
        """Who it was; « un ancien signataire » once the name is erased."""
        return self.people.get(account_id or 0) or "un ancien signataire"


def read_company_account(db: Session, viewer: Viewer, keyring: Keyring, now: datetime) -> CompanyAccount:
    """The account of the viewer's company."""
    return CompanyAccount(
        company_bank_history(db, viewer, keyring),
        user_names(db, viewer),
        chosen_rule(db, viewer),
        is_approval_required(db, viewer, now),
        not other_signatories(db, viewer),
    )
