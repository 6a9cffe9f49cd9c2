"""What a practice's user does with a dispute about an invoice: begin, change, send, forget, read it (R-40).

A dispute is its author's, as every case; that an invoice is contested shows to everybody of the practice. One at a time
of an invoice: whoever sends holds the invoice's row, so that of two sendings the second one sees the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from portal.data.case_acts import lock_draft
from portal.data.case_erasure import delete_draft
from portal.data.case_slots import Slot
from portal.data.case_turns import in_turn
from portal.data.cases import ENDS, Case, CaseKind, CaseState, find_case, move_case, open_case, touch
from portal.data.figures import parameters_on
from portal.data.invoice_disputes import InvoiceDispute, Motive, motives_for
from portal.data.invoice_listing import InvoiceRow, find_invoice, invoices_replacing, lateness_on
from portal.data.invoice_reading import paid_for
from portal.data.invoices import Invoice
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring

KIND = CaseKind.INVOICE_DISPUTE
_DELAY = "delai_contestation_facture_jours"


@dataclass(frozen=True, slots=True)
class Said:
    """What is typed of a dispute; cents, and the day until which the payment was looked for, where the motive asks."""

    motive: Motive
    text: str = field(repr=False)
    claimed_cents: int | None = None
    checked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Contested:
    """A dispute as its author reads it, and the invoice as it stands now. `row`: what was kept of both."""

    case: Case
    row: InvoiceDispute
    invoice: InvoiceRow
    said: Said


class NotContestable(Exception):
    """Nothing, or not this, may be contested of the invoice as it stands."""


class AlreadyContested(Exception):
    """The invoice is contested already, and the insurer has not answered."""


def invoice_dispute_slots(*_: object) -> list[Slot]:
    """What proves the mistake may be joined."""
    hint = "Accusé de réception, ordonnance, prise en charge, relevé bancaire\u00a0: ce qui montre l’erreur."
    return [Slot("pieces", "Documents qui appuient votre contestation", hint, is_required=False)]


def open_motives(db: Session, viewer: Viewer, invoice: InvoiceRow, day: date) -> tuple[Motive, ...]:
    """What may be contested today of an invoice of the viewer's practice; nothing of one that was sent again since: the
    one that replaces it is what counts."""
    if invoices_replacing(db, viewer, invoice.number):
        return ()
    is_late = lateness_on(db, day).holds(invoice)
    return motives_for(invoice, paid_cents=paid_for(db, invoice.id), is_late=is_late)


def start_dispute(
    db: Session, viewer: Viewer, keyring: Keyring, invoice_id: int, said: Said, now: datetime
) -> tuple[Case, bool] | None:
    """A draft about an invoice of the viewer's practice, and whether it is new: a draft of the viewer's own goes on.
    None without such an invoice. Raises `NotContestable`, `AlreadyContested`, `TooManyDrafts`."""
    in_turn(db, viewer)
    invoice = find_invoice(db, viewer, invoice_id)
    if invoice is None:
        return None
    _check(db, viewer, invoice, said.motive, day_in_france(now))
    begun = draft_about(db, viewer, invoice_id)
    if begun is not None:
        _write(db, keyring, db.get_one(InvoiceDispute, begun.id), invoice, said)
        touch(db, begun, now)
        return begun, False
    case = open_case(db, viewer, KIND, now)
    _write(db, keyring, _new_row(viewer, case, invoice, said), invoice, said)
    return case, True


def change_dispute(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, version: int, said: Said, now: datetime
) -> Case | None:
    """What a draft says, changed; None without such a case.

    Raises `CaseMoved`, `WrongState`, `NotContestable`, `AlreadyContested`.
    """
    case = lock_draft(db, viewer, case_id, version, KIND)
    invoice = _invoice_of(db, viewer, case)
    if case is None or invoice is None:
        return None
    _check(db, viewer, invoice, said.motive, day_in_france(now))
    _write(db, keyring, db.get_one(InvoiceDispute, case.id), invoice, said)
    touch(db, case, now)
    return case


def send_dispute(db: Session, viewer: Viewer, case_id: int, version: int, now: datetime) -> Case | None:
    """A draft, sent: the insurer's delay begins. None without such a case.

    Raises `CaseMoved`, `WrongState`; `NotContestable`, `AlreadyContested` when that came meanwhile.
    """
    case = lock_draft(db, viewer, case_id, version, KIND)
    if case is None:
        return None
    row = db.get_one(InvoiceDispute, case.id)
    db.get_one(Invoice, row.invoice_id, with_for_update=True)
    invoice = find_invoice(db, viewer, row.invoice_id)
    if invoice is None:
        return None
    _check(db, viewer, invoice, Motive(row.motive), day_in_france(now))
    _keep_outcome(db, row, invoice)
    case.due_at = _due_at(db, now)
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return case


def forget_dispute(db: Session, case: Case) -> None:
    """Deletes a draft and what it says; its pieces are gone already. The caller holds the lock. Raises `WrongState`."""
    db.delete(db.get_one(InvoiceDispute, case.id))
    db.flush()
    delete_draft(db, case)


def dispute_of(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> Contested | None:
    """One of the viewer's disputes, or None."""
    case = find_case(db, viewer, case_id, KIND)
    invoice = _invoice_of(db, viewer, case)
    if case is None or invoice is None:
        return None
    row = db.get_one(InvoiceDispute, case.id)
    text = keyring.decrypt(row.text_encrypted) if row.text_encrypted else ""
    return Contested(case, row, invoice, Said(Motive(row.motive), text, row.claimed_cents, row.checked_on))


