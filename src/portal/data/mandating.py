"""Mandates given, changed and taken back by those who manage a company's users; another company's does not exist."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from portal.data.accounts import Account, AccountClosing
from portal.data.mandates import Mandate, Scope, read_scope, scope_text
from portal.data.sessions import Viewer, end_sessions_of
from portal.data.standing import closed
from portal.data.team import Invitation, invite_user
from portal.data.waiting import Waiting
from portal.security import Keyring

REVOKED = "L’entreprise a mis fin à votre mandat."
REMINDED_BEFORE = timedelta(days=30)
_given_by = aliased(Account)


class MandateMoved(Exception):
    """The mandate was changed or taken back meanwhile."""


class HolderGone(Exception):
    """The holder's account is closed for good: no mandate lets it in again."""


class HeldMandate(NamedTuple):
    """A mandate of the viewer's company, and who holds it. `is_waiting`: has not chosen a password yet. `given_by`: the
    name of whoever gave it, empty once that account is erased. `is_closed`: the holder's account is closed."""

    id: int
    account_id: int
    holder: str
    email: str
    firm: str
    stored_scope: str
    ends_on: date
    given_at: datetime
    ended_at: datetime | None
    is_revoked: bool
    is_waiting: bool
    given_by: str
    is_closed: bool

    @property
    def scope(self) -> dict[Any, Any]:
        """What it opens, area by area."""
        return read_scope(self.stored_scope)

    def is_open_on(self, day: date) -> bool:
        """Whether it lets its holder in that day."""
        return self.ended_at is None and self.ends_on >= day


@dataclass(frozen=True, slots=True)
class Wish:
    """What a mandate is to allow, to whom, until which day (included)."""

    firm: str
    scope: Scope
    ends_on: date


def mandates_of(db: Session, viewer: Viewer) -> list[HeldMandate]:
    """Every mandate of the viewer's company, ended ones included, the newest first."""
    rows = db.connection().execute(_query(viewer).order_by(col(Mandate.id).desc()))
    return [HeldMandate._make(row) for row in rows]


def mandates_ending(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Mandates of the viewer's company that end within thirty days."""
    query = select(col(Mandate.ends_on), col(Mandate.id)).where(
        col(Mandate.company_id) == viewer.company_id,
        col(Mandate.ended_at).is_(None),
        col(Mandate.ends_on).between(day, day + REMINDED_BEFORE),
    )
    found = db.execute(query.order_by(col(Mandate.ends_on), col(Mandate.id))).all()
    return Waiting(len(found), found[0][0], row_id=found[0][1]) if found else None


def find_mandate(db: Session, viewer: Viewer, mandate_id: int) -> HeldMandate | None:
    """One of them; None when it is another company's."""
    row = db.connection().execute(_query(viewer).where(col(Mandate.id) == mandate_id)).first()
    return HeldMandate._make(row) if row else None


def give_mandate(
    db: Session, viewer: Viewer, keyring: Keyring, invitation: Invitation, password_hash: str, wish: Wish, now: datetime
) -> tuple[Account, Mandate]:
    """Opens an account for somebody of an outside firm, under a mandate. Raises `AlreadyInvited`."""
    account = invite_user(db, viewer, keyring, invitation, password_hash, now)
    return account, _add(db, viewer, account.id or 0, wish, now)


def change_mandate(db: Session, viewer: Viewer, mandate_id: int, wish: Wish, now: datetime) -> Mandate:
    """Another scope, firm or end, from now on: a mandate that takes this one's place. Open sessions follow at their
    next request. Raises `MandateMoved`, and `HolderGone`."""
    held = _locked(db, viewer, mandate_id)
    if db.get(AccountClosing, held.account_id) is not None:
        raise HolderGone
    _end(held, viewer, now)
    db.flush()
    account = db.get_one(Account, held.account_id)
    account.access_ends_on = wish.ends_on
    return _add(db, viewer, held.account_id, wish, now)


def revoke_mandate(db: Session, viewer: Viewer, mandate_id: int, now: datetime) -> Mandate:
    """Takes a mandate back: closes its holder's account for good, and its sessions at once. Raises `MandateMoved`."""
    held = _locked(db, viewer, mandate_id)
    _end(held, viewer, now)
    held.is_revoked = True
    db.get_one(Account, held.account_id, with_for_update=True)  # somebody else may be closing it
    if db.get(AccountClosing, held.account_id) is None:
        db.add(AccountClosing(account_id=held.account_id, reason=REVOKED, closed_at=now, closed_by=viewer.account_id))
    db.flush()
    end_sessions_of(db, held.account_id, now)
    return held


def holder_of(db: Session, mandate: Mandate) -> Account:
    """The account that a mandate lets in."""
    return db.get_one(Account, mandate.account_id)


def mandates_to_remind(db: Session, day: date) -> list[int]:
    """Mandates that end within thirty days, and whose parties were not told yet."""
    query = select(Mandate.id).join(Account, col(Account.id) == Mandate.account_id)
    query = query.where(
        ~closed,
        col(Mandate.ended_at).is_(None),
        col(Mandate.reminded_at).is_(None),
        col(Mandate.ends_on) >= day,
        col(Mandate.ends_on) <= day + REMINDED_BEFORE,
    )
    found: Sequence[Any] = db.execute(query.order_by(col(Mandate.id))).scalars().all()
    return list(found)


def take_reminder(db: Session, mandate_id: int, now: datetime) -> tuple[Mandate, Account] | None:
    """The mandate to remind of, marked as told, and its holder; None when that was done, or needs not be any more."""
    held = db.get_one(Mandate, mandate_id, with_for_update=True, populate_existing=True)
    if held.reminded_at is not None or held.ended_at is not None:
        return None
    held.reminded_at = now
    db.flush()
    return held, db.get_one(Account, held.account_id)


def _add(db: Session, viewer: Viewer, account_id: int, wish: Wish, now: datetime) -> Mandate:
    made = Mandate(
        account_id=account_id,
        company_id=viewer.company_id or 0,
        firm=wish.firm,
        scope=scope_text(wish.scope),
        ends_on=wish.ends_on,
        given_at=now,
        given_by=viewer.account_id,
    )
    db.add(made)
    db.flush()
    return made


def _locked(db: Session, viewer: Viewer, mandate_id: int) -> Mandate:
    held = db.get_one(Mandate, mandate_id, with_for_update=True, populate_existing=True)
    if held.company_id != viewer.company_id or held.ended_at is not None:
        raise MandateMoved
    return held


def _end(held: Mandate, viewer: Viewer, now: datetime) -> None:
    held.ended_at, held.ended_by = now, viewer.account_id


def _query(viewer: Viewer) -> Any:
    columns = (
        Mandate.id,
        Mandate.account_id,
        Account.display_name,
        Account.email,
        Mandate.firm,
        Mandate.scope,
        Mandate.ends_on,
        Mandate.given_at,
        Mandate.ended_at,
        Mandate.is_revoked,
        col(Account.password_temporary_until).is_not(None),
        _given_by.display_name,
        closed,
    )
    return (
        select(*columns)
        .join(Account, col(Account.id) == Mandate.account_id)
        .outerjoin(_given_by, col(_given_by.id) == Mandate.given_by)
        .where(col(Mandate.company_id) == viewer.company_id)
    )
