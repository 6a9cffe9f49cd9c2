"""What an import of invoices or of transfers writes beside its own rows: lots, steps, lines matched with invoices.

Only an operator's import calls this: it acts for no account, so there is no viewer. Nothing is committed here.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import insert, select, tuple_, update
from sqlmodel import Session

from portal.data.invoices import Invoice, InvoiceLot, InvoiceStep
from portal.data.transfers import RemittanceLine, Transfer

LotName = tuple[int, str]
_INVOICE = Invoice.__table__.c
_LOT = InvoiceLot.__table__.c
_STEP = InvoiceStep.__table__.c
_LINE = RemittanceLine.__table__
ASKED_AT_ONCE = 400


class Standing(NamedTuple):
    """The state that an invoice is given, and since when (ISO); `lot`: the number of the lot it stands in, or none."""

    provider_id: int
    number: str
    state: str
    state_on: str
    reject_code: str = ""
    lot: str = ""


def lot_ids(db: Session, names: Iterable[LotName]) -> dict[LotName, int]:
    """The ids of lots by practice and number; those that are new are made."""
    wanted = sorted(set(names))
    found = _known_lots(db, wanted)
    missing = [name for name in wanted if name not in found]
    if missing:
        db.execute(insert(InvoiceLot.__table__), [{"provider_id": who, "number": number} for who, number in missing])
    return found | _known_lots(db, missing)


def record_steps(db: Session, standings: list[Standing]) -> None:
    """Adds each state that its invoice's history does not hold on that day."""
    for start in range(0, len(standings), ASKED_AT_ONCE):
        _record(db, standings[start : start + ASKED_AT_ONCE])


def match_lines(db: Session) -> int:
    """Ties lines without an invoice to the one of the same practice that they name; how many could be."""
    named = (
        select(_INVOICE.id)
        .join(Transfer.__table__, Transfer.__table__.c.provider_id == _INVOICE.provider_id)
        .where(Transfer.__table__.c.id == _LINE.c.transfer_id, _INVOICE.number == _LINE.c.invoice_number)
        .correlate(_LINE)
    )
    lone = _LINE.c.invoice_id.is_(None) & named.exists()
    result: Any = db.execute(update(_LINE).where(lone).values(invoice_id=named.scalar_subquery()))
    return int(result.rowcount)


def _known_lots(db: Session, names: list[LotName]) -> dict[LotName, int]:
    found: dict[LotName, int] = {}
    for start in range(0, len(names), ASKED_AT_ONCE):
        among = tuple_(_LOT.provider_id, _LOT.number).in_(names[start : start + ASKED_AT_ONCE])
        rows = db.execute(select(_LOT.provider_id, _LOT.number, _LOT.id).where(among))
        found.update({(provider, number): lot_id for provider, number, lot_id in rows})
    return found


def _record(db: Session, standings: list[Standing]) -> None:
    names = [(each.number, each.provider_id) for each in standings]
    rows = db.execute(select(*_NAMED).where(tuple_(_INVOICE.number, _INVOICE.provider_id).in_(names)))
    ids = {(number, provider): invoice_id for number, provider, invoice_id in rows}
    steps = [_step(ids[each.number, each.provider_id], each) for each in standings]
    known = db.execute(select(_STEP.invoice_id, _STEP.state_on, _STEP.state).where(_STEP.invoice_id.in_(ids.values())))
    past = {tuple(row) for row in known}
    fresh = [step for step in steps if (step["invoice_id"], step["state_on"], step["state"]) not in past]
    if fresh:
        db.execute(insert(InvoiceStep.__table__), fresh)


_NAMED = (_INVOICE.number, _INVOICE.provider_id, _INVOICE.id)


def _step(invoice_id: int, standing: Standing) -> dict[str, Any]:
    day = date.fromisoformat(standing.state_on)
    told = {"state": standing.state, "reject_code": standing.reject_code, "lot": standing.lot}
    return {"invoice_id": invoice_id, "state_on": day} | told
