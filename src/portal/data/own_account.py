"""A person's own account as its holder reads it: identity as the insurer holds it, and how to reach that person."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Role
from portal.data.columns import Index, instant, utc_now
from portal.data.organisations import Company, Provider
from portal.data.persons import Person
from portal.data.sessions import Viewer


class PhoneChange(SQLModel, table=True):
    """The holder changed the account's telephone number then; the numbers themselves are not kept."""

    __tablename__ = "phone_change"
    __table_args__ = (Index("ix_phone_change_account", "account_id", "changed_at"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    changed_at: datetime = instant(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose account it is, as the insurer's own records say. `birth_date` and `number` (SIRET, RPPS or FINESS) are
    None where the account is not a person's, an organisation's."""

    name: str
    birth_date: date | None = None
    organisation: str = ""
    number: str | None = None


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The account's own data; `phone_changed_at` is None when the holder never changed it. Instants are UTC."""

    identifier: str
    role: str
    identity: Identity
    email: str
    phone: str
    created_at: datetime
    password_set_at: datetime
    phone_changed_at: datetime | None


class Holder(NamedTuple):
    """Whose data an export gives: a name, and the account's identifier, empty for a person without an account."""

    name: str
    identifier: str


def holder_of(db: Session, viewer: Viewer) -> Holder:
    """Whose data the viewer's export gives. The desk's, for a person without an account, has no account's number."""
    if viewer.account_id:
        account = own_account(db, viewer)
        return Holder(account.identity.name, account.identifier)
    person = db.get_one(Person, viewer.person_id)
    return Holder(f"{person.first_name} {person.last_name}", "")


def own_account(db: Session, viewer: Viewer) -> OwnAccount:
    """The viewer's account."""
    account = db.get_one(Account, viewer.account_id)
    changed = select(func.max(PhoneChange.changed_at)).where(PhoneChange.account_id == viewer.account_id)
    return OwnAccount(
        identifier=account.identifier,
        role=account.role,
        identity=_identity(db, viewer),
        email=account.email,
        phone=account.phone,
        created_at=account.created_at,
        password_set_at=account.password_set_at,
        phone_changed_at=db.exec(changed).one(),
    )


def email_of_account(db: Session, account_id: int) -> str:
    """The address of an account whose holder has just come by a link sent there: hence no viewer."""
    return db.get_one(Account, account_id).email


def change_phone(db: Session, viewer: Viewer, phone: str, now: datetime) -> bool:
    """Keeps the viewer's telephone number (empty: none); whether it is another one than before."""
    account = db.get_one(Account, viewer.account_id, with_for_update=True)
    if account.phone == phone:
        return False
    account.phone = phone
    db.add(PhoneChange(account_id=viewer.account_id, changed_at=now))
    db.flush()
    return True


def _identity(db: Session, viewer: Viewer) -> Identity:
    if viewer.person_id is not None and viewer.role != Role.REPRESENTATIVE:
        person = db.get_one(Person, viewer.person_id)
        return Identity(f"{person.first_name} {person.last_name}", person.birth_date)
    organisation = _organisation(db, viewer)
    if organisation is None:
        return Identity(viewer.display_name, organisation=viewer.organisation)
    name, number = organisation
    return Identity(viewer.display_name, organisation=name, number=number)


def _organisation(db: Session, viewer: Viewer) -> tuple[str, str] | None:
    if viewer.company_id is not None:
        return db.exec(select(Company.name, Company.siret).where(col(Company.id) == viewer.company_id)).one()
    if viewer.provider_id is not None:
        return db.exec(select(Provider.name, Provider.national_id).where(col(Provider.id) == viewer.provider_id)).one()
    return None
