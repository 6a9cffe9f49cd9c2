"""Which kinds of care a profession may be told of, in dated rows: a pharmacist learns nothing of glasses (R-42)."""

from datetime import date

from sqlalchemy import UniqueConstraint, bindparam, select
from sqlmodel import Field, Session, SQLModel, col

from portal.data.guarantees import in_force
from portal.data.prepared import Prepared


class ProfessionCare(SQLModel, table=True):
    """A column of cards (`card_column.code`) that a profession may be told of between two days, both included."""

    __tablename__ = "profession_care"
    __table_args__ = (UniqueConstraint("profession", "code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    profession: str
    code: str
    valid_from: date
    valid_to: date | None = None


def care_codes(db: Session, profession: str, day: date) -> frozenset[str]:
    """The columns of cards that concern a profession on `day`; none for one that is not in the table."""
    return frozenset(code for (code,) in _CODES.rows(db, {"profession": profession, "day": day}))


_CODES = Prepared(
    select(col(ProfessionCare.code)).where(
        ProfessionCare.profession == bindparam("profession"),
        in_force(col(ProfessionCare.valid_from), col(ProfessionCare.valid_to), bindparam("day")),
    )
)
