"""What runs of transfers do with sums owed: withhold what the member agreed to, within what may be withheld; give back
what turns out not to have been owed. The caller holds the member's row, as all that moves their money does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, Method, Payment
from portal.data.figures import parameters_on
from portal.data.line_corrections import history_from
from portal.data.overpayments import Overpayment, OverpaymentStep, StepKind, add_step, owed

# The most of one payment that may be withheld, in percent: a dated figure. Without it nothing is.
MOST_WITHHELD = "indu_retenue_pourcent"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one sum owed takes from a payment, in cents; negative: what is given back."""

    row: Overpayment
    kind: StepKind
    cents: int


def taken_from(db: Session, member_id: int, amount: int, day: date) -> list[Taken]:
    """What a payment of so many cents loses to what the member agreed to, the oldest first, and gains of what had been
    taken for nothing."""
    query = select(Overpayment).where(Overpayment.member_id == member_id).order_by(col(Overpayment.id))
    rows = list(db.exec(query.execution_options(populate_existing=True)))
    back = [found for row in rows if (found := _given_back(db, row))]
    room = max(0, amount) * most_withheld(db, day) // 100
    taken: list[Taken] = []
    for row in rows:
        cents = min(_may_take(db, row), room)
        if cents > 0:
            taken.append(Taken(row, StepKind.WITHHELD, cents))
            room -= cents
    return back + taken


def keep_taken(db: Session, payment: Payment, taken: Sequence[Taken], now: datetime) -> None:
    """Writes down what a payment was less, or more, by."""
    for each in taken:
        add_step(db, each.row, each.kind, now, cents=each.cents, payment_id=payment.id)


def undo_taken(db: Session, payment_id: int, now: datetime) -> None:
    """The payment came back: what it withheld is owed again, what it gave back is to be given again."""
    query = select(OverpaymentStep).where(OverpaymentStep.payment_id == payment_id)
    for step in list(db.exec(query.order_by(col(OverpaymentStep.id)))):
        row = db.get_one(Overpayment, step.overpayment_id)
        if step.kind == StepKind.WITHHELD and not _has(db, row, StepKind.VOID, StepKind.WAIVED):
            row.ended_at = None
        add_step(db, row, StepKind.UNDONE, now, cents=-step.cents, payment_id=None)


def void_owed(db: Session, lines: Sequence[BenefitLine], now: datetime) -> list[BenefitLine]:
    """Nothing was received of these lines after all: what putting them right made owed is owed no more. The lines that
    had settled it without money, which are to be paid, or taken back, with the others."""
    rows = {step.row.id: step.row for line in lines for step in history_from(db, line.id or 0)}
    query = select(Overpayment).where(col(Overpayment.correction_id).in_(rows))
    for row in list(db.exec(query.order_by(col(Overpayment.id)))):
        if not _has(db, row, StepKind.VOID):
            add_step(db, row, StepKind.VOID, now)
    return _without_money(db, [each for row in rows.values() for each in (row.opposite_id, row.replacement_id) if each])


def _without_money(db: Session, line_ids: Sequence[int]) -> list[BenefitLine]:
    """The lines of the payments of no money that hold these."""
    payments = (
        select(BenefitLine.payment_id)
        .join(Payment, col(Payment.id) == BenefitLine.payment_id)
        .where(col(BenefitLine.id).in_(list(line_ids)), Payment.method == Method.ADJUSTMENT)
    )
    query = select(BenefitLine).where(col(BenefitLine.payment_id).in_(payments))
    return list(db.exec(query.order_by(col(BenefitLine.id))))


def _may_take(db: Session, row: Overpayment) -> int:
    """What may be withheld for a sum owed: nothing without an agreement, nor while it is contested."""
    if row.agreed_at is None or row.ended_at is not None:
        return 0
    standing = owed(db, row)
    return 0 if standing.is_contested else max(0, standing.left)


def _given_back(db: Session, row: Overpayment) -> Taken | None:
    """What was taken for a sum that was not owed."""
    if not _has(db, row, StepKind.VOID):
        return None
    total = db.exec(select(func.sum(OverpaymentStep.cents)).where(OverpaymentStep.overpayment_id == row.id)).one()
    return Taken(row, StepKind.REFUNDED, -int(total)) if total and total > 0 else None


def _has(db: Session, row: Overpayment, *kinds: StepKind) -> bool:
    query = select(OverpaymentStep.id).where(OverpaymentStep.overpayment_id == row.id)
    return db.exec(query.where(col(OverpaymentStep.kind).in_(kinds)).limit(1)).first() is not None


def most_withheld(db: Session, day: date) -> int:
    """The most of one payment that may be withheld on a day, in percent. About nobody."""
    _, percent = parameters_on(db, day).get(MOST_WITHHELD, ("", 0))
    return max(0, min(percent, 100))
