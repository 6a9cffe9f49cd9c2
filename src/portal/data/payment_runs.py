"""A run of transfers: what is due to each member becomes one payment, to the account in force (ADR 14).

Each member is paid in a transaction of its own, under the lock of the member's row, as bank details change; the file is
written from what the run holds once all are. Run again after a stop, or by two workers at once, it pays nothing twice.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data.accounts import Account, AccountSuspension, SuspensionKind
from portal.data.bank_details import BankDetails, account_in_force
from portal.data.benefits import BenefitLine, LineKind, Method, Payment, Status
from portal.data.cases import Case, CaseKind
from portal.data.claims import ClaimLine
from portal.data.deaths import is_dead
from portal.data.overpayment_recovery import keep_taken, taken_from
from portal.data.payments import Hold, Payer, PaymentDue, PaymentOrder, PaymentReturn, PaymentRun
from portal.data.persons import Person
from portal.formatting import day_in_france
from portal.security import Keyring, new_reference

# Codes that say something of the account itself; any other leaves the account usable.
WRONG_ACCOUNT = frozenset({"AC01", "AC03", "AC04", "AC06", "AG01", "BE04", "CNOR", "MD07", "RC01"})


@dataclass(frozen=True, slots=True)
class Paid:
    """A member's payment of a run, and the cases whose lines it pays."""

    payment: Payment
    cases: list[Case]


@dataclass(frozen=True, slots=True)
class Held:
    """Lines that were due and stay so. `is_new`: the member has not been told yet."""

    member_id: int
    why: Hold
    is_new: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of the file: cents, an IBAN in the clear, and the reference by which a return is found again."""

    reference: str
    holder: str
    iban: str
    amount_cents: int


Compose = Callable[[PaymentRun, Payer, Sequence[Transfer]], bytes]


class FileChanged(Exception):
    """The file of a closed run would not be the one that was settled: what it was made from is no longer there."""


def open_run(db: Session, day: date, now: datetime) -> PaymentRun:
    """The run of a day: the one that was begun, or a new one."""
    found = db.exec(select(PaymentRun).where(PaymentRun.day == day).with_for_update()).first()
    if found is not None:
        return found
    run = PaymentRun(day=day, message=f"VIR{day:%Y%m%d}{new_reference()}".replace("-", ""), opened_at=now)
    db.add(run)
    db.flush()
    return run


def members_due(db: Session, day: date) -> list[int]:
    """The members to whom something is due by a day."""
    query = select(PaymentDue.member_id).where(PaymentDue.due_on <= day).distinct()
    return list(db.exec(query.order_by(col(PaymentDue.member_id))))


def pay_member(db: Session, run_id: int, member_id: int, now: datetime) -> Paid | Held | None:
    """Pays a member what is due by the run's day; or says why it is held; None when nothing is due any more, or the
    run is closed."""
    member = db.get_one(Person, member_id, with_for_update=True, populate_existing=True)
    run = db.get_one(PaymentRun, run_id, with_for_update={"key_share": True}, populate_existing=True)
    dues, lines = _due_lines(db, member_id, run.day)
    if run.closed_at is not None or not lines:
        return None
    amount = sum(line.supplementary_cents for line in lines)
    taken = taken_from(db, member_id, amount, run.day)
    amount -= sum(each.cents for each in taken)
    account = account_in_force(db, member_id)
    why = _hold(db, member_id, account, amount)
    if why is not None or account is None:
        return _held(db, dues, member_id, why or Hold.NO_ACCOUNT)
    payment = _payment(db, run, member, account, amount)
    keep_taken(db, payment, taken, now)
    for due, line in zip(dues, lines, strict=True):
        _settle(line, payment)
        db.add(line)
        db.delete(due)
    db.flush()
    return Paid(payment, cases_behind(db, lines))


def transfers_of(db: Session, keyring: Keyring, run: PaymentRun) -> list[Transfer]:
    """The transfers of a run, in order; whole IBANs, for the bank's file alone."""
    query = (
        select(Payment, BankDetails)
        .join(PaymentOrder, col(PaymentOrder.payment_id) == Payment.id)
        .join(BankDetails, col(BankDetails.id) == PaymentOrder.bank_details_id)
        .where(PaymentOrder.run_id == run.id)
        .order_by(col(Payment.id))
    )
    return [
        Transfer(
            payment.reference,
            keyring.decrypt(details.holder_encrypted),
            keyring.decrypt(details.iban_encrypted),
            payment.amount_cents,
        )
        for payment, details in db.exec(query)
    ]


def unfinished_runs(db: Session) -> list[int]:
    """The runs that hold payments and whose file is not known to be there, the oldest first."""
    holds = select(PaymentOrder.payment_id).where(PaymentOrder.run_id == PaymentRun.id).exists()
    query = select(PaymentRun.id).where(col(PaymentRun.written_at).is_(None), holds).order_by(col(PaymentRun.day))
    return [run_id or 0 for run_id in db.exec(query)]


