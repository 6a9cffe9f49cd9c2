"""Passkeys (WebAuthn): a way in that cannot be phished, and a second factor (security: B13).

`find_passkey` and `keep_use` run before anyone is signed in, hence without a viewer: the key itself says who comes.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.data.columns import Index, instant, utc_now

if TYPE_CHECKING:  # sessions.py reads this table to know who has a second factor
    from portal.data.sessions import Viewer

HANDLE_BYTES = 32
MOST_PASSKEYS = 20


class Passkey(SQLModel, table=True):
    """A public key that an account's device holds the private half of."""

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    credential_id: bytes = Field(unique=True)
    public_key: bytes
    sign_count: int = 0
    name: str
    added_at: datetime = instant(default_factory=utc_now)
    used_at: datetime | None = instant(default=None)
    removed_at: datetime | None = instant(default=None)


class PasskeyHolder(SQLModel, table=True):
    """The random name by which a device knows the account; it says nothing about who that is."""

    __tablename__ = "passkey_holder"

    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_column_kwargs={"autoincrement": False})
    handle: bytes = Field(unique=True)


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What a device made, once verified."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def handle_of(db: Session, viewer: "Viewer") -> bytes:
    """The viewer's handle, made at first need."""
    holder = db.get(PasskeyHolder, viewer.account_id)
    if holder is None:
        holder = PasskeyHolder(account_id=viewer.account_id, handle=secrets.token_bytes(HANDLE_BYTES))
        db.add(holder)
        db.flush()
    return holder.handle


def passkeys_of(db: Session, viewer: "Viewer") -> list[Passkey]:
    """The viewer's passkeys, the first one added first."""
    return list(db.exec(_kept(viewer.account_id).order_by(col(Passkey.id))))


def passkey_of(db: Session, viewer: "Viewer", passkey_id: int) -> Passkey | None:
    """One of the viewer's passkeys; None when it is another's, or removed."""
    return db.exec(_kept(viewer.account_id).where(Passkey.id == passkey_id)).first()


def add_passkey(db: Session, viewer: "Viewer", made: NewPasskey, name: str, now: datetime) -> Passkey | None:
    """Adds what a device made; None when that key is known already, here or elsewhere, or when there are too many."""
    is_known = db.exec(select(Passkey.id).where(Passkey.credential_id == made.credential_id)).first() is not None
    if is_known or len(passkeys_of(db, viewer)) >= MOST_PASSKEYS:
        return None
    passkey = Passkey(
        account_id=viewer.account_id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        name=name,
        added_at=now,
    )
    db.add(passkey)
    db.flush()
    return passkey


def remove_passkey(db: Session, viewer: "Viewer", passkey_id: int, now: datetime) -> Passkey | None:
    """Ends a passkey's use; returns it, or None when it is not one of the viewer's."""
    passkey = passkey_of(db, viewer, passkey_id)
    if passkey is not None:
        passkey.removed_at = now
        db.flush()
    return passkey


def remove_passkeys_of(db: Session, account_id: int, now: datetime) -> None:
    """Ends the use of every passkey of an account."""
    for passkey in db.exec(_kept(account_id)):
        passkey.removed_at = now
    db.flush()


def find_passkey(db: Session, credential_id: bytes) -> tuple[Passkey, bytes] | None:
    """The passkey that a device used and its holder's handle, held until the transaction ends: two uses at once are
    judged one after the other. None when it is unknown or removed."""
    query = select(Passkey).where(Passkey.credential_id == credential_id, col(Passkey.removed_at).is_(None))
    passkey = db.exec(query.with_for_update()).first()
    holder = db.get(PasskeyHolder, passkey.account_id) if passkey else None
    return (passkey, holder.handle) if passkey and holder else None


def keep_use(db: Session, passkey: Passkey, sign_count: int, now: datetime) -> bool:
    """Notes the use of a passkey; False when its counter did not grow, as when a copy of the key was used too.

    Devices that count nothing always say 0.
    """
    if (sign_count or passkey.sign_count) and sign_count <= passkey.sign_count:
        return False
    passkey.sign_count, passkey.used_at = sign_count, now
    db.flush()
    return True


def _kept(account_id: int) -> SelectOfScalar[Passkey]:
    return select(Passkey).where(Passkey.account_id == account_id, col(Passkey.removed_at).is_(None))
