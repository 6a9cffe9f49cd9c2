"""Where a practice receives, in dated rows: what its agreement and its letters name."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select


class PracticeAddress(SQLModel, table=True):
    """The address of a practice from a day on, until the next one."""

    __tablename__ = "provider_address"
    __table_args__ = (UniqueConstraint("provider_id", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    provider_id: int = Field(foreign_key="provider.id")
    valid_from: date
    address: str
    postcode: str
    city: str


def address_on(db: Session, provider_id: int, day: date) -> PracticeAddress | None:
    """The address on a day of a practice that the caller has reached; None when the insurer knows none."""
    known = (PracticeAddress.provider_id == provider_id, col(PracticeAddress.valid_from) <= day)
    return db.exec(select(PracticeAddress).where(*known).order_by(col(PracticeAddress.valid_from).desc())).first()


def keep_address(db: Session, provider_id: int, day: date, address: tuple[str, str, str]) -> None:
    """Gives a practice another address (street, postcode, commune) from a day on, in the place of one of that day."""
    query = select(PracticeAddress).where(PracticeAddress.provider_id == provider_id, PracticeAddress.valid_from == day)
    row = db.exec(query).first()
    street, postcode, city = address
    if row is None:
        row = PracticeAddress(provider_id=provider_id, valid_from=day, address="", postcode="", city="")
    row.address, row.postcode, row.city = street, postcode, city
    db.add(row)
    db.flush()
