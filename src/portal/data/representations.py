"""In which capacity an account was opened, and who represents or authorises a minor or a protected adult (R-15)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel

from portal.data.columns import instant, utc_now
from portal.data.persons import is_minor_on
from portal.data.sessions import Reader


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


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared at sign-up. `acts`: the representative signs up; otherwise the person does, for oneself (SELF)
    or as the representative named authorises."""

    capacity: Capacity = Capacity.SELF
    acts: bool = False
    representative_name: str = ""

    @property
    def is_own(self) -> bool:
        """Whether a capable adult signs up for oneself: nothing more to store."""
        return self.capacity is Capacity.SELF

    def row(self, account_id: int, now: datetime) -> Representation:
        """The row that keeps it with the account."""
        return Representation(
            account_id=account_id,
            capacity=self.capacity,
            acts=self.acts,
            representative_name=self.representative_name,
            declared_at=now,
        )


OWN = Declaration()


def is_possible(declaration: Declaration, birth_date: date, day: date) -> bool:
    """Whether the law allows what is declared for someone of that birth date (civil code: a minor cannot accept alone,
    parental authority ends at eighteen, a curator assists adults)."""
    if is_minor_on(birth_date, day):
        return declaration.capacity in {Capacity.PARENT, Capacity.GUARDIAN}
    return declaration.capacity is not Capacity.PARENT


def acting_capacity(db: Session, viewer: Reader) -> Capacity | None:
    """In which capacity the viewer's account acts for the person it reaches; None when it acts for nobody."""
    row = db.get(Representation, viewer.account_id)
    return Capacity(row.capacity) if row is not None and row.acts else None
