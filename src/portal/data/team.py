"""The people who use an organisation's space: invited, changed and removed by those who manage it (R-10).

An organisation's accounts are reached through the viewer's own company or practice; another's user does not exist.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import false, func, literal
from sqlmodel import Session, col, select

from portal.data.accounts import Account, AccountClosing, Role, Space
from portal.data.credentials import create_account
from portal.data.onboarding import TEMPORARY_LIFE
from portal.data.organisations import Company, Provider
from portal.data.sessions import Viewer, end_sessions_of
from portal.data.standing import closed, suspended
from portal.security import Keyring, new_identifier

REMOVED = "Votre organisation a mis fin à votre accès."
# The roles that may be given to somebody invited. Nobody is made a signatory: the contract says who signs.
TEAM_ROLES: dict[Space, tuple[Role, ...]] = {
    Space.EMPLOYER: (Role.ADMINISTRATOR, Role.CLERK, Role.READER),
    Space.PROVIDER: (Role.PROVIDER_STAFF,),
}


class TeamUser(NamedTuple):
    """A user of the viewer's organisation. `is_waiting`: has not chosen a password yet."""

    id: int
    display_name: str
    email: str
    role: str
    access_ends_on: date | None
    is_waiting: bool
    is_suspended: bool

    def may_be_changed_by(self, viewer: Viewer) -> bool:
        """Nobody changes or removes themselves, nor whoever signed the contract or the agreement."""
        return self.id != viewer.account_id and self.role in TEAM_ROLES[Space(viewer.space)]


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to let in, in which role, until which day (included)."""

    first_name: str
    last_name: str
    email: str
    role: Role
    access_ends_on: date | None


class AlreadyInvited(Exception):
    """The organisation has a user with this address."""


def team_of(db: Session, viewer: Viewer) -> list[TeamUser]:
    """The users of the viewer's organisation who have not been removed, by name."""
    query = select(*_columns()).where(_theirs(viewer), ~closed)
    rows = db.connection().execute(query.order_by(Account.display_name, Account.id))
    return [TeamUser._make(row) for row in rows]


def user_names(db: Session, viewer: Viewer) -> dict[int, str]:
    """The names of everybody who uses the viewer's organisation's space, or did, by account."""
    rows = db.connection().execute(select(Account.id, Account.display_name).where(_theirs(viewer)))
    return {row[0]: row[1] for row in rows}


def team_user(db: Session, viewer: Viewer, account_id: int) -> TeamUser | None:
    """One of them; None when it is nobody of the viewer's organisation, or was removed."""
    row = db.connection().execute(select(*_columns()).where(_theirs(viewer), ~closed, Account.id == account_id)).first()
    return TeamUser._make(row) if row else None


def invite_user(
    db: Session, viewer: Viewer, keyring: Keyring, invitation: Invitation, password_hash: str, now: datetime
) -> Account:
    """Opens an account for somebody of the viewer's organisation, with a password that is to be delivered.

    Raises `AlreadyInvited`; two invitations of the same address at once are judged one after the other.
    """
    _lock_organisation(db, viewer)
    same = func.lower(col(Account.email)) == invitation.email.lower()
    if db.exec(select(Account.id).where(_theirs(viewer), ~closed, same)).first() is not None:
        raise AlreadyInvited
    return create_account(
        db,
        keyring,
        identifier=new_identifier(),
        space=Space(viewer.space),
        role=invitation.role,
        display_name=f"{invitation.first_name} {invitation.last_name}",
        organisation=viewer.organisation,
        company_id=viewer.company_id,
        provider_id=viewer.provider_id,
        email=invitation.email,
        password_hash=password_hash,
        password_temporary_until=now + TEMPORARY_LIFE,
        access_ends_on=invitation.access_ends_on,
    )


def change_user(db: Session, viewer: Viewer, account_id: int, role: Role, access_ends_on: date | None) -> None:
    """Gives a user another role or end; the user's open sessions follow at their next request. Raises LookupError."""
    account = _held(db, viewer, account_id)
    account.role, account.access_ends_on = role, access_ends_on
    db.flush()


def remove_user(db: Session, viewer: Viewer, account_id: int, now: datetime) -> None:
    """Closes a user's account for good and ends its sessions at once. Raises LookupError."""
    _held(db, viewer, account_id)
    db.add(AccountClosing(account_id=account_id, reason=REMOVED, closed_at=now, closed_by=viewer.account_id))
    db.flush()
    end_sessions_of(db, account_id, now)


def _held(db: Session, viewer: Viewer, account_id: int) -> Account:
    """A user whom the viewer may change, locked; raises LookupError for anybody else."""
    account = db.get_one(Account, account_id, with_for_update=True)
    user = team_user(db, viewer, account_id)
    if user is None or not user.may_be_changed_by(viewer):
        raise LookupError(account_id)
    return account


def _columns() -> tuple[Any, ...]:
    return (
        Account.id,
        Account.display_name,
        Account.email,
        Account.role,
        Account.access_ends_on,
        col(Account.password_temporary_until).is_not(None),
        suspended,
    )


def _theirs(viewer: Viewer) -> Any:
    if viewer.space == Space.EMPLOYER and viewer.company_id is not None:
        return col(Account.company_id) == literal(viewer.company_id)
    if viewer.space == Space.PROVIDER and viewer.provider_id is not None:
        return col(Account.provider_id) == literal(viewer.provider_id)
    return false()


def _lock_organisation(db: Session, viewer: Viewer) -> None:
    model: Any = Company if viewer.space == Space.EMPLOYER else Provider
    row_id = viewer.company_id if viewer.space == Space.EMPLOYER else viewer.provider_id
    db.get_one(model, row_id, with_for_update=True)
