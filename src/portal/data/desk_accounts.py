"""Accounts as the insurer's desk finds and reads them (R-05, R-63): few, by exact marks only, never by browsing.

Agents reach the accounts of users; those of the desk itself are a supervisor's to reach. What an agent may not reach
does not exist. Callers record each look-up and each reading in the evidence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlmodel import Session, col

from portal.data.accounts import (
    Account,
    AccountClosing,
    AccountDeletion,
    AccountSuspension,
    ProcessingRestriction,
    Role,
    Space,
)
from portal.data.households import is_near_to
from portal.data.organisations import Company, Provider
from portal.data.passkeys import Passkey
from portal.data.persons import Person
from portal.data.recovery_codes import RecoveryCode
from portal.data.reopenings import AccountReopening, may_reopen, reopenings_of
from portal.data.restricting import open_restriction
from portal.data.retention_holds import hold_on
from portal.data.session_limits import LIMITS
from portal.data.sessions import SignedSession, Viewer
from portal.data.software import Software, software_for
from portal.data.standing import STANDING_COLUMNS, Standing, standing_of
from portal.data.throttling import HOUR, Guesses, allow, quota
from portal.data.work_items import Duty, duties_of
from portal.folding import same_name
from portal.formatting import day_in_france
from portal.security import Keyring

MOST_FOUND = 10
# A busy agent answers some twenty callers an hour; more look-ups are browsing (security: D5).
LOOKUPS = quota("desk-lookup", 60, HOUR)


@dataclass(frozen=True, slots=True)
class Found:
    """An account that a look-up gave: enough to recognise it. `birth_date` is None for an organisation's."""

    id: int
    identifier: str
    space: str
    role: str
    display_name: str
    organisation: str
    person_id: int | None
    birth_date: date | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the desk reads of an account. Instants are UTC; newest first. Second factors and passwords: their state,
    never themselves. `ended_on`: last day of cover, once past. `software`: what acts for the account by itself.
    `may_reopen`: a closing can be taken back. `is_held`: nothing of it is forgotten in time (R-71).
    `restriction`: the one that its holder asked for, while it runs; `may_lift_restriction`: the viewer has the duty
    (R-70). `is_near`: it is the viewer's own, or of somebody of the viewer's household, whom colleagues serve."""

    account: Account
    found: Found
    number: str
    ended_on: date | None
    sessions: tuple[SignedSession, ...]
    last_seen: datetime | None
    suspensions: tuple[AccountSuspension, ...]
    closing: AccountClosing | None
    deletion: AccountDeletion | None
    passkeys: int
    recovery_codes: int
    software: Software | None = None
    reopenings: tuple[AccountReopening, ...] = ()
    may_reopen: bool = False
    is_held: bool = False
    restriction: ProcessingRestriction | None = None
    may_lift_restriction: bool = False
    is_near: bool = False


def may_look_up(db: Session, viewer: Viewer, keyring: Keyring, now: datetime) -> bool:
    """Counts a look-up of the agent; False, counting nothing, once the hour's are used up."""
    uses: Guesses = [(LOOKUPS, keyring.lookup(str(viewer.account_id)))]
    return allow(db, uses, now)


def accounts_by_identifier(db: Session, viewer: Viewer, identifier: str, now: datetime) -> list[Found]:
    """The account that signs in with this identifier."""
    return _found(db, viewer, now, col(Account.identifier) == identifier)


def accounts_by_name(db: Session, viewer: Viewer, last_name: str, born: date, now: datetime) -> list[Found]:
    """Accounts of the persons of that name born that day, however the name is spelled (accents, hyphens, case)."""
    born_then = select(Person.id, Person.last_name).where(col(Person.birth_date) == born)
    persons = [row.id for row in db.connection().execute(born_then) if same_name(row.last_name, last_name)]
    return _found(db, viewer, now, col(Account.person_id).in_(persons))


def accounts_of_person(db: Session, viewer: Viewer, person_id: int, now: datetime) -> list[Found]:
    """Accounts of one person."""
    return _found(db, viewer, now, col(Account.person_id) == person_id)


def accounts_by_email(db: Session, viewer: Viewer, email: str, now: datetime) -> list[Found]:
    """Accounts that are written to at this address, in any case."""
    return _found(db, viewer, now, func.lower(Account.email) == email.lower())


def accounts_by_organisation(db: Session, viewer: Viewer, number: str, now: datetime) -> list[Found]:
    """Accounts of the company with this SIRET, or of the professional with this RPPS or FINESS."""
    company = select(Company.id).where(col(Company.siret) == number)
    provider = select(Provider.id).where(col(Provider.national_id) == number)
    ours = or_(col(Account.company_id).in_(company), col(Account.provider_id).in_(provider))
    return _found(db, viewer, now, ours)


