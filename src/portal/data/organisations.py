"""Organisations the insurer knows: companies with a group contract (R-02), professionals with an agreement (R-03)."""

from datetime import date

from sqlalchemy import bindparam, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index
from portal.data.prepared import Prepared


class Company(SQLModel, table=True):
    """A legal person that took out a group contract. `email`: the address the insurer holds, empty without one."""

    __tablename__ = "company"

    id: int | None = Field(default=None, primary_key=True)
    siret: str = Field(unique=True, max_length=14)
    name: str
    email: str = ""


class GroupContract(SQLModel, table=True):
    """A company's contract and who signed it; both days of the period included. `is_responsible`: its guarantees keep
    to what the law asks of a « contrat responsable » (code de la sécurité sociale, L871-1)."""

    __tablename__ = "group_contract"
    __table_args__ = (Index("ix_group_contract_company", "company_id"),)

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    company_id: int = Field(foreign_key="company.id")
    signatory_last_name: str
    signatory_first_name: str
    starts_on: date
    ends_on: date | None = None
    is_responsible: bool = True


class Provider(SQLModel, table=True):
    """A health professional or establishment, by RPPS (11 digits) or FINESS (9 characters)."""

    __tablename__ = "provider"

    id: int | None = Field(default=None, primary_key=True)
    national_id: str = Field(unique=True, max_length=11)
    profession: str
    name: str
    email: str = ""


class Agreement(SQLModel, table=True):
    """A third-party-payment agreement (convention de tiers payant); both days of the period included."""

    __tablename__ = "agreement"
    __table_args__ = (Index("ix_agreement_provider", "provider_id"),)

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    provider_id: int = Field(foreign_key="provider.id")
    starts_on: date
    ends_on: date | None = None


def company_by_siret(db: Session, siret: str) -> int:
    """The id behind a company's SIRET; raises `NoResultFound`."""
    return db.exec(select(Company.id).where(Company.siret == siret)).one() or 0


def company_of(db: Session, company_id: int) -> Company:
    """The company of a row that the caller has reached."""
    return db.get_one(Company, company_id)


def provider_of(db: Session, provider_id: int) -> Provider:
    """The practice of a row that the caller has reached."""
    return db.get_one(Provider, provider_id)


def provider_by_number(db: Session, national_id: str) -> int:
    """The id behind a professional's RPPS or FINESS; raises `NoResultFound`."""
    return db.exec(select(Provider.id).where(Provider.national_id == national_id)).one() or 0


def agreement_on(db: Session, provider_id: int, day: date) -> int | None:
    """The id of a professional's agreement in force on `day`, the latest when there are several; None without one."""
    found = _AGREEMENT.first(db, {"provider": provider_id, "day": day})
    return found[0] if found else None


_AGREEMENT = Prepared(
    select(Agreement.id)
    .where(Agreement.provider_id == bindparam("provider"), col(Agreement.starts_on) <= bindparam("day"))
    .where(or_(col(Agreement.ends_on).is_(None), col(Agreement.ends_on) >= bindparam("day")))
    .order_by(col(Agreement.starts_on).desc())
    .limit(1)
)
