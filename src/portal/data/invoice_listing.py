"""The invoices of the viewer's practice: filters, pages by key, totals (R-40). Another practice's do not exist.

Every statement begins with the practice, so that it costs what the practice sent, never what the table holds.
"""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, tuple_
from sqlmodel import Session

from portal.data.figures import parameters_on
from portal.data.invoice_disputes import contested_ids, granted_at, granted_since
from portal.data.invoices import AWAITED, SETTLED, UNDECIDED, Channel, Invoice, InvoiceLot, InvoiceState
from portal.data.sessions import Viewer
from portal.folding import fold
from portal.formatting import PARIS, day_in_france

PAGE_SIZE = 50
EXPORT_BATCH = 2_000
MOST_WORDS = 6
Comparison = Callable[[Any, Any], ColumnElement[bool]]
_INVOICE = Invoice.__table__.c
_LOT = InvoiceLot.__table__.c
_SENT, _ON_PAPER = "delai_facture_jours", "delai_facture_papier_jours"


class InvoiceRow(NamedTuple):
    """An invoice as lists and files show it. Amounts are cents; `lot`: its number, empty outside lots; `state`: as the
    insurer's files give it; `granted_at`: when a dispute last put it back to payment."""

    id: int
    number: str
    lot: str | None
    person_id: int | None
    patient: str
    care_date: date
    received_on: date
    channel: str
    total_cents: int
    base_cents: int
    requested_cents: int
    accepted_cents: int
    state: str
    state_on: date
    reject_code: str
    engagement: str
    replaces: str
    granted_at: datetime | None
    is_contested: bool

    @property
    def is_decided(self) -> bool:
        """Whether `accepted_cents` says anything yet."""
        return self.state not in UNDECIDED

    @property
    def due_since(self) -> date:
        """The day from which its payment is awaited: of its arrival, or of the answer that put it back to payment."""
        return max(self.received_on, day_in_france(self.granted_at)) if self.granted_at else self.received_on

    @property
    def is_settled(self) -> bool:
        """Whether the insurer's files say that all of `accepted_cents` was paid."""
        return self.state in SETTLED

    @property
    def shown_state(self) -> InvoiceState:
        """Where it stands for its practice: contested, until that is answered, whatever came of it before."""
        return InvoiceState.CONTESTED if self.is_contested else InvoiceState(self.state)


class Lateness(NamedTuple):
    """The last day of arrival, or of being put back to payment, of what should be paid by now; None where no delay is
    known."""

    sent: date | None
    on_paper: date | None

    def holds(self, row: InvoiceRow) -> bool:
        """Whether the insurer should have paid this invoice by now."""
        limit = self.on_paper if row.channel == Channel.PAPER else self.sent
        return row.shown_state in AWAITED and limit is not None and row.due_since <= limit


@dataclass(frozen=True, slots=True)
class InvoiceFilters:
    """What narrows the list. `patient`: words of a name; days are of arrival, both included; `cents` is any of the
    amounts that an invoice shows."""

    patient: str = ""
    state: InvoiceState | None = None
    is_late: bool = False
    since: date | None = None
    until: date | None = None
    number: str = ""
    lot: str = ""
    cents: int | None = None


class Totals(NamedTuple):
    """How many invoices the filters leave, and what they come to, in cents."""

    invoices: int
    requested_cents: int
    accepted_cents: int


class InvoicePage(NamedTuple):
    rows: tuple[InvoiceRow, ...]
    more: bool


def lateness_on(db: Session, day: date) -> Lateness:
    """Which invoices are late on a day, by the delays in force."""
    known = parameters_on(db, day)
    return Lateness(
        *(day - timedelta(days=known[code][1] + 1) if code in known else None for code in (_SENT, _ON_PAPER))
    )


