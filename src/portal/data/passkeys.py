"""Passkeys (WebAuthn): a way in that cannot be phished, and a second factor."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from portal.data.columns import Index, instant, utc_now


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
