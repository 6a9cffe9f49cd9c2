"""The insurer's answer to a dispute about an invoice: agreed to, and put back to payment, or refused with reasons.

The desk alone acts here, as an `Agent` (`case_desk`), on a case that it has locked. The insurer's own files may change
the invoice again afterwards: what was agreed stays in the dispute.
"""

from datetime import datetime

from sqlmodel import Session

from portal.data.case_desk import move_by_desk
from portal.data.cases import Case, CaseState, WrongState
from portal.data.invoice_disputes import InvoiceDispute
from portal.data.invoice_disputing import KIND
from portal.data.invoice_loading import Standing, record_steps
from portal.data.invoice_reading import lot_number, paid_for
from portal.data.invoices import Invoice, InvoiceState
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring


class NothingToPay(Exception):
    """The amount is more than was asked, or no more than was paid already."""


def grant_dispute(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, granted_cents: int, reasons: str, now: datetime
) -> None:
    """Agrees to pay `granted_cents` in all for the contested invoice, which goes back to payment, its rejection lifted.
    In part, when its author expected more: then `reasons` say why.

    Raises `NothingToPay`, `WrongState` (also without the reasons), `PermissionError` for anybody but an `Agent`.
    """
    row = _dispute(db, case)
    invoice = db.get_one(Invoice, row.invoice_id, with_for_update=True)
    if not paid_for(db, row.invoice_id) < granted_cents <= invoice.requested_cents:
        raise NothingToPay
    is_whole = granted_cents >= _expected(row, invoice)
    if not (is_whole or reasons.strip()):
        raise WrongState
    row.granted_cents = granted_cents
    db.add(row)
    move_by_desk(db, agent, keyring, case, CaseState.ACCEPTED if is_whole else CaseState.PARTLY, reasons, now)
    _pay_again(db, invoice, granted_cents, now)


def refuse_dispute(db: Session, agent: Viewer, keyring: Keyring, case: Case, reasons: str, now: datetime) -> None:
    """Refuses, with the reasons: the invoice stands as it did. Raises `WrongState` (also without reasons),
    `PermissionError` for anybody but an `Agent`."""
    _dispute(db, case)
    if not reasons.strip():
        raise WrongState
    move_by_desk(db, agent, keyring, case, CaseState.REFUSED, reasons, now)


def expected_cents(db: Session, case: Case) -> int:
    """What the author of a dispute expects to be paid in all, in cents. The caller has found the case."""
    row = _dispute(db, case)
    return _expected(row, db.get_one(Invoice, row.invoice_id))


def _dispute(db: Session, case: Case) -> InvoiceDispute:
    if case.kind != KIND:
        raise WrongState
    return db.get_one(InvoiceDispute, case.id)


def _expected(row: InvoiceDispute, invoice: Invoice) -> int:
    """What its author expects: the amount that was claimed, else what was granted and never came, else all."""
    return row.claimed_cents or invoice.accepted_cents or invoice.requested_cents


def _pay_again(db: Session, invoice: Invoice, granted_cents: int, now: datetime) -> None:
    day = day_in_france(now)
    invoice.accepted_cents, invoice.reject_code = granted_cents, ""
    invoice.state, invoice.state_on = InvoiceState.PAYING, day
    db.add(invoice)
    db.flush()
    lot = lot_number(db, invoice.lot_id)
    record_steps(
        db, [Standing(invoice.provider_id, invoice.number, InvoiceState.PAYING.value, day.isoformat(), lot=lot)]
    )
