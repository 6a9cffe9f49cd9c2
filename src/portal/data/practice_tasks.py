"""What waits for somebody of a practice's, as the start page of the space counts it (R-40, R-41)."""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from portal.data.case_messages import unread_counts
from portal.data.cases import DECISIONS, Case, CaseKind, CaseState, readable_by
from portal.data.invoice_listing import InvoiceFilters, invoice_totals, lateness_on
from portal.data.invoices import InvoiceState
from portal.data.organisation_bank import change_waiting
from portal.data.practice_bank import PRACTICE
from portal.data.practice_changes import KINDS
from portal.data.sessions import Viewer
from portal.data.transfer_reading import unexplained_since
from portal.data.waiting import Waiting

# A rejection that nobody took up by then is no news any more, nor is a line that no file explained.
REJECTIONS, TRANSFERS = timedelta(days=60), timedelta(days=365)
# A decision is news for two weeks, as nobody notes who has read it.
NEWS_FOR = timedelta(days=14)


def invoices_late(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """What the insurer should have paid by now, in cents asked for."""
    return _invoices(db, viewer, day, InvoiceFilters(is_late=True))


def invoices_without_piece(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Those that wait for a piece of the practice's."""
    return _invoices(db, viewer, day, InvoiceFilters(state=InvoiceState.PIECE_DUE))


def invoices_rejected(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Those that arrived of late, were rejected, and are not contested."""
    return _invoices(db, viewer, day, InvoiceFilters(state=InvoiceState.REJECTED, since=day - REJECTIONS))


def transfers_unexplained(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """The year's transfers that their lines do not explain."""
    count = unexplained_since(db, viewer, day - TRANSFERS)
    return Waiting(count) if count else None


def answers_unread(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """Questions to which nobody has read the insurer's answer; the oldest one first."""
    found = unread_counts(db, viewer, CaseKind.MESSAGE)
    return Waiting(len(found), row_id=min(found)) if found else None


def disputes_unanswered(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The viewer's contested invoices about which the insurer asked something."""
    return _cases(db, viewer, CaseKind.INVOICE_DISPUTE)


def disputes_decided(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """The viewer's contested invoices that were decided these two weeks."""
    since = datetime.combine(day, time(), UTC) - NEWS_FOR
    own = (readable_by(viewer), Case.kind == CaseKind.INVOICE_DISPUTE, col(Case.state).in_(DECISIONS))
    query = select(Case.id).where(*own, col(Case.changed_at) >= since)
    found = db.exec(query.order_by(col(Case.changed_at).desc())).all()
    return Waiting(len(found), row_id=found[0]) if found else None


def changes_sent_back(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The viewer's changes of address or number that lack something."""
    return _cases(db, viewer, *KINDS)


def account_to_approve(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The change of account that somebody else asked for, and that waits for the viewer to approve it."""
    return change_waiting(db, viewer, PRACTICE)


def _invoices(db: Session, viewer: Viewer, day: date, filters: InvoiceFilters) -> Waiting | None:
    totals = invoice_totals(db, viewer, filters, lateness_on(db, day))
    return Waiting(totals.invoices, cents=totals.requested_cents) if totals.invoices else None


def _cases(db: Session, viewer: Viewer, *kinds: CaseKind) -> Waiting | None:
    waiting = col(Case.state).in_((CaseState.ANSWERED, CaseState.INCOMPLETE))
    query = select(Case.id).where(Case.account_id == viewer.account_id, col(Case.kind).in_(kinds), waiting)
    found = db.exec(query.order_by(col(Case.id))).all()
    return Waiting(len(found), row_id=found[0]) if found else None
