"""What a practice most often asks about: its invoices that are not paid in full, its latest transfers (R-41)."""

from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, select

from portal.data.invoices import Invoice, InvoiceState
from portal.data.rights_checks import RightsCheck
from portal.data.sessions import Viewer
from portal.data.transfers import Transfer

MOST_SHOWN = 6
DOUBTFUL = (InvoiceState.REJECTED, InvoiceState.PIECE_DUE, InvoiceState.PAID_IN_PART)


class AskableInvoice(NamedTuple):
    """An invoice that may be chosen."""

    id: int
    number: str
    person_id: int | None
    patient: str
    care_date: date
    state: str
    received_on: date


class AskableTransfer(NamedTuple):
    """A transfer that may be chosen; cents."""

    reference: str
    paid_on: date
    amount_cents: int


def askable_invoices(db: Session, viewer: Viewer) -> list[AskableInvoice]:
    """The newest invoices of the viewer's practice of which something may be asked. Each state is read apart, so that
    it costs a few rows of the index, whatever the practice sent."""
    found = [row for state in DOUBTFUL for row in _in_state(db, viewer, state)]
    return sorted(found, key=lambda row: (row.received_on, row.id), reverse=True)[:MOST_SHOWN]


def invoices_named(db: Session, viewer: Viewer, ids: list[int]) -> list[str]:
    """The numbers of those of these invoices that are the viewer's practice's, in the order of their ids."""
    query = select(Invoice.number).where(Invoice.provider_id == viewer.provider_id, col(Invoice.id).in_(ids))
    return list(db.exec(query.order_by(col(Invoice.id))))


def engagement_of(db: Session, viewer: Viewer, check_id: int) -> str | None:
    """The number of an answer on rights that the viewer's practice was given, without opening it; None otherwise."""
    own = (RightsCheck.provider_id == viewer.provider_id, RightsCheck.id == check_id)
    return db.exec(select(RightsCheck.engagement).where(*own)).first()


def latest_transfers(db: Session, viewer: Viewer) -> list[AskableTransfer]:
    """The newest transfers to the viewer's practice."""
    query = select(Transfer.reference, Transfer.paid_on, Transfer.amount_cents)
    newest = query.where(Transfer.provider_id == viewer.provider_id).order_by(
        col(Transfer.paid_on).desc(), col(Transfer.id).desc()
    )
    return [AskableTransfer(*row) for row in db.exec(newest.limit(MOST_SHOWN))]


def _in_state(db: Session, viewer: Viewer, state: InvoiceState) -> list[AskableInvoice]:
    columns = (getattr(Invoice, name) for name in AskableInvoice._fields)
    query = select(*columns).where(Invoice.provider_id == viewer.provider_id, Invoice.state == state)
    newest = query.order_by(col(Invoice.received_on).desc(), col(Invoice.id).desc()).limit(MOST_SHOWN)
    return [AskableInvoice(*row) for row in db.exec(newest)]
