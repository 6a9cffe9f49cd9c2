"""One invoice of the viewer's practice: its history, why it was rejected, the transfers that paid it (R-40)."""

from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from portal.data.invoice_listing import InvoiceRow
from portal.data.invoices import InvoiceLot, InvoiceStep
from portal.data.reject_codes import RejectCode
from portal.data.transfers import RemittanceLine, Transfer


class PaidLine(NamedTuple):
    """A line of a transfer that is about an invoice; cents, less than zero when money was taken back."""

    transfer: Transfer
    label: str
    amount_cents: int


def steps_of(db: Session, row: InvoiceRow) -> list[InvoiceStep]:
    """The states of an invoice that the caller has reached, the oldest first."""
    query = select(InvoiceStep).where(InvoiceStep.invoice_id == row.id)
    return list(db.exec(query.order_by(col(InvoiceStep.state_on), col(InvoiceStep.id))))


def reject_on(db: Session, code: str, day: date) -> RejectCode | None:
    """What a code meant on a day; None when no table says."""
    query = select(RejectCode).where(RejectCode.code == code, RejectCode.valid_from <= day)
    found = db.exec(query.order_by(col(RejectCode.valid_from).desc())).first()
    return found if found and (found.valid_to is None or day <= found.valid_to) else None


def lines_paying(db: Session, row: InvoiceRow) -> list[PaidLine]:
    """The lines of transfers about an invoice that the caller has reached, the oldest first. A line is only ever
    matched with an invoice of its transfer's own practice."""
    query = (
        select(Transfer, RemittanceLine)
        .join(RemittanceLine, col(RemittanceLine.transfer_id) == Transfer.id)
        .where(RemittanceLine.invoice_id == row.id)
        .order_by(col(Transfer.paid_on), col(RemittanceLine.id))
    )
    return [PaidLine(transfer, line.label, line.amount_cents) for transfer, line in db.exec(query)]


def paid_for(db: Session, invoice_id: int) -> int:
    """What all transfers paid for an invoice that the caller has reached, less what was taken back, in cents."""
    paid = select(func.coalesce(func.sum(RemittanceLine.amount_cents), 0))
    return int(db.exec(paid.where(RemittanceLine.invoice_id == invoice_id)).one())


def lot_number(db: Session, lot_id: int | None) -> str:
    """The number of a lot; empty for none."""
    lot = db.get(InvoiceLot, lot_id) if lot_id else None
    return lot.number if lot else ""
