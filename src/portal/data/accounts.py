"""Accounts: who may sign in, into which space, in which role."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from portal.data.columns import Index, instant, utc_now


class Space(StrEnum):
    MEMBER = "adherent"
    EMPLOYER = "employeur"
    PROVIDER = "professionnel"
    DESK = "gestion"


class Role(StrEnum):
    MEMBER = "adherent"
    DEPENDANT = "ayant_droit"
    SIGNATORY = "signataire"
    CLERK = "gestionnaire_paie"
    PROVIDER = "professionnel"
    AGENT = "gestionnaire"
    SUPERVISOR = "superviseur"


class Account(SQLModel, table=True):
    """`identifier`: ten digits, the last a Luhn check digit (R-11). The TOTP secret is stored encrypted."""

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    identifier: str = Field(unique=True, max_length=10)
    space: str
    role: str
    display_name: str
    organisation: str = ""
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    password_hash: str
    totp_encrypted: bytes | None = None
    totp_last_step: int = 0
    created_at: datetime = instant(default_factory=utc_now)


class AccountSuspension(SQLModel, table=True):
    """A period in which an account may not be used (R-63). Opening one ends the account's sessions."""

    __tablename__ = "account_suspension"
    __table_args__ = (Index("ix_suspension_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    started_at: datetime = instant(default_factory=utc_now)
    ended_at: datetime | None = instant(default=None)
    reason: str


ROLE_LABELS = {
    Role.MEMBER: "Adhérent",
    Role.DEPENDANT: "Ayant droit",
    Role.SIGNATORY: "Signataire du contrat",
    Role.CLERK: "Gestionnaire de paie",
    Role.PROVIDER: "Professionnel de santé",
    Role.AGENT: "Gestionnaire",
    Role.SUPERVISOR: "Superviseur",
}
