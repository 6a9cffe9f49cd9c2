"""Calls for contributions (bordereaux): what a company owes for a period, its lines, what was paid (R-32).

A call never changes once issued: what turns out otherwise later is in a later one, as a regularisation. A company's
calls are reached through the viewer's own company; another company's do not exist.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import CheckConstraint, Index, instant
from portal.data.contribution_rules import Rhythm
from portal.data.organisations import GroupContract
from portal.data.sessions import Viewer


class PaymentMethod(StrEnum):
    SEPA = "prelevement"
    DSN = "dsn"
    TRANSFER = "virement"


class ContributionTerms(SQLModel, table=True):
    """How a contract's contributions are called and paid; without a row, `DEFAULT_TERMS`. `due_day`: of the month
    after the period."""

    __tablename__ = "contribution_terms"
    __table_args__ = (CheckConstraint("due_day BETWEEN 1 AND 28", name="ck_contribution_terms_day"),)

    group_contract_id: int = Field(
        primary_key=True, foreign_key="group_contract.id", sa_column_kwargs={"autoincrement": False}
    )
    rhythm: str
    method: str
    due_day: int


DEFAULT_TERMS = (Rhythm.MONTH, PaymentMethod.SEPA, 15)


class ContributionCall(SQLModel, table=True):
    """`amount_cents`: its lines together. `previous_cents`: what the call before asked for; `received_cents`: the
    payments since. So `previous_cents` − `received_cents` + `amount_cents` is to be paid. `tax_cents`: the tax
    within the amount, at `tax_rate` ten-thousandths."""

    __tablename__ = "contribution_call"
    __table_args__ = (
        UniqueConstraint("group_contract_id", "period_start"),
        Index("ix_contribution_call_company", "company_id", "period_start", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id")
    group_contract_id: int = Field(foreign_key="group_contract.id")
    number: str = Field(unique=True)
    period_start: date
    period_end: date
    issued_at: datetime = instant()
    due_on: date
    method: str
    amount_cents: int = 0
    employer_cents: int = 0
    tax_rate: int
    tax_cents: int = 0
    previous_cents: int = 0
    received_cents: int = 0

    @property
    def employee_cents(self) -> int:
        return self.amount_cents - self.employer_cents

    @property
    def due_cents(self) -> int:
        """What is to be paid in all; negative when the company is owed."""
        return self.previous_cents - self.received_cents + self.amount_cents


class ContributionLine(SQLModel, table=True):
    """A line, see `contribution_lines.LineDraft`. `employee_id`, `event_id`: whose act explains it."""

    __tablename__ = "contribution_line"
    __table_args__ = (
        Index("ix_contribution_line_call", "call_id", "id"),
        CheckConstraint("amount_cents = people * months * unit_cents", name="ck_contribution_line_amount"),
        CheckConstraint("employer_cents = people * months * unit_employer_cents", name="ck_contribution_line_employer"),
    )

    id: int | None = Field(default=None, primary_key=True)
    call_id: int = Field(foreign_key="contribution_call.id")
    kind: str
    month: date
    months: int
    people: int
    category_id: int | None = Field(default=None, foreign_key="staff_category.id")
    structure: str | None = None
    before_category_id: int | None = Field(default=None, foreign_key="staff_category.id")
    before_structure: str | None = None
    unit_cents: int
    unit_employer_cents: int
    amount_cents: int
    employer_cents: int
    cause: str | None = None
    employee_id: int | None = Field(default=None, foreign_key="employee.id")
    event_id: int | None = Field(default=None, foreign_key="employee_event.id")

    @property
    def employee_cents(self) -> int:
        return self.amount_cents - self.employer_cents


class ContributionMonth(SQLModel, table=True):
    """What a month of an employee came to when a call counted it; the row of the last call holds. No category: nothing
    was due any more."""

    __tablename__ = "contribution_month"
    __table_args__ = (
        UniqueConstraint("employee_id", "month", "call_id"),
        Index("ix_contribution_month_call", "call_id", "month"),
    )

    id: int | None = Field(default=None, primary_key=True)
    call_id: int = Field(foreign_key="contribution_call.id")
    employee_id: int = Field(foreign_key="employee.id")
    month: date
    category_id: int | None = Field(default=None, foreign_key="staff_category.id")
    structure: str | None = None
    month_cents: int = 0
    employer_cents: int = 0


class ContributionPayment(SQLModel, table=True):
    """Money received for a contract. `call_id`: the call that it names. `counted_in_id`: the call that showed it."""

    __tablename__ = "contribution_payment"
    __table_args__ = (
        UniqueConstraint("group_contract_id", "reference"),
        CheckConstraint("amount_cents > 0", name="ck_contribution_payment"),
    )

    id: int | None = Field(default=None, primary_key=True)
    group_contract_id: int = Field(foreign_key="group_contract.id")
    reference: str
    received_on: date
    amount_cents: int
    method: str
    call_id: int | None = Field(default=None, foreign_key="contribution_call.id")
    counted_in_id: int | None = Field(default=None, foreign_key="contribution_call.id")


def find_call(db: Session, viewer: Viewer, call_id: int) -> ContributionCall | None:
    """A call of the viewer's company; None when there is none."""
    query = select(ContributionCall).where(
        ContributionCall.id == call_id, ContributionCall.company_id == viewer.company_id
    )
    return db.exec(query).first() if viewer.company_id is not None else None


