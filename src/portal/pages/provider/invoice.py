"""One of the practice's invoices: where it stands, why, what to do now. /professionnel/factures/… (R-40)."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from sqlmodel import Session

from portal.data.cases import Case, CaseState
from portal.data.evidence import Action
from portal.data.invoice_disputes import InvoiceDispute, Motive
from portal.data.invoice_disputing import disputes_about, draft_about, open_motives
from portal.data.invoice_listing import (
    InvoiceRow,
    find_invoice,
    invoice_numbered,
    invoices_replacing,
    lateness_on,
)
from portal.data.invoice_reading import lines_paying, reject_on, steps_of
from portal.data.invoices import InvoiceState, InvoiceStep
from portal.formatting import day_in_france
from portal.invoice_dispute_words import MOTIVE_LABELS, state_of
from portal.invoice_words import CHANNEL_LABELS, NEXT, STATE_LABELS
from portal.pages.account.pieces import CASE
from portal.pages.provider.invoices import INVOICE, READS, TITLE, TRANSFER, home_crumb
from portal.permissions import Permission, may
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.web import PortalRequest


class DisputeView(NamedTuple):
    """A dispute as the invoice's page shows it. `url`: its page, for its author; empty for the others."""

    reference: str
    motive: str
    state: tuple[str, str]
    case: Case
    url: str


class Event(NamedTuple):
    """A line of the invoice's history. `lot`: where it stood, `reference`: of its dispute; either may be empty."""

    day: date
    label: str
    lot: str = ""
    reference: str = ""


@page("/professionnel/factures/{invoice:str}", name="provider.invoice", guards=READS)
def invoice_sheet(request: PortalRequest, invoice: FromPath[str]) -> Response[bytes]:
    db = request.db
    row = find_invoice(db, request.viewer, request.revealed(INVOICE, invoice))
    if row is None:
        raise NotFoundException
    request.note_read(Action.INVOICES_READ, row.number, persons=[row.person_id] if row.person_id else [])
    return render_page(
        request,
        "provider/invoices/invoice.html",
        f"Facture {row.number}",
        crumbs=[home_crumb(request), Crumb(TITLE, request.services.urls("provider.invoices"))],
        row=row,
        name=invoice,
        state=STATE_LABELS[row.shown_state],
        advice=NEXT[row.shown_state],
        is_contested=row.shown_state is InvoiceState.CONTESTED,
        may_ask=request.services.site.is_permitted(request.viewer, "provider.contact.new"),
        ask_url=request.services.urls("provider.contact.new", {"facture": invoice}),
        is_late=lateness_on(db, day_in_france(request.now)).holds(row),
        reject=reject_on(db, row.reject_code, row.state_on) if row.reject_code else None,
        channel=CHANNEL_LABELS.get(row.channel, row.channel),
        **_money(request, db, row),
        **_again(request, db, row),
        **_contesting(request, db, row),
    )


def _money(request: PortalRequest, db: Session, row: InvoiceRow) -> dict[str, Any]:
    """What each transfer paid of it. `unpaid_cents`: what they leave of the part that was granted, once files say that
    it is paid; less than zero when they paid more."""
    paid = lines_paying(db, row)
    paid_cents = sum(line.amount_cents for line in paid)
    transfers = request.services.keyring.conceal(TRANSFER, (line.transfer.id or 0 for line in paid))
    return {
        "paid": list(zip(paid, transfers, strict=True)),
        "may_read_transfers": may(request.viewer, Permission.TRANSFERS_READ),
        "paid_cents": paid_cents,
        "unpaid_cents": row.accepted_cents - paid_cents if row.is_settled else 0,
    }


def _again(request: PortalRequest, db: Session, row: InvoiceRow) -> dict[str, Any]:
    """The invoice that this one was sent instead of, and those that were sent instead of this one."""
    replaced = invoice_numbered(db, request.viewer, row.replaces) if row.replaces else None
    later = invoices_replacing(db, request.viewer, row.number)
    return {
        "replaced_url": _url(request, replaced) if replaced else "",
        "later": [(one, _url(request, one)) for one in later],
    }


def _contesting(request: PortalRequest, db: Session, row: InvoiceRow) -> dict[str, Any]:
    """Its disputes, its history with them, and whether the viewer may contest it now."""
    found = disputes_about(db, row)
    may_contest = request.services.site.is_permitted(request.viewer, "provider.dispute.new")
    draft = draft_about(db, request.viewer, row.id) if may_contest else None
    is_contestable = not row.is_contested and bool(open_motives(db, request.viewer, row, day_in_france(request.now)))
    return {
        "disputes": [_view(request, case, dispute) for case, dispute in found],
        "history": sorted([*_steps(row, steps_of(db, row)), *_disputed(found)], key=lambda event: event.day),
        "draft_url": _case_url(request, draft) if draft else "",
        "may_contest": may_contest and is_contestable,
    }


def _view(request: PortalRequest, case: Case, dispute: InvoiceDispute) -> DisputeView:
    url = _case_url(request, case) if case.account_id == request.viewer.account_id else ""
    return DisputeView(case.reference, MOTIVE_LABELS[Motive(dispute.motive)], state_of(case), case, url)


def _steps(row: InvoiceRow, steps: Iterable[InvoiceStep]) -> Iterator[Event]:
    """The states that the insurer's files gave; the lot of each, once there was more than one."""
    told = list(steps)
    has_lots = len({step.lot for step in told if step.lot} | {row.lot or ""}) > 1
    for step in told:
        yield Event(step.state_on, STATE_LABELS[InvoiceState(step.state)][0], lot=step.lot if has_lots else "")


def _disputed(found: Iterable[tuple[Case, InvoiceDispute]]) -> Iterator[Event]:
    for case, _ in found:
        if case.sent_at is not None:
            yield Event(day_in_france(case.sent_at), "Contestée", reference=case.reference)
        if case.is_over:
            ended = day_in_france(case.decided_at or case.changed_at)
            label = "retirée" if case.state == CaseState.CANCELLED else state_of(case)[0].lower()
            yield Event(ended, f"Contestation {label}", reference=case.reference)


def _case_url(request: PortalRequest, case: Case) -> str:
    return request.services.urls("provider.dispute", case=request.services.keyring.conceal(CASE, [case.id or 0])[0])


def _url(request: PortalRequest, row: InvoiceRow) -> str:
    return request.services.urls("provider.invoice", invoice=request.services.keyring.conceal(INVOICE, [row.id])[0])


HANDLERS = [invoice_sheet]