def disputes_of(
    db: Session, viewer: Viewer, after: int | None, most: int
) -> Sequence[tuple[Case, InvoiceDispute, Invoice]]:
    """The viewer's disputes that came before the case `after`, the newest first."""
    query = (
        select(Case, InvoiceDispute, Invoice)
        .join(InvoiceDispute, col(InvoiceDispute.case_id) == Case.id)
        .join(Invoice, col(Invoice.id) == InvoiceDispute.invoice_id)
        .where(Case.account_id == viewer.account_id, Case.kind == KIND, Invoice.provider_id == viewer.provider_id)
    )
    if after is not None:
        query = query.where(col(Case.id) < after)
    return db.exec(query.order_by(col(Case.id).desc()).limit(most)).all()


def disputes_about(db: Session, invoice: InvoiceRow) -> Sequence[tuple[Case, InvoiceDispute]]:
    """What was sent about an invoice that the caller has reached, by anybody of its practice, the oldest first."""
    query = select(Case, InvoiceDispute).join(InvoiceDispute, col(InvoiceDispute.case_id) == Case.id)
    sent = query.where(InvoiceDispute.invoice_id == invoice.id, Case.state != CaseState.DRAFT)
    return db.exec(sent.order_by(col(Case.sent_at), col(Case.id))).all()


def draft_about(db: Session, viewer: Viewer, invoice_id: int) -> Case | None:
    """The viewer's own draft about an invoice, or None."""
    query = select(Case).join(InvoiceDispute, col(InvoiceDispute.case_id) == Case.id)
    own = query.where(Case.account_id == viewer.account_id, Case.state == CaseState.DRAFT, Case.kind == KIND)
    return db.exec(own.where(InvoiceDispute.invoice_id == invoice_id).order_by(col(Case.id)).limit(1)).first()


def dispute_delay(db: Session, day: date) -> int | None:
    """Within how many days the agreements in force on a day have disputes answered; None when no figure says."""
    known = parameters_on(db, day).get(_DELAY)
    return known[1] if known else None


def _check(db: Session, viewer: Viewer, invoice: InvoiceRow, motive: Motive, day: date) -> None:
    """Raises `AlreadyContested`, `NotContestable`."""
    is_open = any(case.state not in ENDS for case, _ in disputes_about(db, invoice))
    if is_open:
        raise AlreadyContested
    if motive not in open_motives(db, viewer, invoice, day):
        raise NotContestable


def _new_row(viewer: Viewer, case: Case, invoice: InvoiceRow, said: Said) -> InvoiceDispute:
    ids = {"case_id": case.id or 0, "invoice_id": invoice.id, "provider_id": viewer.provider_id or 0}
    return InvoiceDispute(**ids, motive=said.motive, state=invoice.state, state_on=invoice.state_on, text_encrypted=b"")


def _write(db: Session, keyring: Keyring, row: InvoiceDispute, invoice: InvoiceRow, said: Said) -> None:
    row.motive, row.text_encrypted = said.motive, keyring.encrypt(said.text)
    row.claimed_cents, row.checked_on = said.claimed_cents, said.checked_on
    _keep_outcome(db, row, invoice)


def _keep_outcome(db: Session, row: InvoiceDispute, invoice: InvoiceRow) -> None:
    """Notes what is contested: the insurer's files may change the invoice afterwards."""
    row.state, row.state_on, row.reject_code = invoice.state, invoice.state_on, invoice.reject_code
    db.add(row)
    db.flush()


def _due_at(db: Session, now: datetime) -> datetime | None:
    day = day_in_france(now)
    delay = dispute_delay(db, day)
    return None if delay is None else datetime.combine(day + timedelta(days=delay), time(12), UTC)


def _invoice_of(db: Session, viewer: Viewer, case: Case | None) -> InvoiceRow | None:
    row = db.get(InvoiceDispute, case.id) if case else None
    return find_invoice(db, viewer, row.invoice_id) if row else None
