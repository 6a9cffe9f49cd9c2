"""Natural persons the insurer knows: members and their dependants (R-01)."""

from datetime import date

from sqlmodel import Field, Session, SQLModel, select

ADULT_AGE = 18


class Person(SQLModel, table=True):
    """`reference` is the insurer's own key. The NIR is stored encrypted; `nir_lookup` is its keyed hash."""

    __tablename__ = "person"

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    last_name: str
    first_name: str
    birth_date: date
    nir_encrypted: bytes | None = None
    nir_lookup: str | None = Field(default=None, index=True)


def age_on(birth_date: date, day: date) -> int:
    """Age in whole years on `day`; someone born on 29 February turns a year older on 1 March of common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def is_minor_on(birth_date: date, day: date) -> bool:
    """Whether parental authority still applies on `day` (civil code, article 414)."""
    return age_on(birth_date, day) < ADULT_AGE


def id_by_reference(db: Session, reference: str) -> int:
    """The id behind the insurer's own reference of a person; raises `NoResultFound`."""
    return db.exec(select(Person.id).where(Person.reference == reference)).one() or 0
