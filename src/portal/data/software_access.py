"""Who a practice's software is, and what it may do now: read anew for each request, as sessions are.

Nobody is signed in here: a secret, or a token made for it, says which client comes.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from portal.data.accounts import Account
from portal.data.organisations import Provider
from portal.data.sessions import SignedSession, Stage, Viewer
from portal.data.software import Software, SoftwareSecret, is_worth_something
from portal.data.standing import STANDING_COLUMNS, standing_of
from portal.formatting import day_in_france
from portal.security import fingerprint

# What the evidence says in the place of a session: an act of the account's software, not of a browser.
SOFTWARE_SESSION = "logiciel:"


class Access(NamedTuple):
    """A client that is who it says. `viewer`: the account it acts for, as it stands now. `certificate`: the SHA-256 of
    the one that it must present, or empty."""

    software_id: int
    client_id: str
    secret_id: int
    certificate: str
    viewer: Viewer


def access_by_secret(db: Session, client_id: str, secret: str, now: datetime) -> Access | None:
    """The client of a secret that is worth something; None for any other pair. The secret's hash is searched, hence
    nothing to compare in constant time."""
    return _access(
        db, now, col(Software.client_id) == client_id, col(SoftwareSecret.secret_hash) == fingerprint(secret)
    )


def access_by_ids(db: Session, software_id: int, secret_id: int, now: datetime) -> Access | None:
    """The client that a token was made for; None once it, or the secret that the token was had for, has ended."""
    return _access(db, now, col(Software.id) == software_id, col(SoftwareSecret.id) == secret_id)


_confirmed_at = (
    select(func.max(SignedSession.confirmed_at, type_=SignedSession.confirmed_at.type))
    .where(col(SignedSession.account_id) == Account.id, col(SignedSession.ended_at).is_(None))
    .correlate(Account)
    .scalar_subquery()
)
_COLUMNS: tuple[Any, ...] = (
    Software.id,
    Software.client_id,
    SoftwareSecret.id,
    Software.certificate,
    Software.provider_id,
    Software.created_at,
    _confirmed_at,
    Account.id,
    Account.space,
    Account.role,
    Account.display_name,
    Provider.name,
    *STANDING_COLUMNS,
)


def _access(db: Session, now: datetime, *conditions: ColumnElement[bool]) -> Access | None:
    query = (
        select(*_COLUMNS)
        .select_from(Software)
        .join(SoftwareSecret, col(SoftwareSecret.software_id) == Software.id)
        .join(Account, col(Account.id) == Software.account_id)
        .join(Provider, col(Provider.id) == Software.provider_id)
        .where(col(Software.revoked_at).is_(None), col(Account.provider_id) == Software.provider_id)
        .where(is_worth_something(now), *conditions)
    )
    row = db.connection().execute(query).first()
    return _opened(tuple(row), now) if row else None


def _opened(row: tuple[Any, ...], now: datetime) -> Access:
    """`confirmed_at`: when the account last proved in a browser who it is, which a machine cannot."""
    software_id, client_id, secret_id, certificate, provider_id, created_at, confirmed_at = row[:7]
    account_id, space, role, display_name, organisation = row[7:12]
    standing = standing_of(day_in_france(now), *row[12:])
    viewer = Viewer(
        account_id=account_id,
        space=space,
        role=role,
        display_name=display_name,
        organisation=organisation,
        person_id=None,
        stage=Stage.FULL,
        session_hash=f"{SOFTWARE_SESSION}{software_id}",
        company_id=None,
        provider_id=provider_id,
        confirmed_at=confirmed_at or created_at,
        standing=standing,
    )
    return Access(software_id, client_id, secret_id, certificate, viewer)
