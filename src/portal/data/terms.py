"""The terms of use (CGU): versions, who accepted which, as R-14 to R-16 demand."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from portal.data.columns import instant, utc_now


class TermsVersion(SQLModel, table=True):
    """A published text. `text` is Markdown, `sha256` the digest of its UTF-8 bytes, `changes` what is new, in words."""

    __tablename__ = "terms_version"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    text: str = Field(sa_type=Text)
    sha256: str = Field(max_length=64)
    changes: str = Field(default="", sa_type=Text)
    effective_at: datetime = instant()
    published_at: datetime = instant(default_factory=utc_now)


class TermsAcceptance(SQLModel, table=True):
    """An account accepted a version: « j’accepte les présentes CGU » (R-14), in which capacity (R-15)."""

    __tablename__ = "terms_acceptance"
    __table_args__ = (UniqueConstraint("account_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    version: int = Field(foreign_key="terms_version.number")
    sha256: str = Field(max_length=64)
    capacity: str
    representative_name: str = ""
    accepted_at: datetime = instant(default_factory=utc_now)
