"""Lines that were put right (« rectifiées »): what each replaced, and by what; nothing that was told is rewritten.

A line is corrected by its opposite, and by the right line if there is to be one. The three stand side by side, and
`LineCorrection` says which is which, why and when; a line that was put right twice has two.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Space
from portal.data.benefits import BenefitLine, LineKind, Status
from portal.data.cases import Case
from portal.data.claims import ClaimLine
from portal.data.columns import Index, instant
from portal.data.decisions import Act
from portal.data.parties import is_near
from portal.data.payments import PaymentDue
from portal.data.proposals import DecisionProposal
from portal.data.sessions import Viewer
from portal.data.valued_lines import ValuedLine

CORRECTABLE = (Status.PENDING, Status.PAID)


class LineCorrection(SQLModel, table=True):
    """`line_id` was put right: `opposite_id` takes it back, `replacement_id` says what is right; none when the care
    never took place, or is known by another line. The reason is the opposite's note."""

    __tablename__ = "line_correction"
    __table_args__ = (Index("ix_line_correction_case", "case_id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    line_id: int = Field(foreign_key="benefit_line.id", unique=True)
    opposite_id: int = Field(foreign_key="benefit_line.id", unique=True)
    replacement_id: int | None = Field(default=None, foreign_key="benefit_line.id", unique=True)
    corrected_at: datetime = instant()
    corrected_by: int = Field(foreign_key="account.id")


@dataclass(frozen=True, slots=True)
class Rewriting:
    """One step of a line's history. `after`: None for a line that was cancelled outright."""

    row: LineCorrection
    before: BenefitLine
    opposite: BenefitLine
    after: BenefitLine | None


def correctable_lines(db: Session, agent: Viewer, case: Case) -> list[BenefitLine]:
    """The lines of a claim that were valued here and still stand, for an agent who may act on the case."""
    if is_near(db, agent.account_id, case):
        return []
    query = (
        select(BenefitLine)
        .join(ValuedLine, col(ValuedLine.line_id) == BenefitLine.id)
        .where(ValuedLine.case_id == case.id, BenefitLine.kind == LineKind.CARE)
        .where(col(BenefitLine.status).in_(CORRECTABLE))
        .order_by(col(BenefitLine.id))
    )
    return list(db.exec(query.execution_options(populate_existing=True)))


def lines_of_claim(db: Session, agent: Viewer, case: Case) -> list[BenefitLine]:
    """The lines that came of a claim, corrections included, for an agent who may read it; none for anybody else."""
    if agent.space != Space.DESK:
        return []
    query = select(BenefitLine).join(ClaimLine, col(ClaimLine.line_id) == BenefitLine.id)
    return list(db.exec(query.where(ClaimLine.case_id == case.id).order_by(col(BenefitLine.id))))


def history_around(db: Session, line_id: int) -> list[Rewriting]:
    """The history of a line, the first step first: also from the line that takes it back, or from what it became. All
    of one person and one member: whoever may read the line may read them all."""
    touched = or_(LineCorrection.line_id == line_id, _came_of(line_id))  # most lines have no history: one question
    return history_from(db, _first_of(db, line_id)) if _row_of(db, touched) else []


def history_from(db: Session, line_id: int) -> list[Rewriting]:
    """What became of a line, in order; nothing of what came before."""
    found: list[Rewriting] = []
    row = _row_of(db, LineCorrection.line_id == line_id)
    while row is not None:
        found.append(_told(db, row))
        row = _row_of(db, LineCorrection.line_id == row.replacement_id) if row.replacement_id else None
    return found


def rewriting_of(db: Session, row: LineCorrection) -> Rewriting:
    """One step of a line's history, with its lines."""
    return _told(db, row)


def paid_claim(db: Session, viewer: Viewer, quantity: int, act_code: str) -> tuple[Case, BenefitLine] | None:
    """A claim of the viewer's, and its line of so many acts, which was paid and stands as it was; None when it was put
    right, or somebody proposes to. The demonstration's way to its own."""
    proposed = select(DecisionProposal.case_id).where(DecisionProposal.act == Act.RECTIFY)
    query = (
        select(Case, BenefitLine)
        .join(ValuedLine, col(ValuedLine.case_id) == Case.id)
        .join(BenefitLine, col(BenefitLine.id) == ValuedLine.line_id)
        .where(Case.account_id == viewer.account_id, BenefitLine.act_code == act_code)
        .where(BenefitLine.quantity == quantity, BenefitLine.status == Status.PAID, col(Case.id).not_in(proposed))
        .where(col(BenefitLine.payment_id).is_not(None), col(BenefitLine.reference).not_like("%S"))
    )
    found = db.exec(query.order_by(col(BenefitLine.id))).first()
    return (found[0], found[1]) if found else None


def corrected_in(db: Session, case: Case) -> list[LineCorrection]:
    """What was put right of a claim, in order. The caller has found the case."""
    query = select(LineCorrection).where(LineCorrection.case_id == case.id)
    return list(db.exec(query.order_by(col(LineCorrection.id))))


def queued_opposites(db: Session, line_id: int) -> list[BenefitLine]:
    """The lines that take back what a line replaced, and have not been part of any payment yet."""
    opposites = [step.opposite.id for step in history_around(db, line_id)]
    query = select(BenefitLine).join(PaymentDue, col(PaymentDue.line_id) == BenefitLine.id)
    return list(db.exec(query.where(col(BenefitLine.id).in_(opposites)).order_by(col(BenefitLine.id))))


def _first_of(db: Session, line_id: int) -> int:
    """The line with which a history begins."""
    row = _row_of(db, _came_of(line_id))
    return _first_of(db, row.line_id) if row else line_id


def _came_of(line_id: int) -> ColumnElement[bool]:
    return or_(LineCorrection.opposite_id == line_id, LineCorrection.replacement_id == line_id)


def _row_of(db: Session, which: object) -> LineCorrection | None:
    return db.exec(select(LineCorrection).where(which)).first()


def _told(db: Session, row: LineCorrection) -> Rewriting:
    after = db.get_one(BenefitLine, row.replacement_id) if row.replacement_id else None
    return Rewriting(row, db.get_one(BenefitLine, row.line_id), db.get_one(BenefitLine, row.opposite_id), after)
