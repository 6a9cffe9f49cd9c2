"""The legal cases in which an employee may stay out of the group contract: a dated table (domain 3.5).

« De droit »: whatever the company's founding act says (code de la sécurité sociale, L911-7 III and D911-2). Others hold
only where that act foresees them (R242-1-6); `OpenedExemption` says which, for which contract.
"""

from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import UniqueConstraint, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import CheckConstraint
from portal.data.rules import add_months


class GroundKind(StrEnum):
    """BY_LAW: nobody may refuse it to who proves it. BY_ACT: where the company's founding act foresees it."""

    BY_LAW = "droit"
    BY_ACT = "facultative"


class ExemptionGround(SQLModel, table=True):
    """A legal case between two days, both included. `condition`: in plain words, who may ask. `evidence`: what proves
    it, empty when the employer knows it already.

    `names_insurer`: the employee must say who covers them. `needs_until`: and until when, at most `most_months` ahead.
    `renewal_months`: the evidence is to be given again after so many months; None: never. `is_renewable`: whether an
    employee exempt under this case may go on being so under it.
    """

    __tablename__ = "exemption_ground"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("renewal_months > 0 AND most_months > 0", name="ck_exemption_ground_months"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str
    label: str
    kind: str
    article: str
    condition: str
    evidence: str = ""
    evidence_hint: str = ""
    names_insurer: bool = False
    needs_until: bool = False
    most_months: int | None = None
    renewal_months: int | None = None
    is_renewable: bool = True
    valid_from: date
    valid_to: date | None = None

    def until(self, starts_on: date, told: date | None) -> date | None:
        """The last day that the evidence holds for: the one that was told (the last that may be, as long as it is to be
        told), or that on which it is to be given anew, whichever comes first; None: until the employee's situation
        changes."""
        end = told or (self.latest(starts_on) if self.needs_until else None)
        ends = [end] if end else []
        if self.renewal_months:
            ends.append(add_months(starts_on, self.renewal_months) - timedelta(days=1))
        return min(ends, default=None)

    def latest(self, starts_on: date) -> date | None:
        """The last day that may be told: the day before `most_months` are over."""
        return add_months(starts_on, self.most_months) - timedelta(days=1) if self.most_months else None


class OpenedExemption(SQLModel, table=True):
    """A facultative case that a company's founding act foresees, between two days, both included."""

    __tablename__ = "opened_exemption"
    __table_args__ = (UniqueConstraint("group_contract_id", "ground_code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    group_contract_id: int = Field(foreign_key="group_contract.id")
    ground_code: str
    valid_from: date
    valid_to: date | None = None


def grounds_open(db: Session, contract_id: int, day: date) -> list[ExemptionGround]:
    """The cases that employees under a group contract may ask for on a day: those of the law, then those of the act."""
    opened = select(OpenedExemption.ground_code).where(
        OpenedExemption.group_contract_id == contract_id,
        OpenedExemption.valid_from <= day,
        or_(col(OpenedExemption.valid_to).is_(None), col(OpenedExemption.valid_to) >= day),
    )
    query = select(ExemptionGround).where(
        ExemptionGround.valid_from <= day,
        or_(col(ExemptionGround.valid_to).is_(None), col(ExemptionGround.valid_to) >= day),
        or_(ExemptionGround.kind == GroundKind.BY_LAW, col(ExemptionGround.code).in_(opened)),
    )
    return list(db.exec(query.order_by(col(ExemptionGround.kind), col(ExemptionGround.id))))


def ground_open(db: Session, contract_id: int, code: str, day: date) -> ExemptionGround | None:
    """One of them by its code, or None."""
    return next((ground for ground in grounds_open(db, contract_id, day) if ground.code == code), None)
