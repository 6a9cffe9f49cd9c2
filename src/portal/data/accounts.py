"""Accounts: who may sign in, into which space, in which role."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Text, text
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
    REPRESENTATIVE = "representant"
    SIGNATORY = "signataire"
    ADMINISTRATOR = "administrateur"
    CLERK = "gestionnaire_paie"
    READER = "lecteur"
    DECLARANT = "tiers_declarant"
    PROVIDER = "professionnel"
    PROVIDER_STAFF = "equipe"
    AGENT = "gestionnaire"
    SUPERVISOR = "superviseur"


class Account(SQLModel, table=True):
    """`identifier`: ten digits, the last a Luhn check digit (R-11). The TOTP secret is stored encrypted.

    One of `person_id`, `company_id`, `provider_id` says whose data the account reaches; none for the desk.
    `password_temporary_until`: the password was delivered by e-mail, works until then and must be changed (R-11).
    `access_ends_on`: last day of an access given for a time (an invited user, a minor's representative).
    """

    __tablename__ = "account"
    __table_args__ = (Index("ix_account_email_lower", text("lower(email)")),)

    id: int | None = Field(default=None, primary_key=True)
    identifier: str = Field(unique=True, max_length=10)
    space: str
    role: str
    display_name: str
    organisation: str = ""
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    company_id: int | None = Field(default=None, foreign_key="company.id", index=True)
    provider_id: int | None = Field(default=None, foreign_key="provider.id", index=True)
    email: str = Field(default="", index=True)
    phone: str = ""
    password_hash: str
    password_temporary_until: datetime | None = instant(default=None)
    password_set_at: datetime = instant(default_factory=utc_now)
    totp_encrypted: bytes | None = None
    totp_last_step: int = 0
    access_ends_on: date | None = None
    created_at: datetime = instant(default_factory=utc_now)


class SuspensionKind(StrEnum):
    """Who wanted it: the insurer (R-63), or the holder who reported a fraud (R-13)."""

    INSURER = "assureur"
    FRAUD = "fraude"


class AccountSuspension(SQLModel, table=True):
    """A period in which an account may not be used (R-13, R-63); `reason` is what its holder is told."""

    __tablename__ = "account_suspension"
    __table_args__ = (Index("ix_suspension_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    kind: str = SuspensionKind.INSURER
    reason: str
    started_at: datetime = instant(default_factory=utc_now)
    started_by: int | None = Field(default=None, foreign_key="account.id")
    ended_at: datetime | None = instant(default=None)
    ended_by: int | None = Field(default=None, foreign_key="account.id")


class AccountClosing(SQLModel, table=True):
    """The end of an account, for good (R-63); `reason` is what its holder is told."""

    __tablename__ = "account_closing"

    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_column_kwargs={"autoincrement": False})
    reason: str = Field(sa_type=Text)
    closed_at: datetime = instant(default_factory=utc_now)
    closed_by: int | None = Field(default=None, foreign_key="account.id")


class ProcessingRestriction(SQLModel, table=True):
    """A period in which the holder wants the account's data kept, and used for nothing else (GDPR article 18).

    `ground`: which of the article's four cases. `ended_reason_encrypted`: why the insurer lifted it, for the holder.
    """

    __tablename__ = "processing_restriction"
    __table_args__ = (Index("ix_restriction_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    ground: str
    started_at: datetime = instant(default_factory=utc_now)
    ended_at: datetime | None = instant(default=None)
    ended_by: int | None = Field(default=None, foreign_key="account.id")
    ended_reason_encrypted: bytes | None = None


class AccountDeletion(SQLModel, table=True):
    """A request to delete an account (R-66): asked, confirmed by link, cancellable until `erase_after`, then erased."""

    __tablename__ = "account_deletion"
    __table_args__ = (Index("ix_deletion_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    asked_at: datetime = instant(default_factory=utc_now)
    confirmed_at: datetime | None = instant(default=None)
    erase_after: datetime | None = instant(default=None)
    cancelled_at: datetime | None = instant(default=None)
    erased_at: datetime | None = instant(default=None)


ROLE_LABELS = {
    Role.MEMBER: "Adhérent",
    Role.DEPENDANT: "Ayant droit",
    Role.REPRESENTATIVE: "Représentant",
    Role.SIGNATORY: "Signataire du contrat",
    Role.ADMINISTRATOR: "Administrateur",
    Role.CLERK: "Gestionnaire de paie",
    Role.READER: "Lecteur",
    Role.DECLARANT: "Tiers déclarant",
    Role.PROVIDER: "Professionnel de santé",
    Role.PROVIDER_STAFF: "Membre de l’équipe",
    Role.AGENT: "Gestionnaire",
    Role.SUPERVISOR: "Superviseur",
}