def close_run(
    db: Session, keyring: Keyring, run_id: int, payer: Payer, compose: Compose, now: datetime
) -> tuple[PaymentRun, bytes]:
    """Closes a run, if it is still open, and gives its file: the same bytes each time, whoever `payer` is by now.

    Raises `FileChanged`.
    """
    run = db.get_one(PaymentRun, run_id, with_for_update=True, populate_existing=True)
    transfers = transfers_of(db, keyring, run)
    if run.closed_at is None:
        run.closed_at, run.executes_on = now, max(run.day, day_in_france(now))
        run.transfers, run.total_cents = len(transfers), sum(one.amount_cents for one in transfers)
        run.payer_encrypted = keyring.encrypt(msgspec.json.encode(payer).decode())
    content = compose(run, payer_of(keyring, run) or payer, transfers)
    digest = hashlib.sha256(content).hexdigest()
    if run.digest not in {"", digest}:
        raise FileChanged
    run.digest = digest
    db.add(run)
    db.flush()
    return run, content


def payer_of(keyring: Keyring, run: PaymentRun) -> Payer | None:
    """Who paid, as the run's file says; None for a run that is open, or was closed before this was kept."""
    return msgspec.json.decode(keyring.decrypt(run.payer_encrypted), type=Payer) if run.payer_encrypted else None


def closed_run_of(db: Session, day: date) -> int | None:
    """The run of a day, when its file is settled; None otherwise."""
    return db.exec(select(PaymentRun.id).where(PaymentRun.day == day, col(PaymentRun.closed_at).is_not(None))).first()


def note_written(db: Session, run_id: int, now: datetime) -> bool:
    """Says that the file of a run is there; False when that was known."""
    run = db.get_one(PaymentRun, run_id, with_for_update=True, populate_existing=True)
    if run.written_at is not None:
        return False
    run.written_at = now
    db.add(run)
    db.flush()
    return True


def cases_behind(db: Session, lines: Sequence[BenefitLine]) -> list[Case]:
    """The claims that led to these lines."""
    behind = select(ClaimLine.case_id).where(col(ClaimLine.line_id).in_([line.id for line in lines]))
    query = select(Case).where(col(Case.id).in_(behind), Case.kind == CaseKind.CLAIM)
    return list(db.exec(query.order_by(col(Case.id))))


def _due_lines(db: Session, member_id: int, day: date) -> tuple[list[PaymentDue], list[BenefitLine]]:
    query = (
        select(PaymentDue, BenefitLine)
        .join(BenefitLine, col(BenefitLine.id) == PaymentDue.line_id)
        .where(PaymentDue.member_id == member_id, PaymentDue.due_on <= day)
        .order_by(col(PaymentDue.line_id))
        .execution_options(populate_existing=True)
    )
    found = db.exec(query).all()
    return [due for due, _ in found], [line for _, line in found]


def _hold(db: Session, member_id: int, account: BankDetails | None, amount: int) -> Hold | None:
    """A change of bank details that waits holds nothing: the account in force goes on until then (ADR 14)."""
    if amount < 0:
        return Hold.OWING
    if is_dead(db, member_id):
        return Hold.DEATH
    if account is None:
        return Hold.NO_ACCOUNT
    if _is_frozen(db, member_id):
        return Hold.FROZEN
    return Hold.RETURNED if _came_back(db, account) else None


def _is_frozen(db: Session, member_id: int) -> bool:
    """Whether somebody said that another person uses an account of the member's: it may have given the bank details."""
    query = (
        select(func.count())
        .select_from(AccountSuspension)
        .join(Account, col(Account.id) == AccountSuspension.account_id)
        .where(Account.person_id == member_id, AccountSuspension.kind == SuspensionKind.FRAUD)
        .where(col(AccountSuspension.ended_at).is_(None))
    )
    return db.exec(query).one() > 0


def _came_back(db: Session, account: BankDetails) -> bool:
    query = (
        select(PaymentReturn.payment_id)
        .join(PaymentOrder, col(PaymentOrder.payment_id) == PaymentReturn.payment_id)
        .where(PaymentOrder.bank_details_id == account.id, col(PaymentReturn.code).in_(WRONG_ACCOUNT))
    )
    return db.exec(query.limit(1)).first() is not None


def _held(db: Session, dues: Sequence[PaymentDue], member_id: int, why: Hold) -> Held:
    is_new = any(due.hold != why for due in dues)
    for due in dues:
        due.hold = why
        db.add(due)
    db.flush()
    return Held(member_id, why, is_new)


def _payment(db: Session, run: PaymentRun, member: Person, account: BankDetails, amount: int) -> Payment:
    payment = Payment(
        reference=f"V{run.day:%y%m%d}-{run.id}-{member.id}",
        member_id=member.id or 0,
        paid_on=run.day,
        method=Method.TRANSFER,
        payee=f"{member.first_name} {member.last_name}",
        iban_masked=account.masked,
        amount_cents=amount,
    )
    db.add(payment)
    db.flush()
    if amount:
        db.add(PaymentOrder(payment_id=payment.id or 0, run_id=run.id or 0, bank_details_id=account.id or 0))
        db.flush()
    return payment


def _settle(line: BenefitLine, payment: Payment) -> None:
    line.payment_id, line.posted_on = payment.id, payment.paid_on
    line.status = unless_settled(line, Status.REGULARISED if line.kind == LineKind.CORRECTION else Status.PAID)


def unless_settled(line: BenefitLine, status: Status) -> Status:
    """A line that was paid, then cancelled, stays so when its transfer comes back: its amount is due again, since its
    correction takes back what the member then never had. One that was refused stays so too."""
    return Status(line.status) if line.status in {Status.CANCELLED, Status.REFUSED} else status
