"""Sums that members were paid too much (indus): what each is, what became of it, and what the member agreed to.

A sum owed is never taken silently: it is told, it may be contested, and it is withheld from later payments only once
the member has agreed (Code civil, articles 1347-2 and 1348-2). `OverpaymentStep` says all that happened to it; what is
left is the sum less what its steps took off.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.benefits import BenefitLine, Payment
from portal.data.case_desk import Agent
from portal.data.case_states import ENDS, CaseState
from portal.data.cases import Case, CaseKind, WrongState, touch
from portal.data.claim_rules import BARRED_AFTER_MONTHS
from portal.data.claim_valuing import TooNear
from portal.data.columns import CheckConstraint, Index, instant
from portal.data.complaints import Complaint
from portal.data.line_corrections import LineCorrection, history_around
from portal.data.parties import is_near
from portal.data.persons import Person
from portal.data.rules import add_months
from portal.data.sessions import Viewer


class StepKind(StrEnum):
    """What happened to a sum owed. Values are stored. AGREED, WITHDRAWN: the member's word on withholding. WITHHELD:
    from a payment. UNDONE: that payment came back. REPAID: the member sent it. REDUCED: the line was put right again.
    WAIVED: the insurer asks no more. VOID: nothing had been received. REFUNDED: what had been taken was given back."""

    AGREED = "accord"
    WITHDRAWN = "accord-retire"
    WITHHELD = "retenue"
    UNDONE = "retenue-annulee"
    REPAID = "rendue"
    REDUCED = "reduite"
    WAIVED = "abandonnee"
    VOID = "sans-objet"
    REFUNDED = "restituee"


class Overpayment(SQLModel, table=True):
    """A sum owed by a member, in cents. `agreed_at`: since when it may be withheld; `ended_at`: since when nothing of
    it is asked for any more."""

    __tablename__ = "overpayment"
    __table_args__ = (
        Index("ix_overpayment_member", "member_id", "ended_at"),
        CheckConstraint("amount_cents > 0", name="ck_overpayment"),
    )

    id: int | None = Field(default=None, primary_key=True)
    correction_id: int = Field(foreign_key="line_correction.id", unique=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    member_id: int = Field(foreign_key="person.id")
    amount_cents: int
    noted_at: datetime = instant()
    agreed_at: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)


class OverpaymentStep(SQLModel, table=True):
    """`cents`: what it takes off the sum, negative when it adds to it again; `by`: whose act it was, nobody's for the
    runs of transfers; `payment_id`: the payment that it changed. `note_encrypted`: why."""

    __tablename__ = "overpayment_step"
    __table_args__ = (Index("ix_overpayment_step", "overpayment_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    overpayment_id: int = Field(foreign_key="overpayment.id")
    kind: str
    cents: int = 0
    at: datetime = instant()
    by: int | None = Field(default=None, foreign_key="account.id")
    payment_id: int | None = Field(default=None, foreign_key="payment.id", index=True)
    note_encrypted: bytes | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A sum owed, as it stands: `left` in cents, `is_contested` while a complaint about its line is not answered;
    `claimable_until`: the last day on which it may be asked for (L221-11)."""

    row: Overpayment
    correction: LineCorrection
    steps: tuple[OverpaymentStep, ...]
    is_contested: bool
    claimable_until: date

    @property
    def left(self) -> int:
        return 0 if self.row.ended_at else self.row.amount_cents - sum(step.cents for step in self.steps)

    @property
    def ending(self) -> StepKind | None:
        """How it ended; None while it has not."""
        ends = {StepKind.WAIVED, StepKind.VOID, StepKind.REDUCED, StepKind.REPAID, StepKind.WITHHELD}
        if self.row.ended_at is None:
            return None
        return next((StepKind(step.kind) for step in reversed(self.steps) if step.kind in ends), None)


