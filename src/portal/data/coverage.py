"""Contracts, guarantees in dated versions, and who is covered when (domain: contrat, garantie, bénéficiaire)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from portal.data.columns import CheckConstraint, Index, instant


class ContractKind(StrEnum):
    INDIVIDUAL = "individuel"
    GROUP_MANDATORY = "collectif_obligatoire"
    GROUP_OPTIONAL = "collectif_facultatif"


class Relationship(StrEnum):
    MEMBER = "adherent"
    SPOUSE = "conjoint"
    COHABITANT = "concubin"
    CIVIL_PARTNER = "partenaire_pacs"
    CHILD = "enfant"
    ASCENDANT = "ascendant"
    OTHER = "autre"


class Heading(StrEnum):
    """Headings of the guarantee table (agreement of February 2019)."""

    HOSPITAL = "hospitalisation"
    EVERYDAY = "soins_courants"
    DENTAL = "dentaire"
    OPTICAL = "optique"
    HEARING = "aides_auditives"
    WELLBEING = "prevention_bien_etre"


class Formula(StrEnum):
    """How a rule computes the supplementary share.

    PERCENT: up to `percent` % of the base, base share included. FLAT: up to `amount_cents` per act, on top of the base
    share. FLAT_WITH_BASE: the same, base share included. FULL: all that the base scheme leaves, save flat fee and
    franchise. NONE: nothing.
    """

    PERCENT = "pourcentage"
    FLAT = "forfait"
    FLAT_WITH_BASE = "forfait_base_incluse"
    FULL = "frais_reels"
    NONE = "aucune"


class Product(SQLModel, table=True):
    """A range of guarantees that contracts subscribe to."""

    __tablename__ = "product"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str


class GuaranteeVersion(SQLModel, table=True):
    """A product's guarantee table between two dates, both included; open-ended when `valid_to` is empty."""

    __tablename__ = "guarantee_version"
    __table_args__ = (UniqueConstraint("product_id", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id")
    valid_from: date
    valid_to: date | None = None


class GuaranteeRule(SQLModel, table=True):
    """One row of a guarantee table. Limits run over the civil year, or over `renewal_months` when that is set."""

    __tablename__ = "guarantee_rule"
    __table_args__ = (UniqueConstraint("version_id", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="guarantee_version.id")
    code: str
    heading: str
    label: str
    clause: str
    formula: str
    percent: int | None = None
    amount_cents: int | None = None
    max_acts: int | None = None
    max_cents: int | None = None
    renewal_months: int | None = None


class Contract(SQLModel, table=True):
    """What binds a member and the insurer. `member_id` is the person who holds it (membre participant)."""

    __tablename__ = "contract"
    __table_args__ = (Index("ix_contract_member", "member_id"), Index("ix_contract_member_number", "member_number"))

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    kind: str
    member_id: int = Field(foreign_key="person.id")
    product_id: int = Field(foreign_key="product.id")
    member_number: str
    regime: str = "general"
    is_responsible: bool = True
    starts_on: date
    ends_on: date | None = None


class Beneficiary(SQLModel, table=True):
    """A person's own period of cover under a contract, both days included. A printed card's code names a row by its
    number, and a row may be withdrawn: SQLite must not give its number again, as PostgreSQL never does."""

    __tablename__ = "beneficiary"
    __table_args__ = (
        UniqueConstraint("contract_id", "person_id", "valid_from"),
        Index("ix_beneficiary_person", "person_id"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ck_beneficiary_period"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    contract_id: int = Field(foreign_key="contract.id")
    person_id: int = Field(foreign_key="person.id")
    relationship: str
    birth_rank: int = 1
    valid_from: date
    valid_to: date | None = None


class LineSharing(SQLModel, table=True):
    """An adult dependant lets the member read the dependant's lines, from one instant until another."""

    __tablename__ = "line_sharing"
    __table_args__ = (Index("ix_line_sharing_member", "member_id"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    member_id: int = Field(foreign_key="person.id")
    started_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


class Autonomy(SQLModel, table=True):
    """A minor of sixteen or more whose lines are the minor's alone, from one instant until another (domain 3.6)."""

    __tablename__ = "autonomy"
    __table_args__ = (Index("ix_autonomy_person", "person_id"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    started_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