def account_sheet(db: Session, viewer: Viewer, account_id: int, now: datetime) -> Sheet | None:
    """All that the desk may read of one account; None when the viewer does not reach it."""
    row = db.connection().execute(_query(viewer, col(Account.id) == account_id)).first()
    if row is None:
        return None
    account = db.get_one(Account, account_id)
    found, restriction = _one(row, now), open_restriction(db, account_id)
    return Sheet(
        account=account,
        found=found,
        number=_number(db, account),
        ended_on=row.ended_on if row.ended_on and row.ended_on < day_in_france(now) else None,
        sessions=tuple(_open_sessions(db, account, now)),
        last_seen=db.scalar(select(func.max(SignedSession.seen_at)).where(_of(SignedSession.account_id, account_id))),
        suspensions=tuple(_rows(db, AccountSuspension, account_id)),
        closing=db.get(AccountClosing, account_id),
        deletion=next(iter(_rows(db, AccountDeletion, account_id)), None),
        passkeys=_count(db, Passkey.account_id, account_id, col(Passkey.removed_at).is_(None)),
        recovery_codes=_count(db, RecoveryCode.account_id, account_id, *_USABLE),
        software=software_for(db, account_id),
        reopenings=tuple(reopenings_of(db, account_id)),
        may_reopen=may_reopen(db, account),
        is_held=hold_on(db, account) is not None,
        restriction=restriction,
        may_lift_restriction=restriction is not None and Duty.PRIVACY in duties_of(db, viewer),
        is_near=is_near_account(db, viewer, account),
    )


def is_near_account(db: Session, viewer: Viewer, account: Account) -> bool:
    """Whether an account is the viewer's own, or of somebody of the viewer's household (R-72)."""
    return is_near_to(db, viewer.account_id, persons={account.person_id}, accounts={account.id})


def reached(viewer: Viewer) -> ColumnElement[bool]:
    """The accounts that someone of the desk reaches; none for anybody else."""
    if viewer.role == Role.SUPERVISOR:
        return true()
    return (col(Account.space) != Space.DESK) if viewer.role == Role.AGENT else ~true()


def reaches(viewer: Viewer, space: str) -> bool:
    """Whether someone of the desk reaches the accounts of a space."""
    return viewer.role == Role.SUPERVISOR or (viewer.role == Role.AGENT and space != Space.DESK)


_USABLE = (col(RecoveryCode.used_at).is_(None), col(RecoveryCode.dropped_at).is_(None))


def _found(db: Session, viewer: Viewer, now: datetime, *conditions: ColumnElement[bool]) -> list[Found]:
    """At most one more than `MOST_FOUND`, to tell that there are more."""
    rows = db.connection().execute(_query(viewer, *conditions).limit(MOST_FOUND + 1))
    return [_one(row, now) for row in rows]


def _query(viewer: Viewer, *conditions: ColumnElement[bool]) -> Select[Any]:
    suspended, closed, leaving, restricted, ended_on, access_to = STANDING_COLUMNS
    query: Select[Any] = (
        select(
            Account.id,
            Account.identifier,
            Account.space,
            Account.role,
            Account.display_name,
            Account.organisation,
            Account.person_id,
            Person.birth_date,
            suspended.label("is_suspended"),
            closed.label("is_closed"),
            leaving.label("is_leaving"),
            restricted.label("is_restricted"),
            ended_on.label("ended_on"),
            access_to,
        )
        .outerjoin_from(Account, Person, col(Person.id) == Account.person_id)
        .where(reached(viewer), *conditions)
        .order_by(col(Account.id).desc())
    )
    return query


def _one(row: Any, now: datetime) -> Found:
    return Found(
        id=row.id,
        identifier=row.identifier,
        space=row.space,
        role=row.role,
        display_name=row.display_name,
        organisation=row.organisation,
        person_id=row.person_id,
        birth_date=row.birth_date,
        standing=standing_of(
            day_in_france(now),
            row.is_suspended,
            row.is_closed,
            row.is_leaving,
            row.is_restricted,
            row.ended_on,
            row.access_ends_on,
        ),
    )


def _number(db: Session, account: Account) -> str:
    """The SIRET, RPPS or FINESS of the account's organisation; empty without one."""
    if account.company_id is not None:
        return db.get_one(Company, account.company_id).siret
    return db.get_one(Provider, account.provider_id).national_id if account.provider_id is not None else ""


def _open_sessions(db: Session, account: Account, now: datetime) -> Iterable[SignedSession]:
    limits = LIMITS[Space(account.space)]
    is_open = (
        col(SignedSession.account_id) == account.id,
        col(SignedSession.ended_at).is_(None),
        col(SignedSession.seen_at) >= now - limits.idle,
        col(SignedSession.created_at) >= now - limits.absolute,
    )
    return db.scalars(select(SignedSession).where(*is_open).order_by(col(SignedSession.seen_at).desc()))


def _rows(db: Session, table: Any, account_id: int) -> Iterable[Any]:
    return db.scalars(select(table).where(table.account_id == account_id).order_by(table.id.desc()))


def _count(db: Session, column: Any, account_id: int, *conditions: ColumnElement[bool]) -> int:
    return db.scalar(select(func.count()).where(_of(column, account_id), *conditions)) or 0


def _of(column: Any, account_id: int) -> ColumnElement[bool]:
    return col(column) == account_id
