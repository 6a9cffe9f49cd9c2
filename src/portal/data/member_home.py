"""What the member's start page tells: the latest payment, what waits, the contracts that cover the household."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, Method, Payment, Status
from portal.data.coverage import Beneficiary, Contract, Product
from portal.data.overpayments import withheld_from
from portal.data.sessions import Viewer
from portal.data.visibility import Scope, is_representative, lines_of

WAITING_SHOWN = 5


class WaitingLine(NamedTuple):
    """A line that is not settled yet; `note` says which piece is missing, if one is."""

    id: int
    person_id: int
    label: str
    care_date: date
    posted_on: date
    status: str
    note: str
    spent_cents: int


class CoverContract(NamedTuple):
    """A contract that covers the viewer. `ends_on` in the past means that the space is read-only (R-64); the last
    day of the calendar when no end is known."""

    number: str
    member_number: str
    product: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class LatestPayment:
    """The last payment that holds a line the viewer may read. Cents; `line_count` counts visible lines only.

    `iban_masked` is empty for who does not hold the account. `other_cents`: what the holder's transfer also paid, for
    lines that others keep to themselves. `first_line_id`: the visible line that the list shows first.
    """

    first_line_id: int
    paid_on: date
    method: str
    is_holder: bool
    iban_masked: str
    line_count: int
    supplementary_cents: int
    other_cents: int


def latest_payment(db: Session, viewer: Viewer, scope: Scope) -> LatestPayment | None:
    """The most recent payment in which the viewer may read a line; sums bear on those lines alone."""
    newest = (
        select(BenefitLine.payment_id, BenefitLine.id)
        .join(Payment, col(Payment.id) == BenefitLine.payment_id)
        .where(lines_of(scope.detailed), Payment.method != Method.ADJUSTMENT)
        .order_by(col(BenefitLine.posted_on).desc(), col(BenefitLine.id).desc())
        .limit(1)
    )
    first = db.exec(newest).first()
    if first is None:
        return None
    payment_id, line_id = first
    payment = db.get_one(Payment, payment_id)
    sums = select(func.count(), func.sum(BenefitLine.supplementary_cents)).where(
        BenefitLine.payment_id == payment_id, lines_of(scope.detailed)
    )
    count, cents = db.exec(sums).one()
    is_holder, acts = payment.member_id == viewer.person_id, is_representative(viewer)
    return LatestPayment(
        line_id or 0,
        payment.paid_on,
        payment.method,
        is_holder,
        payment.iban_masked if is_holder else "",
        count,
        cents,
        payment.amount_cents + withheld_from(db, [payment.id or 0]).get(payment.id or 0, 0) - cents
        if is_holder and not acts and payment.method == Method.TRANSFER
        else 0,
    )


def waiting_lines(db: Session, viewer: Viewer, scope: Scope) -> list[WaitingLine]:
    """Lines that wait, those that need the member's action first, then the newest."""
    awaiting = col(BenefitLine.status) == Status.AWAITING_PIECE
    statement = (
        select(*(getattr(BenefitLine, name) for name in WaitingLine._fields))
        .where(lines_of(scope.detailed), col(BenefitLine.status).in_([Status.AWAITING_PIECE, Status.PENDING]))
        .order_by(awaiting.desc(), col(BenefitLine.posted_on).desc(), col(BenefitLine.id).desc())
        .limit(WAITING_SHOWN)
    )
    return [WaitingLine._make(row) for row in db.exec(statement)]


def household_contracts(db: Session, viewer: Viewer) -> list[CoverContract]:
    """The contracts that cover the viewer, the current ones first; `ends_on` is when the viewer's own cover ends."""
    statement = (
        select(
            Contract.number,
            Contract.member_number,
            Product.name,
            Contract.starts_on,
            Contract.ends_on,
            Beneficiary.valid_to,
        )
        .join(Product, col(Product.id) == Contract.product_id)
        .join(Beneficiary, col(Beneficiary.contract_id) == Contract.id)
        .where(Beneficiary.person_id == viewer.person_id)
        .order_by(Contract.starts_on)
    )
    latest: dict[str, CoverContract] = {}
    for number, member_number, product, starts_on, *ends in db.exec(statement):
        last_day = min(end or date.max for end in ends)
        found = CoverContract(number, member_number, product, starts_on, last_day)
        if found.number not in latest or found.ends_on > latest[found.number].ends_on:
            latest[found.number] = found
    return sorted(latest.values(), key=lambda contract: contract.ends_on, reverse=True)