def invoice_page(
    db: Session, viewer: Viewer, filters: InvoiceFilters, late: Lateness, after: int | None = None
) -> InvoicePage | None:
    """The invoices that follow invoice `after` (from the newest when None); None when that one is not the viewer's."""
    place = _place(db, viewer, after) if after is not None else None
    if after is not None and place is None:
        return None
    rows = _rows(db, viewer, filters, late, place, PAGE_SIZE + 1)
    return InvoicePage(tuple(rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE)


def invoice_totals(db: Session, viewer: Viewer, filters: InvoiceFilters, late: Lateness) -> Totals:
    """How many the filters leave, and what they come to."""
    sums = (func.coalesce(func.sum(column), 0) for column in (_INVOICE.requested_cents, _INVOICE.accepted_cents))
    row = db.execute(_narrowed(select(func.count(), *sums), viewer, filters, late)).one()
    return Totals(*map(int, row))


def persons_of_invoices(db: Session, viewer: Viewer, filters: InvoiceFilters, late: Lateness) -> list[int]:
    """The ids of the persons whom the filtered invoices are about."""
    query = _narrowed(select(_INVOICE.person_id).distinct(), viewer, filters, late)
    return sorted(db.execute(query.where(_INVOICE.person_id.is_not(None))).scalars())


def export_invoices(db: Session, viewer: Viewer, filters: InvoiceFilters, late: Lateness) -> Iterator[InvoiceRow]:
    """Every invoice of the filters in the list's order, read in batches by key: memory stays flat."""
    place: tuple[date, int] | None = None
    while True:
        rows = _rows(db, viewer, filters, late, place, EXPORT_BATCH)
        yield from rows
        if len(rows) < EXPORT_BATCH:
            return
        place = rows[-1].received_on, rows[-1].id


def find_invoice(db: Session, viewer: Viewer, invoice_id: int) -> InvoiceRow | None:
    """An invoice of the viewer's practice; None when there is none."""
    return _one(db, viewer, _INVOICE.id == invoice_id)


def invoice_numbered(db: Session, viewer: Viewer, number: str) -> InvoiceRow | None:
    """The invoice of this number of the viewer's practice; None when there is none."""
    return _one(db, viewer, _INVOICE.number == number)


def invoices_replacing(db: Session, viewer: Viewer, number: str) -> list[InvoiceRow]:
    """The invoices of the viewer's practice that were sent instead of the one of this number, the oldest first."""
    query = select(*_columns(viewer)).where(_INVOICE.provider_id == viewer.provider_id, _INVOICE.replaces == number)
    return [InvoiceRow._make(row) for row in db.execute(query.order_by(_INVOICE.received_on, _INVOICE.id))]


def _one(db: Session, viewer: Viewer, which: ColumnElement[bool]) -> InvoiceRow | None:
    query = select(*_columns(viewer)).where(which, _INVOICE.provider_id == viewer.provider_id)
    row = db.execute(query).first()
    return InvoiceRow._make(row) if row else None


# Each row's own lot, by its key: joined, it may make a database read the lots of everybody.
_LOT_NUMBER = select(_LOT.number).where(_LOT.id == _INVOICE.lot_id).scalar_subquery().label("lot")
_STORED = [_LOT_NUMBER if name == "lot" else _INVOICE[name] for name in InvoiceRow._fields[:-2]]


def _columns(viewer: Viewer) -> list[ColumnElement[Any]]:
    return [*_STORED, granted_at(), _contested(viewer).label("is_contested")]


def _contested(viewer: Viewer) -> ColumnElement[bool]:
    is_contested: ColumnElement[bool] = _INVOICE.id.in_(contested_ids(viewer.provider_id))
    return is_contested


def _rows(
    db: Session,
    viewer: Viewer,
    filters: InvoiceFilters,
    late: Lateness,
    place: tuple[date, int] | None,
    most: int,
) -> list[InvoiceRow]:
    """The index alone says which rows are shown; then they are fetched."""
    query = _narrowed(select(_INVOICE.id), viewer, filters, late)
    if place is not None:
        query = query.where(tuple_(_INVOICE.received_on, _INVOICE.id) < place)
    newest = (_INVOICE.received_on.desc(), _INVOICE.id.desc())
    shown = query.order_by(*newest).limit(most)
    rows = select(*_columns(viewer)).where(_INVOICE.id.in_(shown)).order_by(*newest)
    return [InvoiceRow._make(row) for row in db.execute(rows)]


def _place(db: Session, viewer: Viewer, invoice_id: int) -> tuple[date, int] | None:
    found = find_invoice(db, viewer, invoice_id)
    return (found.received_on, found.id) if found else None


def _narrowed(query: Select[Any], viewer: Viewer, filters: InvoiceFilters, late: Lateness) -> Select[Any]:
    own = query.select_from(Invoice.__table__).where(_INVOICE.provider_id == viewer.provider_id)
    if filters.lot:
        lots = select(_LOT.id).where(_LOT.provider_id == viewer.provider_id, _LOT.number == filters.lot)
        own = own.where(_INVOICE.lot_id == lots.scalar_subquery())
    return own.where(*_conditions(viewer, filters, late))


def _conditions(viewer: Viewer, filters: InvoiceFilters, late: Lateness) -> Iterator[ColumnElement[bool]]:
    contested = _contested(viewer)
    for word in fold(filters.patient).split()[:MOST_WORDS]:
        yield _INVOICE.search.contains(word, autoescape=True)
    if filters.is_late:
        yield and_(_late(viewer, late), ~contested)
    if filters.state is not None:
        yield _stands(filters.state, contested)
    if filters.cents is not None:
        amounts = _INVOICE.total_cents, _INVOICE.base_cents, _INVOICE.requested_cents, _INVOICE.accepted_cents
        yield or_(*(amount == filters.cents for amount in amounts))
    plain: tuple[tuple[Comparison, Any, Any], ...] = (
        (operator.ge, _INVOICE.received_on, filters.since),
        (operator.le, _INVOICE.received_on, filters.until),
        (operator.eq, _INVOICE.number, filters.number),
    )
    yield from (compare(column, asked) for compare, column, asked in plain if asked)


def _stands(state: InvoiceState, contested: ColumnElement[bool]) -> ColumnElement[bool]:
    """What `InvoiceRow.shown_state` says, asked of the database."""
    is_there: ColumnElement[bool] = _INVOICE.state == state.value
    return or_(contested, is_there) if state is InvoiceState.CONTESTED else and_(is_there, ~contested)


def _late(viewer: Viewer, late: Lateness) -> ColumnElement[bool]:
    """What `Lateness.holds` says, asked of the database. Nothing is late by a delay that nobody knows."""
    is_paper = _INVOICE.channel == Channel.PAPER.value
    limits = ((is_paper, late.on_paper), (~is_paper, late.sent))
    overdue = (and_(kind, _due_by(viewer, limit)) for kind, limit in limits if limit is not None)
    return and_(_INVOICE.state.in_([state.value for state in AWAITED]), or_(false(), *overdue))


def _due_by(viewer: Viewer, limit: date) -> ColumnElement[bool]:
    """What `InvoiceRow.due_since` says, asked of the database."""
    after = datetime.combine(limit + timedelta(days=1), time.min, PARIS)
    return and_(_INVOICE.received_on <= limit, _INVOICE.id.not_in(granted_since(viewer.provider_id, after)))
