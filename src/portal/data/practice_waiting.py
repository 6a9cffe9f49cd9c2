"""What waits for somebody of a practice on their start page (R-40, R-42): answers to read, disputes, late invoices.

Checks that are frozen are told by `rights_freezes.frozen_checks`.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from portal.data.case_messages import unread_counts
from portal.data.cases import DECISIONS, Case, CaseKind, CaseState, readable_by
from portal.data.invoice_listing import InvoiceFilters, invoice_totals, lateness_on
from portal.data.organisation_bank import change_waiting
from portal.data.practice_bank import PRACTICE
from portal.data.sessions import Viewer
from portal.data.waiting import Waiting

DISPUTE = CaseKind.INVOICE_DISPUTE
# The practice is the one to go on.
OURS = (CaseState.INCOMPLETE, CaseState.ANSWERED)
# A decision is news for two weeks, as nobody notes who has read it.
NEWS_FOR = timedelta(days=14)


def answers_to_read(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The threads that hold an answer which nobody of the practice has read."""
    found = unread_counts(db, viewer, CaseKind.MESSAGE)
    return Waiting(len(found), row_id=min(found)) if found else None


def disputes_to_answer(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The viewer's disputes in which the insurer spoke last: a piece or an answer is missing."""
    query = select(Case.id).where(readable_by(viewer), Case.kind == DISPUTE, col(Case.state).in_(OURS))
    found = db.exec(query.order_by(col(Case.id))).all()
    return Waiting(len(found), row_id=found[0]) if found else None


def disputes_decided(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """The viewer's disputes that were decided these two weeks."""
    since = datetime.combine(day, time(), UTC) - NEWS_FOR
    query = select(Case.id).where(readable_by(viewer), Case.kind == DISPUTE, col(Case.state).in_(DECISIONS))
    found = db.exec(query.where(col(Case.changed_at) >= since).order_by(col(Case.changed_at).desc())).all()
    return Waiting(len(found), row_id=found[0]) if found else None


def late_invoices(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """The practice's invoices that the insurer should have paid by now, and what was asked for them."""
    totals = invoice_totals(db, viewer, InvoiceFilters(is_late=True), lateness_on(db, day))
    return Waiting(totals.invoices, cents=totals.requested_cents) if totals.invoices else None


def bank_change_to_approve(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The change of account that somebody else of the practice's asked for, and that waits for the viewer."""
    return change_waiting(db, viewer, PRACTICE)
