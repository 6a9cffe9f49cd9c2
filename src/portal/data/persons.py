"""Natural persons the insurer knows: members and their dependants (R-01)."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index

ADULT_AGE = 18


class Person(SQLModel, table=True):
    """`reference` is the insurer's own key. The NIR is stored encrypted; `nir_lookup` is its keyed hash. `email`: the
    address the insurer holds, empty without one."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_email_lower", text("lower(email)")),)

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    last_name: str
    first_name: str
    birth_date: date = Field(index=True)
    nir_encrypted: bytes | None = None
    nir_lookup: str | None = Field(default=None, index=True)
    email: str = ""


def age_on(birth_date: date, day: date) -> int:
    """Age in whole years on `day`; someone born on 29 February turns a year older on 1 March of common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def is_minor_on(birth_date: date, day: date) -> bool:
    """Whether parental authority still applies on `day` (civil code, article 414)."""
    return age_on(birth_date, day) < ADULT_AGE


def last_day_as_minor(birth_date: date) -> date:
    """The day before the eighteenth birthday; who was born on 29 February comes of age on 1 March of a common year."""
    try:
        birthday = birth_date.replace(year=birth_date.year + ADULT_AGE)
    except ValueError:
        birthday = date(birth_date.year + ADULT_AGE, 3, 1)
    return birthday - timedelta(days=1)


def id_by_reference(db: Session, reference: str) -> int:
    """The id behind the insurer's own reference of a person; raises `NoResultFound`."""
    return db.exec(select(Person.id).where(Person.reference == reference)).one() or 0


def birth_date_by_reference(db: Session, reference: str) -> date:
    """The birth date of a person by the insurer's own reference; raises `NoResultFound`."""
    return db.exec(select(Person).where(Person.reference == reference)).one().birth_date


def id_by_nir(db: Session, lookups: Sequence[str]) -> int | None:
    """The id of the person whose NIR has one of these keyed hashes (`Keyring.lookups`), tried in order; None without.

    Serves before sign-in, when somebody proves who they are: there is no viewer yet.
    """
    for lookup in lookups:
        found = db.exec(select(Person.id).where(Person.nir_lookup == lookup).order_by(col(Person.id))).first()
        if found is not None:
            return found
    return None


def find_person(db: Session, person_id: int) -> Person:
    """A person whom the caller has reached through a contract or a case; raises `NoResultFound`."""
    return db.get_one(Person, person_id)
