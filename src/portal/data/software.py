"""The software of a practice, which asks about rights by itself (R-42): one client, its secrets, and what it asked.

A client acts for the account of whoever holds the agreement and made it, or renewed its secret last: it can do no more
than that account can, and stops with it. Secrets are 256 random bits: their SHA-256 alone is stored.
"""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, UniqueConstraint, func, or_, select, text, update
from sqlmodel import Field, Session, SQLModel, col

from portal.data.accounts import Account, Role
from portal.data.columns import BIG, Index, instant
from portal.data.organisations import Provider
from portal.data.sessions import Viewer
from portal.data.standing import closed
from portal.security import fingerprint, new_token

# How long the secret before goes on after a renewal, unless it is ended at once: a counter never stops.
OVERLAP = timedelta(hours=24)


class Software(SQLModel, table=True):
    """A practice's client. `certificate`: SHA-256 of the one that it must present, hexadecimal, or empty. `account_id`:
    whom it acts for."""

    __tablename__ = "software"
    __table_args__ = (
        Index("ix_software_account", "account_id"),
        Index(
            "ux_software_open",
            "provider_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider_id: int = Field(foreign_key="provider.id")
    account_id: int = Field(foreign_key="account.id")
    client_id: str = Field(unique=True)
    name: str
    certificate: str = ""
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(default=None)
    revoked_by: int | None = Field(default=None, foreign_key="account.id")


class SoftwareSecret(SQLModel, table=True):
    """One of its secrets. `ends_at`: from when on it is worth nothing."""

    __tablename__ = "software_secret"
    __table_args__ = (Index("ix_software_secret_software", "software_id"),)

    id: int | None = Field(default=None, primary_key=True)
    software_id: int = Field(foreign_key="software.id")
    secret_hash: str = Field(unique=True)
    made_at: datetime = instant()
    made_by: int = Field(foreign_key="account.id")
    ends_at: datetime | None = instant(default=None)


class SoftwareCheck(SQLModel, table=True):
    """A check of rights that the software asked for. `operator`: who sat at the counter, in the practice's own code.
    `key_hash`: of the key against the double send, if there was one. `question_hash`: keyed, since a question holds a
    number that can be tried."""

    __tablename__ = "software_check"
    __table_args__ = (
        UniqueConstraint("software_id", "key_hash"),
        Index("ix_software_check_software", "software_id", "check_id"),
    )

    check_id: int = Field(
        primary_key=True, foreign_key="rights_check.id", sa_type=BIG, sa_column_kwargs={"autoincrement": False}
    )
    software_id: int = Field(foreign_key="software.id")
    operator: str
    key_hash: str | None = None
    question_hash: str


class SoftwareExists(Exception):
    """The practice has a client already."""


class SoftwareGone(Exception):
    """The practice has no client (any more)."""


class SoftwareUse(NamedTuple):
    """How much a client asked, and when last."""

    checks: int
    last_at: datetime | None


def software_of(db: Session, viewer: Viewer) -> Software | None:
    """The client of the viewer's practice; None without one."""
    return _open(db, viewer.provider_id or 0)


def software_for(db: Session, account_id: int) -> Software | None:
    """The client that acts for an account which the caller reaches; None without one."""
    acting = (col(Software.account_id) == account_id, col(Software.revoked_at).is_(None))
    return db.execute(select(Software).where(*acting)).scalars().first()


def use_of(db: Session, software: Software) -> SoftwareUse:
    """What the client asked since it was made."""
    counted = select(func.count(), func.max(SoftwareCheck.check_id)).where(
        col(SoftwareCheck.software_id) == software.id
    )
    checks, last = db.connection().execute(counted).one()
    made = SQLModel.metadata.tables["rights_check"].c
    last_at = db.connection().execute(select(made.asked_at).where(made.id == last)).scalar()
    return SoftwareUse(checks, last_at)


def secrets_of(db: Session, software: Software, now: datetime) -> list[SoftwareSecret]:
    """The secrets that are worth something, the newest first."""
    query = select(SoftwareSecret).where(col(SoftwareSecret.software_id) == software.id, is_worth_something(now))
    return list(db.execute(query.order_by(col(SoftwareSecret.id).desc())).scalars())


def create_software(db: Session, viewer: Viewer, name: str, certificate: str, now: datetime) -> tuple[Software, str]:
    """The practice's client, and its secret, which nobody reads again. Raises `SoftwareExists`."""
    provider = db.get_one(Provider, viewer.provider_id, with_for_update=True)
    if _open(db, provider.id or 0) is not None:
        raise SoftwareExists
    made = Software(
        provider_id=provider.id or 0,
        account_id=viewer.account_id,
        client_id=f"lgc-{secrets.token_hex(10)}",
        name=name,
        certificate=certificate,
        created_at=now,
    )
    db.add(made)
    db.flush()
    return made, _add_secret(db, viewer, made, now)


def renew_secret(
    db: Session, viewer: Viewer, certificate: str, now: datetime, *, at_once: bool
) -> tuple[Software, str]:
    """A new secret; the one before ends `at_once`, or after `OVERLAP`. From now on the client acts for the viewer, and
    presents `certificate`. Raises `SoftwareGone`."""
    held = _held(db, viewer.provider_id or 0)
    ends_at = now if at_once else now + OVERLAP
    _end_secrets(db, held, ends_at)
    held.account_id, held.certificate = viewer.account_id, certificate
    db.flush()
    return held, _add_secret(db, viewer, held, now)


def revoke_software(db: Session, viewer: Viewer | None, provider_id: int, now: datetime) -> Software:
    """Ends a practice's client, and what it holds, at once. `viewer`: who ends it, None for an operator at the server.
    Raises `SoftwareGone`."""
    held = _held(db, provider_id)
    held.revoked_at, held.revoked_by = now, viewer.account_id if viewer else None
    _end_secrets(db, held, now)
    db.flush()
    return held


def holders_of(db: Session, software: Software) -> list[Account]:
    """Those who hold the practice's agreement, and can be written to."""
    query = select(Account).where(
        col(Account.provider_id) == software.provider_id,
        col(Account.role) == Role.PROVIDER,
        col(Account.email) != "",
        ~closed,
    )
    return list(db.execute(query.order_by(col(Account.id))).scalars())


def is_worth_something(now: datetime) -> ColumnElement[bool]:
    """The condition under which a secret still opens."""
    return or_(col(SoftwareSecret.ends_at).is_(None), col(SoftwareSecret.ends_at) > now)


def _add_secret(db: Session, viewer: Viewer, software: Software, now: datetime) -> str:
    secret = new_token()
    row = SoftwareSecret(
        software_id=software.id or 0, secret_hash=fingerprint(secret), made_at=now, made_by=viewer.account_id
    )
    db.add(row)
    db.flush()
    return secret


def _end_secrets(db: Session, software: Software, ends_at: datetime) -> None:
    """The secrets end then, or earlier where that was said before."""
    later = or_(col(SoftwareSecret.ends_at).is_(None), col(SoftwareSecret.ends_at) > ends_at)
    mine = (col(SoftwareSecret.software_id) == software.id, later)
    db.exec(update(SoftwareSecret).where(*mine).values(ends_at=ends_at))


def _open(db: Session, provider_id: int) -> Software | None:
    query = select(Software).where(col(Software.provider_id) == provider_id, col(Software.revoked_at).is_(None))
    return db.execute(query.execution_options(populate_existing=True)).scalars().first()


def _held(db: Session, provider_id: int) -> Software:
    """The open client, held by the practice's row until the transaction ends."""
    db.get(Provider, provider_id, with_for_update=True)
    held = _open(db, provider_id)
    if held is None:
        raise SoftwareGone
    return held
