"""Money that is owed to members for lines valued here: what waits for the next transfers, runs of transfers, returns.

A line waits in `payment_due` till a run pays it. A run is one file for the bank, of one day: it groups what is due per
member, and is begun and ended by transactions of its own, so that one stopped half-way goes on where it was
(`data/payment_runs.py`). Imported payments have neither run nor order.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.bank_details import account_in_force
from portal.data.benefits import BenefitLine, Payment
from portal.data.columns import Index, instant
from portal.data.figures import parameters_on
from portal.data.office_days import is_office_day

# The day of the week on which transfers leave, 1 for Monday: a dated parameter, Thursday without one.
TRANSFER_WEEKDAY = "virements_jour_semaine"
THURSDAY = 4


class Hold(StrEnum):
    """Why what is due to a member was not sent. Values are stored."""

    NO_ACCOUNT = "sans-compte"
    RETURNED = "rejete"
    FROZEN = "gele"
    OWING = "trop-verse"
    DEATH = "deces"


class PaymentDue(SQLModel, table=True):
    """A line that waits for the transfers of `due_on`, or for what `hold` says."""

    __tablename__ = "payment_due"
    __table_args__ = (Index("ix_payment_due_day", "due_on", "member_id"),)

    line_id: int = Field(primary_key=True, foreign_key="benefit_line.id", sa_column_kwargs={"autoincrement": False})
    member_id: int = Field(foreign_key="person.id")
    due_on: date
    hold: str = ""
    queued_at: datetime = instant()


class PaymentRun(SQLModel, table=True):
    """The transfers of a day. `closed_at`: from when nothing is added; the file's content is settled, with its digest
    (SHA-256), the number of its transfers, their sum and the day on which the bank is to act. `payer_encrypted`: who
    paid then (`Payer`), so that the file can be made again when the insurer is called otherwise, or banks elsewhere.
    `written_at`: when the file was there."""

    __tablename__ = "payment_run"

    id: int | None = Field(default=None, primary_key=True)
    day: date = Field(unique=True)
    message: str = Field(unique=True)
    opened_at: datetime = instant()
    closed_at: datetime | None = instant(default=None)
    executes_on: date | None = None
    payer_encrypted: bytes | None = None
    written_at: datetime | None = instant(default=None)
    digest: str = ""
    transfers: int = 0
    total_cents: int = 0


class Payer(msgspec.Struct, frozen=True):
    """Whose account transfers leave from. `bic`: empty where the bank finds it by the IBAN, as it does in the SEPA."""

    name: str
    iban: str
    bic: str = ""


class PaymentOrder(SQLModel, table=True):
    """A payment as the run's file orders it: to the account of those bank details."""

    __tablename__ = "payment_order"
    __table_args__ = (Index("ix_payment_order_run", "run_id"),)

    payment_id: int = Field(primary_key=True, foreign_key="payment.id", sa_column_kwargs={"autoincrement": False})
    run_id: int = Field(foreign_key="payment_run.id")
    bank_details_id: int = Field(foreign_key="bank_details.id", index=True)


class PaymentReturn(SQLModel, table=True):
    """A transfer that the bank sent back, and its code (ISO 20022, external return reasons: AC04, closed account)."""

    __tablename__ = "payment_return"

    payment_id: int = Field(primary_key=True, foreign_key="payment.id", sa_column_kwargs={"autoincrement": False})
    returned_on: date
    code: str
    noted_at: datetime = instant()


def next_transfer_day(db: Session, day: date) -> date:
    """The first day after `day` on which transfers leave: that weekday, or the next office day when it is a holiday."""
    _, weekday = parameters_on(db, day).get(TRANSFER_WEEKDAY, ("", THURSDAY))
    found = day + timedelta(days=1)
    while found.isoweekday() != weekday:
        found += timedelta(days=1)
    while not is_office_day(found):
        found += timedelta(days=1)
    return found


def queue(db: Session, line: BenefitLine, due_on: date, now: datetime) -> None:
    """Lets a line wait for the transfers of a day, or for the account that nobody knows yet. The caller holds its
    member's row."""
    is_held = line.supplementary_cents > 0 and account_in_force(db, line.member_id) is None
    hold = Hold.NO_ACCOUNT if is_held else ""
    due = PaymentDue(line_id=line.id or 0, member_id=line.member_id, due_on=due_on, hold=hold, queued_at=now)
    db.add(due)
    db.flush()


def first_due(db: Session) -> date | None:
    """The first day on which something is due to somebody; about nobody."""
    found = db.exec(select(PaymentDue).order_by(col(PaymentDue.due_on)).limit(1)).first()
    return found.due_on if found else None


def due_of(db: Session, line_ids: Iterable[int]) -> dict[int, PaymentDue]:
    """What waits among these lines, which the caller may read, by line."""
    wanted = list(line_ids)
    if not wanted:
        return {}
    return {due.line_id: due for due in db.exec(select(PaymentDue).where(col(PaymentDue.line_id).in_(wanted)))}


def days_of(db: Session, lines: Iterable[BenefitLine]) -> dict[int, date]:
    """The days of the payments of lines that the caller may read, by payment."""
    wanted = {line.payment_id for line in lines if line.payment_id is not None}
    if not wanted:
        return {}
    found = db.exec(select(Payment.id, Payment.paid_on).where(col(Payment.id).in_(wanted)))
    return {payment_id or 0: paid_on for payment_id, paid_on in found}
