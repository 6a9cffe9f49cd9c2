"""Transfers that came back: their lines wait again, and what they had withheld or settled is undone."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, Payment, Status
from portal.data.cases import Case
from portal.data.overpayment_recovery import undo_taken, void_owed
from portal.data.payment_runs import WRONG_ACCOUNT, cases_behind, payer_of, unless_settled
from portal.data.payments import Hold, PaymentDue, PaymentOrder, PaymentReturn, PaymentRun, next_transfer_day
from portal.data.persons import Person
from portal.security import Keyring


@dataclass(frozen=True, slots=True)
class Returned:
    """What a return did: whose payment it was, the cases of its lines, whether another account is needed."""

    payment: Payment
    cases: list[Case]
    needs_account: bool


def references_of(db: Session, message: str) -> list[str]:
    """The payments that the file of a message ordered, in order; none for a file that is not ours."""
    query = (
        select(Payment.reference)
        .join(PaymentOrder, col(PaymentOrder.payment_id) == Payment.id)
        .join(PaymentRun, col(PaymentRun.id) == PaymentOrder.run_id)
        .where(PaymentRun.message == message, col(PaymentRun.closed_at).is_not(None))
    )
    return list(db.exec(query.order_by(col(Payment.id))))


def note_return(
    db: Session, keyring: Keyring, reference: str, returned_on: date, code: str, now: datetime, account: str = ""
) -> Returned | None:
    """A transfer came back: its lines wait again, for another account when it is the account that is wrong. None for a
    payment that no run of ours ordered, or whose return is known; or which left from another account than the bank
    names (`account`: an IBAN, empty where it names none)."""
    member_id = db.exec(select(Payment.member_id).where(Payment.reference == reference)).first()
    if member_id is None:
        return None
    db.get_one(Person, member_id, with_for_update=True)
    payment = db.exec(select(Payment).where(Payment.reference == reference)).one()
    order = db.get(PaymentOrder, payment.id)
    if order is None or db.get(PaymentReturn, payment.id) is not None or not _left_from(db, keyring, order, account):
        return None
    db.add(PaymentReturn(payment_id=payment.id or 0, returned_on=returned_on, code=code, noted_at=now))
    lines = list(db.exec(select(BenefitLine).where(BenefitLine.payment_id == payment.id).order_by(col(BenefitLine.id))))
    undo_taken(db, payment.id or 0, now)
    lines += void_owed(db, lines, now)
    needs_account = code in WRONG_ACCOUNT
    for line in lines:
        line.payment_id = None
        line.status = unless_settled(line, Status.PENDING)
        db.add(line)
        hold, day = (Hold.RETURNED if needs_account else ""), next_transfer_day(db, returned_on)
        db.add(PaymentDue(line_id=line.id or 0, member_id=member_id, due_on=day, hold=hold, queued_at=now))
    db.flush()
    return Returned(payment, cases_behind(db, lines), needs_account)


def _left_from(db: Session, keyring: Keyring, order: PaymentOrder, account: str) -> bool:
    """Whether a payment left from an account, as far as both are known."""
    payer = payer_of(keyring, db.get_one(PaymentRun, order.run_id))
    return not account or payer is None or payer.iban == account