def owed_of(db: Session, viewer: Viewer) -> list[Owed]:
    """The sums that the viewer was paid too much, those that are left first; none for anybody but the member."""
    if viewer.person_id is None:
        return []
    query = select(Overpayment).where(Overpayment.member_id == viewer.person_id)
    rows = db.exec(query.order_by(col(Overpayment.ended_at).is_not(None), col(Overpayment.id).desc()))
    return [owed(db, row) for row in rows]


def owed_in(db: Session, case: Case) -> list[Owed]:
    """The sums owed for lines of a claim. The caller has found the case."""
    query = select(Overpayment).where(Overpayment.case_id == case.id)
    return [owed(db, row) for row in db.exec(query.order_by(col(Overpayment.id)))]


def overpayment_in(db: Session, case: Case, overpayment_id: int) -> Overpayment | None:
    """One of the sums owed for lines of a claim, as it is now. The caller has found the case."""
    query = select(Overpayment).where(Overpayment.id == overpayment_id, Overpayment.case_id == case.id)
    return db.exec(query.execution_options(populate_existing=True)).first()


def find_owed(db: Session, viewer: Viewer, overpayment_id: int) -> Owed | None:
    """One of the viewer's; None when it is another's."""
    row = db.get(Overpayment, overpayment_id)
    return owed(db, row) if row is not None and row.member_id == viewer.person_id else None


def owed(db: Session, row: Overpayment) -> Owed:
    """A sum owed as it stands."""
    steps = db.exec(
        select(OverpaymentStep).where(OverpaymentStep.overpayment_id == row.id).order_by(col(OverpaymentStep.id))
    )
    correction = db.get_one(LineCorrection, row.correction_id)
    until = add_months(_paid_on(db, correction, row), BARRED_AFTER_MONTHS)
    return Owed(row, correction, tuple(steps), is_contested(db, correction.line_id), until)


def still_owed(db: Session, line_id: int) -> list[Owed]:
    """What is left to give back of the line's history."""
    rows = [step.row.id for step in history_around(db, line_id)]
    query = select(Overpayment).where(col(Overpayment.correction_id).in_(rows), col(Overpayment.ended_at).is_(None))
    return [owed(db, row) for row in db.exec(query.order_by(col(Overpayment.id)))]


def is_contested(db: Session, line_id: int) -> bool:
    """Whether a complaint about a line, or what became of it, waits for its answer."""
    history = history_around(db, line_id)
    lines = {line_id} | {each.id for step in history for each in (step.before, step.opposite, step.after) if each}
    query = (
        select(func.count())
        .select_from(Complaint)
        .join(Case, col(Case.id) == Complaint.case_id)
        .where(col(Complaint.line_id).in_(lines), Case.kind == CaseKind.COMPLAINT)
        .where(col(Case.state).not_in([*ENDS, CaseState.DRAFT]))
    )
    return db.exec(query).one() > 0


def note_owed(db: Session, correction: LineCorrection, member_id: int, cents: int, now: datetime) -> Overpayment:
    """Writes down that a member was paid so much too much."""
    row = Overpayment(
        correction_id=correction.id or 0,
        case_id=correction.case_id,
        member_id=member_id,
        amount_cents=cents,
        noted_at=now,
    )
    db.add(row)
    db.flush()
    return row


def add_step(
    db: Session,
    row: Overpayment,
    kind: StepKind,
    now: datetime,
    *,
    cents: int = 0,
    by: int | None = None,
    payment_id: int | None = None,
    note: bytes | None = None,
) -> None:
    """Writes down what happened to a sum owed; it ends once nothing is left of it, or nothing is asked for."""
    step = {"kind": kind, "cents": cents, "at": now, "by": by, "payment_id": payment_id, "note_encrypted": note}
    db.add(OverpaymentStep(overpayment_id=row.id or 0, **step))
    db.flush()
    is_over = kind in {StepKind.WAIVED, StepKind.VOID} or (cents > 0 and owed(db, row).left <= 0)
    if is_over and row.ended_at is None:
        row.ended_at = now
    db.add(row)
    db.flush()


