"""The transfers of the viewer’s practice, held against their lines (R-40). Another practice’s do not exist."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select, tuple_
from sqlmodel import Session

from portal.data.invoices import Invoice
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.data.transfers import RemittanceLine, Transfer

SUMMED_MONTHS = 12
_TRANSFER = Transfer.__table__.c
_LINE = RemittanceLine.__table__.c
_INVOICE = Invoice.__table__.c


class TransferRow(NamedTuple):
    """A transfer in cents; what its lines come to, and how many of them name no invoice of the practice's."""

    id: int
    reference: str
    paid_on: date
    amount_cents: int
    iban_masked: str
    lines: int
    lines_cents: int
    unmatched: int

    @property
    def gap_cents(self) -> int:
        """What the lines leave unexplained of the amount; 0 when they reconcile."""
        return self.amount_cents - self.lines_cents


class LineRow(NamedTuple):
    """A line of a transfer; the invoice's own columns are None while it is unmatched."""

    invoice_number: str
    label: str
    amount_cents: int
    invoice_id: int | None
    person_id: int | None
    patient: str | None
    care_date: date | None
    requested_cents: int | None


class Month(NamedTuple):
    """What a month's transfers and their lines come to, in cents; `first`: its first day; `unmatched`: the lines that
    name no invoice of the practice's."""

    first: date
    transfers: int
    amount_cents: int
    lines_cents: int
    unmatched: int

    @property
    def gap_cents(self) -> int:
        """What the lines leave unexplained of the transfers; 0 when they reconcile."""
        return self.amount_cents - self.lines_cents


def transfers_of(
    db: Session, viewer: Viewer, after: TransferRow | None, most: int, *, unexplained: bool = False
) -> list[TransferRow]:
    """The transfers that follow `after`, the newest first. `unexplained`: those alone whose lines leave a gap, or name
    no invoice of the practice's."""
    query = select(*_OWN).where(_TRANSFER.provider_id == viewer.provider_id)
    if unexplained:
        query = query.where(_TRANSFER.id.in_(_unexplained(viewer)))
    if after is not None:
        query = query.where(tuple_(_TRANSFER.paid_on, _TRANSFER.id) < (after.paid_on, after.id))
    newest = query.order_by(_TRANSFER.paid_on.desc(), _TRANSFER.id.desc()).limit(most)
    return _with_lines(db, db.execute(newest).all())


def find_transfer(db: Session, viewer: Viewer, transfer_id: int) -> TransferRow | None:
    """A transfer of the viewer's practice; None when there is none."""
    query = select(*_OWN).where(_TRANSFER.id == transfer_id, _TRANSFER.provider_id == viewer.provider_id)
    found = _with_lines(db, db.execute(query).all())
    return found[0] if found else None


def lines_of_transfer(db: Session, transfer: TransferRow) -> list[LineRow]:
    """The lines of a transfer that the caller has reached, in its order."""
    columns = [_LINE[name] for name in LineRow._fields[:4]] + [_INVOICE[name] for name in LineRow._fields[4:]]
    query = (
        select(*columns)
        .select_from(RemittanceLine.__table__)
        .outerjoin(Invoice.__table__, _INVOICE.id == _LINE.invoice_id)
        .where(_LINE.transfer_id == transfer.id)
        .order_by(_LINE.position)
    )
    return [LineRow._make(row) for row in db.execute(query)]


def months_of(db: Session, viewer: Viewer, day: date) -> list[Month]:
    """The months with a transfer among the last twelve, the newest first."""
    since = add_months(day.replace(day=1), 1 - SUMMED_MONTHS)
    own = (_TRANSFER.provider_id == viewer.provider_id, _TRANSFER.paid_on >= since)
    sent = select(_TRANSFER.paid_on, func.count(), func.sum(_TRANSFER.amount_cents)).where(*own)
    lines = (
        select(_TRANSFER.paid_on, func.sum(_LINE.amount_cents), func.count() - func.count(_LINE.invoice_id))
        .join(RemittanceLine.__table__, _LINE.transfer_id == _TRANSFER.id)
        .where(*own)
    )
    transfers, explained = (_by_month(db.execute(each.group_by(_TRANSFER.paid_on))) for each in (sent, lines))
    return [Month(first, *transfers[first], *explained.get(first, (0, 0))) for first in sorted(transfers, reverse=True)]


def unexplained_since(db: Session, viewer: Viewer, day: date) -> int:
    """How many transfers to the viewer's practice since a day leave a gap, or name no invoice of the practice's."""
    recent = _unexplained(viewer).where(_TRANSFER.paid_on >= day).subquery()
    return int(db.execute(select(func.count()).select_from(recent)).scalar_one())


def _by_month(rows: Iterable[Any]) -> dict[date, tuple[int, int]]:
    """Two sums of each day, added up by the month's first day."""
    months: dict[date, tuple[int, int]] = {}
    for day, one, other in rows:
        first = day.replace(day=1)
        known = months.get(first, (0, 0))
        months[first] = known[0] + int(one), known[1] + int(other)
    return months


def _unexplained(viewer: Viewer) -> Select[tuple[int]]:
    is_short = func.coalesce(func.sum(_LINE.amount_cents), 0) != _TRANSFER.amount_cents
    is_lone = func.count(_LINE.id) != func.count(_LINE.invoice_id)
    return (
        select(_TRANSFER.id)
        .select_from(Transfer.__table__)
        .outerjoin(RemittanceLine.__table__, _LINE.transfer_id == _TRANSFER.id)
        .where(_TRANSFER.provider_id == viewer.provider_id)
        .group_by(_TRANSFER.id, _TRANSFER.amount_cents)
        .having(or_(is_short, is_lone))
    )


_OWN = [_TRANSFER[name] for name in TransferRow._fields[:5]]


def _with_lines(db: Session, rows: Sequence[Any]) -> list[TransferRow]:
    """The transfers with what their lines come to, in one query."""
    matched = func.count(_LINE.invoice_id)
    query = select(_LINE.transfer_id, func.count(), func.sum(_LINE.amount_cents), func.count() - matched)
    query = query.where(_LINE.transfer_id.in_([row.id for row in rows])).group_by(_LINE.transfer_id)
    sums = {transfer_id: (lines, int(cents), alone) for transfer_id, lines, cents, alone in db.execute(query)}
    return [TransferRow._make((*row, *sums.get(row.id, (0, 0, 0)))) for row in rows]
