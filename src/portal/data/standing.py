"""What an account's state lets it do, read anew on every request: suspension and closing (R-63), the two years of
reading after the end of cover (R-64), a deletion under way (R-66), uses of data that their holder limits (R-70). A
state is computed from rows, never stored."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Date, case, func, select

from portal.data.accounts import Account, AccountClosing, AccountDeletion, AccountSuspension, ProcessingRestriction
from portal.data.coverage import Beneficiary, Contract
from portal.data.organisations import Agreement, GroupContract

FOR_EVER = date(9000, 1, 1)
READING_YEARS = 2


class Standing(StrEnum):
    """ACTIVE: everything its role allows. ENDED: reading only, for two years. LEAVING: reading only, and taking the
    deletion back. RESTRICTED: reading only, and the rights of the holder. The others: nothing at all."""

    ACTIVE = "actif"
    ENDED = "termine"
    LEAVING = "suppression"
    RESTRICTED = "limite"
    SUSPENDED = "suspendu"
    CLOSED = "ferme"


OPEN = frozenset({Standing.ACTIVE, Standing.ENDED, Standing.LEAVING, Standing.RESTRICTED})

suspended = (
    select(AccountSuspension.id)
    .where(AccountSuspension.account_id == Account.id, AccountSuspension.ended_at.is_(None))
    .exists()
    .correlate(Account)
)
closed = select(AccountClosing.account_id).where(AccountClosing.account_id == Account.id).exists().correlate(Account)
leaving = (
    select(AccountDeletion.id)
    .where(
        AccountDeletion.account_id == Account.id,
        AccountDeletion.confirmed_at.is_not(None),
        AccountDeletion.cancelled_at.is_(None),
    )
    .exists()
    .correlate(Account)
)

restricted = (
    select(ProcessingRestriction.id)
    .where(ProcessingRestriction.account_id == Account.id, ProcessingRestriction.ended_at.is_(None))
    .exists()
    .correlate(Account)
)

_beneficiary_to = func.coalesce(Beneficiary.valid_to, FOR_EVER, type_=Date)
_contract_to = func.coalesce(Contract.ends_on, FOR_EVER, type_=Date)
_covered_to = (
    select(func.max(case((_beneficiary_to < _contract_to, _beneficiary_to), else_=_contract_to), type_=Date))
    .where(Beneficiary.person_id == Account.person_id, Contract.id == Beneficiary.contract_id)
    .correlate(Account)
    .scalar_subquery()
)
_contracted_to = (
    select(func.max(func.coalesce(GroupContract.ends_on, FOR_EVER), type_=Date))
    .where(GroupContract.company_id == Account.company_id)
    .correlate(Account)
    .scalar_subquery()
)
_agreed_to = (
    select(func.max(func.coalesce(Agreement.ends_on, FOR_EVER), type_=Date))
    .where(Agreement.provider_id == Account.provider_id)
    .correlate(Account)
    .scalar_subquery()
)
cover_ends_on = case(
    (Account.person_id.is_not(None), _covered_to),
    (Account.company_id.is_not(None), _contracted_to),
    (Account.provider_id.is_not(None), _agreed_to),
)

STANDING_COLUMNS = (suspended, closed, leaving, restricted, cover_ends_on, Account.access_ends_on)


def standing_of(
    today: date,
    is_suspended: bool,  # noqa: FBT001
    is_closed: bool,  # noqa: FBT001
    is_leaving: bool,  # noqa: FBT001
    is_restricted: bool,  # noqa: FBT001
    ended_on: date | None,
    access_to: date | None,
) -> Standing:
    """The state on a day in France, from the values of `STANDING_COLUMNS`. `ended_on`: last day of cover; None when the
    account depends on no cover."""
    is_over = access_to is not None and today > access_to
    if is_closed or is_over or (ended_on is not None and today > reading_until(ended_on)):
        return Standing.CLOSED
    if is_suspended:
        return Standing.SUSPENDED
    # What a holder limited stays limited while the account is leaving (GDPR 18).
    if is_restricted:
        return Standing.RESTRICTED
    if is_leaving:
        return Standing.LEAVING
    return Standing.ENDED if ended_on is not None and today > ended_on else Standing.ACTIVE


def reading_until(ended_on: date) -> date:
    """The last day of reading, two years after the last day of cover (R-64); 29 February gives 28 February."""
    try:
        return ended_on.replace(year=ended_on.year + READING_YEARS)
    except ValueError:
        return ended_on.replace(year=ended_on.year + READING_YEARS, day=28)
