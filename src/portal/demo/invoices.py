"""The demonstration's invoices of professionals: a year in every state, and transfers that add up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlmodel import Session

from portal.data.invoices import Channel, Invoice, InvoiceLot, InvoiceState, InvoiceStep, has_invoices
from portal.data.organisations import provider_by_number
from portal.data.persons import find_person, id_by_reference
from portal.data.transfers import RemittanceLine, Transfer
from portal.database import Database
from portal.folding import fold
from portal.formatting import today

S = InvoiceState
PRACTICES = {"990000010": ("OP", 2, 18_000), "990000028": ("PH", 4, 3_500), "990000036": ("HO", 1, 42_000)}
"""FINESS: prefix of the numbers, invoices a week, usual price in cents."""
PATIENTS = ("P-000001-1", "P-000001-2", "P-000002-1", "P-000005-1", "P-000005-2")
UNKNOWN = "Achille Inconnu"
WEEKS = 52
IBAN = "FR76 •••• •••• 0042"
SENT_AGAIN = ("R01", "R04", "R07", "R08")
REJECTS = ("R01", "R02", "R04", "R05", "R07", "R08", "R03", "R06")
EVERY_REJECT, EVERY_PART, EVERY_CANCELLED, EVERY_PAPER = 9, 11, 23, 13
PAID = (S.PAID, S.PAID_IN_PART)
# What the invoices of these last weeks (0: this one) are still waiting for.
WAITING: dict[int, tuple[InvoiceState, ...]] = {
    0: (S.RECEIVED,),
    1: (S.RECEIVED, S.CHECKED),
    2: (S.RECEIVED, S.CHECKED, S.ACCEPTED),
    3: (S.RECEIVED, S.CHECKED, S.ACCEPTED, S.PAYING),
    4: (S.RECEIVED, S.CHECKED, S.PIECE_DUE),
    5: (S.RECEIVED, S.CHECKED, S.REJECTED, S.CONTESTED),
}


@dataclass
class _Week:
    """One practice's week: its lot, and what is paid of it."""

    lot: InvoiceLot
    day: date
    paid: list[Invoice] = field(default_factory=list)


def show_invoices(database: Database, seed: int) -> None:
    """Adds a year of invoices and transfers to each practice that has none."""
    for finess, (prefix, weekly, price) in PRACTICES.items():
        with database.write() as db:
            provider_id = provider_by_number(db, finess)
            if not has_invoices(db, provider_id):
                rng = Random(f"{seed}/invoices/{finess}")  # noqa: S311  (fictitious data, reproducible on purpose)
                _Practice(db, provider_id, prefix, rng).send(weekly, price)