def agree(db: Session, viewer: Viewer, overpayment_id: int, now: datetime, *, is_agreed: bool) -> Overpayment | None:
    """The member lets the sum be withheld from later payments, or no longer; None for another's. Said twice, it is
    noted once. Raises `WrongState` for a sum of which nothing is left, or that is contested."""
    row = _locked(db, viewer, overpayment_id)
    if row is None:
        return None
    standing = owed(db, row)
    if standing.left <= 0 or (is_agreed and standing.is_contested):
        raise WrongState
    if (row.agreed_at is not None) != is_agreed:
        row.agreed_at = now if is_agreed else None
        add_step(db, row, StepKind.AGREED if is_agreed else StepKind.WITHDRAWN, now, by=viewer.account_id)
    return row


def take_repaid(db: Session, agent: Agent, case: Case, row: Overpayment, cents: int, now: datetime) -> None:
    """The member sent money, and learns that it came. The case is locked. Raises `TooNear`; `WrongState` for more than
    is left, or nothing."""
    _hold(db, agent, case, row)
    if not 0 < cents <= owed(db, row).left:
        raise WrongState
    add_step(db, row, StepKind.REPAID, now, cents=cents, by=agent.account_id)
    _told(db, agent, case, row, now)


def waive(db: Session, agent: Agent, case: Case, row: Overpayment, note: bytes, now: datetime) -> None:
    """The insurer asks for what is left no more, for a reason that the member reads (`note`, encrypted), and tells. The
    case is locked. Raises `TooNear`; `WrongState` when nothing is left."""
    _hold(db, agent, case, row)
    if owed(db, row).left <= 0:
        raise WrongState
    add_step(db, row, StepKind.WAIVED, now, by=agent.account_id, note=note)
    _told(db, agent, case, row, now)


def withheld_from(db: Session, payment_ids: Iterable[int]) -> dict[int, int]:
    """What was withheld from payments that the caller may read, in cents, by payment; negative where it was given
    back."""
    wanted = list(payment_ids)
    if not wanted:
        return {}
    kinds = [StepKind.WITHHELD, StepKind.REFUNDED]
    query = (
        select(OverpaymentStep.payment_id, func.sum(OverpaymentStep.cents))
        .where(col(OverpaymentStep.payment_id).in_(wanted), col(OverpaymentStep.kind).in_(kinds))
        .group_by(col(OverpaymentStep.payment_id))
    )
    return {payment_id or 0: int(cents) for payment_id, cents in db.exec(query)}


def _locked(db: Session, viewer: Viewer, overpayment_id: int) -> Overpayment | None:
    """One of the viewer's, under the lock of the member's row, as payments take it."""
    if viewer.person_id is None:
        return None
    db.get_one(Person, viewer.person_id, with_for_update=True)
    query = select(Overpayment).where(Overpayment.id == overpayment_id, Overpayment.member_id == viewer.person_id)
    return db.exec(query.execution_options(populate_existing=True)).first()


def _hold(db: Session, agent: Agent, case: Case, row: Overpayment) -> None:
    """The member's row, as payments hold it, for an agent who is no party."""
    if is_near(db, agent.account_id, case):
        raise TooNear
    db.get_one(Person, row.member_id, with_for_update=True)
    db.refresh(row)


def _told(db: Session, agent: Agent, case: Case, row: Overpayment, now: datetime) -> None:
    touch(db, case, now)
    agent.letters.tell_of_overpayment(db, row.member_id, now)


def _paid_on(db: Session, correction: LineCorrection, row: Overpayment) -> date:
    """The day of the payment by which too much was sent."""
    line = db.get_one(BenefitLine, correction.line_id)
    payment = db.get(Payment, line.payment_id) if line.payment_id else None
    return payment.paid_on if payment else row.noted_at.date()
