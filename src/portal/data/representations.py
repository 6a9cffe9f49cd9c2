"""In which capacity an account was opened, and who represents or authorises a minor or a protected adult (R-15)."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from portal.data.columns import instant, utc_now


class Capacity(StrEnum):
    """What whoever accepts the terms declares."""

    SELF = "capable"
    PARENT = "autorite_parentale"
    GUARDIAN = "tuteur"
    CURATOR = "curateur"


class Representation(SQLModel, table=True):
    """Declared with an account, when it is not a capable adult's own.

    `acts`: the account is the representative's own (role REPRESENTATIVE); otherwise the person uses it, authorised.
    """

    __tablename__ = "representation"

    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_column_kwargs={"autoincrement": False})
    capacity: str
    acts: bool
    representative_name: str
    declared_at: datetime = instant(default_factory=utc_now)
