"""What the pages of an organisation's account show: the account, its history, who acted, how many must sign (R-31)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from sqlmodel import Session

from portal.data.bank_changes import BankState, Given
from portal.data.organisation_bank import organisation_history
from portal.data.organisation_bank_rules import chosen_rule, is_approval_required, other_signatories
from portal.data.organisation_banks import BankOwner, BankRuleColumns, Row
from portal.data.sessions import Viewer
from portal.data.team import user_names
from portal.security import Keyring


@dataclass(frozen=True, slots=True)
class OrganisationAccount(Generic[Row]):
    """`history`: the newest first. `people`: names by account. `rule`: the last choice, whether it counts already or
    not; `needs_approval`: what counts now. `is_alone`: the viewer is the only one who signs and can act."""

    history: list[Given[Row]]
    people: dict[int, str]
    rule: BankRuleColumns | None
    needs_approval: bool
    is_alone: bool

    @property
    def current(self) -> Given[Row] | None:
        """What is in force; None when the insurer knows no account."""
        return next((given for given in self.history if given.state is BankState.IN_FORCE), None)

    def given(self, row_id: int) -> Given[Row] | None:
        """One of the history; None for another organisation's."""
        return next((given for given in self.history if given.row.id == row_id), None)

    def name_of(self, account_id: int | None) -> str:
        """Who it was; « un ancien utilisateur » once the name is erased."""
        return self.people.get(account_id or 0) or "un ancien utilisateur"


def read_account(
    db: Session, viewer: Viewer, owner: BankOwner[Row], keyring: Keyring, now: datetime
) -> OrganisationAccount[Row]:
    """The account of the viewer's organisation."""
    return OrganisationAccount(
        organisation_history(db, viewer, owner, keyring),
        user_names(db, viewer),
        chosen_rule(db, viewer, owner),
        is_approval_required(db, viewer, owner, now),
        not other_signatories(db, viewer, owner),
    )
