"""Whose account it is: what a company's bank details and a practice's share, and where each stands in the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Role
from portal.data.bank_changes import BankColumns
from portal.data.columns import instant
from portal.data.organisations import Company, Provider
from portal.data.sessions import Viewer
from portal.data.standing import closed
from portal.security import Keyring

APPROVAL_WITHIN = timedelta(days=7)
Organisation = Company | Provider


class OrganisationBankColumns(BankColumns):
    """An account that somebody who signs gave, at `asked_at`, or that the insurer's files report."""

    id: int | None = Field(default=None, primary_key=True)
    bic: str = ""
    asked_by: int | None = Field(default=None, foreign_key="account.id", index=True)
    needs_approval: bool = False
    approved_at: datetime | None = instant(default=None)
    approved_by: int | None = Field(default=None, foreign_key="account.id")

    @property
    def awaits_approval(self) -> bool:
        return self.is_pending and self.takes_effect_at is None

    @property
    def approval_until(self) -> datetime | None:
        """Until when somebody may approve it; None for what needs no approval."""
        return self.asked_at + APPROVAL_WITHIN if self.needs_approval and self.asked_at else None

    @property
    def is_signed(self) -> bool:
        """Whether giving the same account again would change nothing."""
        return True

    @property
    def proof(self) -> dict[str, Any]:
        """What the evidence of an act on it names."""
        return {}


class BankRuleColumns(SQLModel):
    """What somebody who signs chose, and from when it counts; the last one that counts does."""

    id: int | None = Field(default=None, primary_key=True)
    needs_approval: bool
    chosen_at: datetime = instant()
    counts_from: datetime = instant()
    chosen_by: int = Field(foreign_key="account.id", index=True)


Row = TypeVar("Row", bound=OrganisationBankColumns)


def _unsigned(*_: object) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class BankOwner(Generic[Row]):
    """A kind of organisation. `key`: the column that names it, in its tables as for accounts and viewers. `signs`: the
    role that may change the account. `signature`: the columns that giving one adds, where it signs something."""

    organisation: Any
    details: type[Row]
    rule: Any
    key: str
    signs: Role
    signature: Callable[[Any, Viewer, Keyring], dict[str, Any]] = _unsigned

    @property
    def column(self) -> Any:
        """The column of its bank details that names it."""
        return col(getattr(self.details, self.key))

    @property
    def account_key(self) -> Any:
        """The column of accounts that names it."""
        return col(getattr(Account, self.key))

    def id_of(self, viewer: Viewer) -> int:
        """The viewer's organisation; 0 for none."""
        return getattr(viewer, self.key) or 0

    def lock(self, db: Session, organisation_id: int) -> Any:
        """The organisation, held until the transaction ends: every act locks it first."""
        return db.get_one(self.organisation, organisation_id, with_for_update=True)

    def signed_for_by(self, account: Account) -> int | None:
        """The organisation whose bank details this account may change."""
        return getattr(account, self.key) if account.role == self.signs else None


def signatories(db: Session, owner: BankOwner[Any], organisation_id: int) -> list[Account]:
    """Those who sign for the organisation, and can still be written to."""
    whose: tuple[ColumnElement[bool], ...] = (owner.account_key == organisation_id, col(Account.role) == owner.signs)
    query = select(Account).where(*whose, col(Account.email) != "", ~closed)
    return list(db.exec(query.order_by(col(Account.id))))