class _Practice:
    """A practice that sends a lot each week, and is paid for it four days later."""

    def __init__(self, db: Session, provider_id: int, prefix: str, rng: Random) -> None:
        self._db, self._provider_id, self._prefix, self._rng = db, provider_id, prefix, rng
        self._sent = 0
        self._refused: list[Invoice] = []
        self._patients = [find_person(db, id_by_reference(db, reference)) for reference in PATIENTS]

    def send(self, weekly: int, price: int) -> None:
        """A year of weeks, the oldest first."""
        for ago in reversed(range(WEEKS)):
            day = today() - timedelta(days=7 * ago + 1)
            week = _Week(self._lot(ago, day), day)
            for rank in range(weekly):
                self._invoice(week, ago, rank, price)
            self._pay(week, ago)

    def _lot(self, ago: int, day: date) -> InvoiceLot:
        lot = InvoiceLot(provider_id=self._provider_id, number=f"{day:%y%m%d}-{WEEKS - ago:03d}")
        self._added(lot)
        return lot

    def _invoice(self, week: _Week, ago: int, rank: int, price: int) -> None:
        self._sent += 1
        states = self._states(ago, rank)
        code = self._code(states)
        before = self._refused_before(week.day) if states[-1] == S.PAID else None
        patient = None if code == "R02" else self._patients[self._sent % len(PATIENTS)]
        total, base, requested = self._amounts(price)
        granted = requested if S.ACCEPTED in states else 0
        accepted = granted * 3 // 5 if states[-1] == S.PAID_IN_PART else granted
        steps = list(self._dated(week.day, states))
        name = f"{patient.first_name} {patient.last_name}" if patient else UNKNOWN
        invoice = self._added(
            Invoice(
                provider_id=self._provider_id,
                number=f"{self._prefix}-{week.day:%y}-{self._sent:05d}",
                lot_id=week.lot.id,
                person_id=patient.id if patient else None,
                patient=name,
                search=fold(name),
                care_date=before.care_date if before else week.day - timedelta(days=self._sent % 4),
                received_on=week.day,
                channel=Channel.PAPER if self._sent % EVERY_PAPER == 0 else Channel.DRE,
                total_cents=total,
                base_cents=base,
                requested_cents=requested,
                accepted_cents=accepted,
                state=states[-1],
                state_on=steps[-1][0],
                reject_code=code,
                engagement=f"ENG{self._rng.randrange(10**9):09d}" if granted else "",
                replaces=before.number if before else "",
            )
        )
        for then, state in steps:
            why = code if state in {S.REJECTED, S.PIECE_DUE} else ""
            self._added(
                InvoiceStep(
                    invoice_id=invoice.id or 0, state_on=then, state=state, reject_code=why, lot=week.lot.number
                )
            )
        if states[-1] in PAID:
            week.paid.append(invoice)
        if states[-1] == S.REJECTED and code in SENT_AGAIN and self._sent % 2:
            self._refused.append(invoice)

    def _refused_before(self, day: date) -> Invoice | None:
        """The oldest invoice that was rejected before a day and not sent again, corrected, since; it is now."""
        known = bool(self._refused) and self._refused[0].state_on < day
        return self._refused.pop(0) if known else None

    def _states(self, ago: int, rank: int) -> tuple[InvoiceState, ...]:
        if ago in WAITING and rank == 0:
            return WAITING[ago]
        if ago == 0:
            return (S.RECEIVED,)
        if self._sent % EVERY_REJECT == 0:
            return (S.RECEIVED, S.CHECKED, S.REJECTED)
        if self._sent % EVERY_CANCELLED == 0:
            return (S.RECEIVED, S.CANCELLED)
        last = S.PAID_IN_PART if self._sent % EVERY_PART == 0 else S.PAID
        return (S.RECEIVED, S.CHECKED, S.ACCEPTED, S.PAYING, last)

    def _code(self, states: tuple[InvoiceState, ...]) -> str:
        if S.PIECE_DUE in states:
            return "P01"
        return REJECTS[self._sent // EVERY_REJECT % len(REJECTS)] if S.REJECTED in states else ""

    def _amounts(self, price: int) -> tuple[int, int, int]:
        """The care, the base scheme's share, what is asked of the insurer; the patient pays the rest."""
        total = price + self._rng.randrange(price)
        base = total * 2 // 5
        return total, base, (total - base) * self._rng.choice((10, 10, 8)) // 10

    def _dated(self, day: date, states: tuple[InvoiceState, ...]) -> Iterator[tuple[date, InvoiceState]]:
        for rank, state in enumerate(states):
            yield min(day + timedelta(days=rank), today()), state

    def _pay(self, week: _Week, ago: int) -> None:
        """One transfer for what is paid of a lot; one of them pays an invoice of nobody's, another takes money back."""
        lines = [(each.number, each.id, "", each.accepted_cents) for each in week.paid]
        if not lines:
            return
        if ago == WEEKS // 2:
            lines.append((f"{self._prefix}-00-99999", None, "Facture non retrouvée", 1_250))
        if ago == WEEKS // 3:
            number, invoice_id, _, cents = lines[0]
            lines.append((number, invoice_id, "Trop versé repris", -(cents // 10) or -1))
        transfer = self._added(
            Transfer(
                provider_id=self._provider_id,
                reference=f"VIR-{self._prefix}-{WEEKS - ago:04d}",
                paid_on=week.day + timedelta(days=4),
                amount_cents=sum(line[3] for line in lines),
                iban_masked=IBAN,
            )
        )
        for position, (number, invoice_id, label, cents) in enumerate(lines, 1):
            self._added(
                RemittanceLine(
                    transfer_id=transfer.id or 0,
                    position=position,
                    invoice_number=number,
                    invoice_id=invoice_id,
                    label=label,
                    amount_cents=cents,
                )
            )

    def _added(self, row: Any) -> Any:
        self._db.add(row)
        self._db.flush()
        return row
