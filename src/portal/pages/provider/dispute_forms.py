"""What the form that contests an invoice says, and what is wrong with it."""

from dataclasses import dataclass
from datetime import date

from litestar.datastructures import FormMultiDict

from portal.data.case_messages import LONGEST_TEXT
from portal.data.invoice_disputes import WITH_AMOUNT, Motive, least_claimed
from portal.data.invoice_disputing import Contested, Said
from portal.data.invoice_listing import InvoiceRow
from portal.formatting import money, plural
from portal.forms import FieldError, cents_of, single_values, typed_day, written_text

FIELDS = ("motif", "montant", "verifie", "version")
SHORTEST_TEXT = 10
NO_MOTIVE = "Choisissez ce que vous contestez."
NO_TEXT = f"Expliquez, en {SHORTEST_TEXT} à {plural(LONGEST_TEXT, 'caractère')}."
NO_DAY = "Écrivez le dernier jour que vous avez vérifié, aujourd’hui au plus tard."


@dataclass(frozen=True, slots=True)
class Limits:
    """What a dispute about an invoice may say on a day. `paid_cents`: by all transfers."""

    invoice: InvoiceRow
    motives: tuple[Motive, ...]
    paid_cents: int
    today: date

    @property
    def least_cents(self) -> int:
        return least_claimed(self.invoice, self.paid_cents)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, what it says (None while something is wrong), and what is wrong."""

    raw: dict[str, str]
    said: Said | None = None
    errors: tuple[FieldError, ...] = ()


def motive_of(text: str, motives: tuple[Motive, ...]) -> Motive | None:
    """The motive that was chosen, among those that fit."""
    return next((motive for motive in motives if motive.value == text), None)


def read_dispute(sent: FormMultiDict, limits: Limits) -> Typed:
    """The form of a dispute: each motive has fields of its own, and the others' do not count."""
    raw = single_values(sent, FIELDS, 40) | {"texte": written_text(sent, "texte")}
    motive = motive_of(raw["motif"], limits.motives)
    if motive is None:
        return Typed(raw, errors=(FieldError("motif", NO_MOTIVE),))
    cents = cents_of(raw["montant"]) if motive in WITH_AMOUNT else None
    day = typed_day(raw["verifie"]) if motive is Motive.UNPAID else None
    errors = tuple(_wrong(motive, raw["texte"], cents, day, limits))
    return Typed(raw, None if errors else Said(motive, raw["texte"], cents, day), errors)


def typed_of(told: Contested) -> Typed:
    """What a draft says, as its form shows it."""
    said = told.said
    amount = f"{said.claimed_cents // 100},{said.claimed_cents % 100:02}" if said.claimed_cents is not None else ""
    day = said.checked_on.isoformat() if said.checked_on else ""
    return Typed({"motif": said.motive, "montant": amount, "verifie": day, "texte": said.text, "version": ""})


def _wrong(motive: Motive, text: str, cents: int | None, day: date | None, limits: Limits) -> list[FieldError]:
    least, most = limits.least_cents, limits.invoice.requested_cents
    is_amount_wrong = motive in WITH_AMOUNT and (cents is None or not least <= cents <= most)
    is_day_wrong = motive is Motive.UNPAID and (day is None or not limits.invoice.received_on <= day <= limits.today)
    amount = f"Écrivez un montant entre {money(least)} et {money(most)}, la part que vous avez demandée."
    checks = (
        ("montant", is_amount_wrong, amount),
        ("verifie", is_day_wrong, NO_DAY),
        ("texte", not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT, NO_TEXT),
    )
    return [FieldError(name, message) for name, is_wrong, message in checks if is_wrong]
