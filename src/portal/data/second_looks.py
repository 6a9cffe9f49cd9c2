"""Four eyes: which decisions of the desk a second agent must approve, from a dated table: by kind, act, matter and
amount."""

from datetime import date

from sqlalchemy import or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import CheckConstraint, Index


class SecondLookRule(SQLModel, table=True):
    """A decision of this kind and act needs a second agent. `from_cents`: from which amount on, in cents; empty:
    whatever the amount, and without one. `matter`: what of the kind alone it is about, such as the datum that a request
    would correct; empty: whatever it is about. Both days included."""

    __tablename__ = "second_look_rule"
    __table_args__ = (
        Index("ix_second_look_rule", "kind", "act"),
        CheckConstraint("from_cents IS NULL OR from_cents >= 0", name="ck_second_look_cents"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    act: str
    matter: str = ""
    from_cents: int | None = None
    valid_from: date
    valid_to: date | None = None


def needs_second_look(db: Session, kind: str, act: str, cents: int | None, day: date, matter: str = "") -> bool:
    """Whether a second agent must approve such a decision on a day. `cents`: what it has the insurer pay; None when it
    pays nothing. `matter`: what the case is about, where its kind tells matters apart."""
    query = select(SecondLookRule.from_cents).where(
        SecondLookRule.kind == kind,
        SecondLookRule.act == act,
        col(SecondLookRule.matter).in_(("", matter)),
        SecondLookRule.valid_from <= day,
        or_(col(SecondLookRule.valid_to).is_(None), col(SecondLookRule.valid_to) >= day),
    )
    return any(least is None or (cents is not None and cents >= least) for least in db.exec(query))


def rules_on(db: Session, day: date) -> list[SecondLookRule]:
    """The rules in force on a day, by kind."""
    query = select(SecondLookRule).where(
        SecondLookRule.valid_from <= day,
        or_(col(SecondLookRule.valid_to).is_(None), col(SecondLookRule.valid_to) >= day),
    )
    return list(db.exec(query.order_by(col(SecondLookRule.kind), col(SecondLookRule.act), col(SecondLookRule.id))))