def calls_of(db: Session, viewer: Viewer, after: ContributionCall | None, most: int) -> list[ContributionCall]:
    """The calls of the viewer's company, the newest period first; those that follow `after` in that order."""
    query = select(ContributionCall).where(ContributionCall.company_id == viewer.company_id)
    if after is not None:
        later = (col(ContributionCall.period_start) == after.period_start) & (col(ContributionCall.id) < after.id)
        query = query.where((col(ContributionCall.period_start) < after.period_start) | later)
    newest = query.order_by(col(ContributionCall.period_start).desc(), col(ContributionCall.id).desc())
    return list(db.exec(newest.limit(most)))


def all_calls(db: Session, group_contract_ids: Sequence[int]) -> list[ContributionCall]:
    """Every call of contracts that the caller has reached, the oldest first."""
    query = select(ContributionCall).where(col(ContributionCall.group_contract_id).in_(group_contract_ids))
    return list(db.exec(query.order_by(col(ContributionCall.period_start), col(ContributionCall.id))))


def contract_of(db: Session, call: ContributionCall) -> GroupContract:
    """The contract of a call."""
    return db.get_one(GroupContract, call.group_contract_id)


def lines_of(db: Session, call: ContributionCall) -> list[ContributionLine]:
    """The lines of a call that the caller has reached, headcount first."""
    query = select(ContributionLine).where(ContributionLine.call_id == call.id)
    return list(db.exec(query.order_by(col(ContributionLine.id))))


def payments_of(db: Session, group_contract_ids: Sequence[int]) -> list[ContributionPayment]:
    """The payments received for contracts that the caller has reached, the oldest first."""
    query = select(ContributionPayment).where(col(ContributionPayment.group_contract_id).in_(group_contract_ids))
    return list(db.exec(query.order_by(col(ContributionPayment.received_on), col(ContributionPayment.id))))


def payments_counted(db: Session, call: ContributionCall) -> list[ContributionPayment]:
    """The payments that a call shows as received, the oldest first."""
    query = select(ContributionPayment).where(ContributionPayment.counted_in_id == call.id)
    return list(db.exec(query.order_by(col(ContributionPayment.received_on), col(ContributionPayment.id))))


def first_called(db: Session, group_contract_id: int) -> date | None:
    """The first month that the portal called for a contract; None before the first call."""
    query = select(func.min(ContributionCall.period_start))
    return db.exec(query.where(ContributionCall.group_contract_id == group_contract_id)).one()


def last_call(db: Session, group_contract_id: int) -> ContributionCall | None:
    """The call of a contract's last period, or None."""
    query = select(ContributionCall).where(ContributionCall.group_contract_id == group_contract_id)
    return db.exec(query.order_by(col(ContributionCall.period_start).desc())).first()
