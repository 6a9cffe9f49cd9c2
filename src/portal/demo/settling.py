"""Turns care into benefit lines: settles it in order, and gives each line its state, as an insurer's files show it."""

from datetime import date
from random import Random
from typing import Any, NamedTuple

from portal.data import rules
from portal.data.benefits import LineKind, Source, Status
from portal.data.recomputation import is_exempt
from portal.data.rules import CONSULTATIONS, Settlement, Terms, Used, acts_counted, in_period, percent_of
from portal.demo.care import Care
from portal.demo.people import Household, Patient
from portal.demo.reference import Reference
from portal.formatting import long_date

UNBOUND_RULE = "MED-LIBRE"
SETTLING_DAYS = (3, 9)
PAY_DAY = 3  # Thursday, as date.weekday() counts

REFUSALS = (
    "La facture est illisible.",
    "Ce soin a déjà été remboursé sur une autre demande.",
    "Le nom du patient ne figure pas sur la facture.",
)
MISSING = {
    "optique": "Il manque la facture détaillée de l’opticien et l’ordonnance.",
    "dentaire": "Il manque la facture acquittée du chirurgien-dentiste.",
    "medecines_douces": "Il manque la facture acquittée, avec le nom du patient et la date de la séance.",
    "hospitalisation": "Il manque la facture acquittée de l’établissement.",
}
MISSING_ELSEWHERE = "Il manque la facture acquittée."


class Line(NamedTuple):
    """A benefit line of the import format, amounts in cents; `rate` in percent. `posted_on` is the payment's day."""

    reference: str
    person: str
    posted_on: date
    care_date: date
    act: str
    label: str
    family: str
    kind: str
    status: str
    source: str
    provider: str
    quantity: int
    spent: int
    base: int
    rate: int
    base_gross: int
    flat_fee: int
    franchise: int
    base_net: int
    supplementary: int
    other_cover: int
    remaining: int
    rule: str
    care_path: bool
    note: str


class Tally:
    """A person's counters while settling in order of care; says the same as `rules.used_before` over the lines."""

    def __init__(self) -> None:
        self._year = 0
        self._day: date | None = None
        self._in_year = (0, 0)
        self._in_day: dict[str, tuple[int, int]] = {}
        self._uses: dict[str, list[tuple[date, int, int]]] = {}

    def before(self, care: Care, terms: Terms | None) -> Used:
        """What was used before `care`, which never comes before the lines already added."""
        self._turn(care.day)
        fee_day, franchise_day = self._in_day.get(care.provider, (0, 0))
        acts = cents = 0
        if terms is not None and (terms.max_acts is not None or terms.max_cents is not None):
            for day, some_acts, some_cents in self._uses.get(terms.code, ()):
                if in_period(day, care.day, terms.renewal_months):
                    acts += some_acts
                    cents += some_cents
        return Used(self._in_year[0], fee_day, self._in_year[1], franchise_day, acts, cents)

    def add(self, line: Line) -> None:
        """Counts a line."""
        self._turn(line.care_date)
        fee, franchise = line.flat_fee, line.franchise
        if fee or franchise:
            fee_day, franchise_day = self._in_day.get(line.provider, (0, 0))
            self._in_year = (self._in_year[0] + fee, self._in_year[1] + franchise)
            self._in_day[line.provider] = (fee_day + fee, franchise_day + franchise)
        if line.rule and line.supplementary:
            use = (line.care_date, acts_counted(line.quantity, line.supplementary), line.supplementary)
            self._uses.setdefault(line.rule, []).append(use)

    def _turn(self, day: date) -> None:
        if day == self._day:
            return
        if day.year != self._year:
            self._in_year = (0, 0)
        self._day, self._year, self._in_day = day, day.year, {}


class Clerk:
    """Settles the care of one household; line numbers follow the order of settling."""

    def __init__(self, reference: Reference, household: Household, today: date, rng: Random) -> None:
        self.reference = reference
        self.household = household
        self.today = today
        self.rng = rng
        self.lines: list[Line] = []
        self._tally = Tally()
        self._patient = household.member

    def settle_all(self, patient: Patient, cares: list[Care]) -> None:
        """Settles a person's care, sorted by day."""
        self._tally, self._patient = Tally(), patient
        for care in cares:
            incident = care.incident or self._incident(care)
            if incident == Status.CANCELLED:
                self._correct(care)
            else:
                self._settle(care, incident)

    def _incident(self, care: Care) -> str:
        """Draws what goes wrong with a few lines that the member sent."""
        roll = self.rng.random()
        if roll > 0.014 or not care.rule or care.third_party or self._patient.quiet:
            return ""
        days = (self.today - care.day).days
        if roll < 0.005:
            return Status.REFUSED
        if roll < 0.011:
            return Status.AWAITING_PIECE if days < 120 else ""
        return Status.CANCELLED if days > 60 else ""

    def _settle(self, care: Care, incident: str) -> None:
        settled, rate, rule = self._settlement(care)
        line = self._line(care, settled, rate, rule)
        if incident and settled.supplementary:
            line = self._blocked(line, incident)
        self._write(line)
        due = settled.flat_fee_due + settled.franchise_due
        if care.third_party and due:
            self._withhold(line, settled)

    def _settlement(self, care: Care) -> tuple[Settlement, int, str]:
        """The settlement, the rate applied, and the code of the guarantee rule; empty when none covers the care."""
        reference, day = self.reference, care.day
        figures, tariff = reference.legal(day), reference.tariff(care.act, day)
        terms = reference.terms(self.household.product, care.rule, day) if care.rule else None
        unit = figures.unbound_base if care.rule == UNBOUND_RULE else tariff.base_cents
        base = unit * care.quantity if unit is not None else care.spent_cents if tariff.rate else 0
        off_path = not care.in_care_path and care.act in CONSULTATIONS
        rate = figures.off_path_rate if off_path else tariff.rate
        act = rules.Care(
            care.act,
            care.quantity,
            care.spent_cents,
            base,
            rate,
            tariff.rate,
            is_exempt(self.reference.acts[care.act][1], self._patient.birth_date, day),
            care.third_party,
            care.other_cover_cents,
            tariff.is_heavy_on(figures, care.quantity),
        )
        settled = rules.settle(act, figures, terms, self._tally.before(care, terms))
        return settled, act.applied_rate, care.rule if terms else ""

    def _line(self, care: Care, settled: Settlement, rate: int, rule: str) -> Line:
        label, family = self.reference.acts[care.act]
        posted_on = self._posted_on(care)
        pending = posted_on > self.today
        return Line(
            self._next_reference(),
            self._patient.reference,
            min(posted_on, self.today),
            care.day,
            care.act,
            label,
            family,
            LineKind.CARE,
            Status.PENDING if pending else Status.PAID,
            Source.THIRD_PARTY if care.third_party else Source.NOEMIE if settled.base else Source.INVOICE,
            care.provider,
            care.quantity,
            care.spent_cents,
            settled.base,
            rate,
            settled.base_gross,
            settled.flat_fee,
            settled.franchise,
            settled.base_net,
            settled.supplementary,
            care.other_cover_cents,
            settled.remaining,
            rule,
            care.in_care_path,
            "",
        )

    def _posted_on(self, care: Care, delay: int = 0) -> date:
        """The payment's day: a few days after care; transfers to the member leave on Thursdays."""
        low, high = SETTLING_DAYS
        ordinal = care.day.toordinal() + delay + low + int(self.rng.random() * (high - low))
        day = date.fromordinal(ordinal)
        return day if care.third_party else date.fromordinal(ordinal + (PAY_DAY - day.weekday()) % 7)

    def _blocked(self, line: Line, status: str) -> Line:
        """The line without its supplementary share: refused, or waiting for a piece."""
        refused = status == Status.REFUSED
        return line._replace(
            status=status,
            supplementary=0,
            remaining=line.remaining + line.supplementary,
            note=self.rng.choice(REFUSALS) if refused else MISSING.get(line.family, MISSING_ELSEWHERE),
        )

    def _withhold(self, line: Line, settled: Settlement) -> None:
        """The flat fee or franchise of a care paid directly to the professional, taken back later."""
        later = date.fromordinal(line.posted_on.toordinal() + 14 + int(self.rng.random() * 30))
        posted_on = date.fromordinal(later.toordinal() + (PAY_DAY - later.weekday()) % 7)
        if posted_on > self.today:
            return
        fee, franchise = settled.flat_fee_due, settled.franchise_due
        name = "Participation forfaitaire" if fee else "Franchise"
        held = line._replace(
            reference=self._next_reference(),
            posted_on=posted_on,
            label=f"{name} retenue",
            kind=LineKind.WITHHOLDING,
            status=Status.PAID,
            source=Source.NOEMIE,
            rule="",
            note=f"Pour le soin du {long_date(line.care_date)}, payé directement au professionnel.",
        )
        nothing: dict[str, Any] = dict.fromkeys(AMOUNTS, 0)
        kept = {"rate": 0, "flat_fee": fee, "franchise": franchise}
        totals = {"base_net": -fee - franchise, "remaining": fee + franchise}
        self._write(held._replace(**(nothing | kept | totals)))

    def _correct(self, care: Care) -> None:
        """A bill first read too low: the line, then its cancellation, then the right line."""
        wrong = care._replace(spent_cents=max(1, percent_of(care.spent_cents, 60)), other_cover_cents=0)
        first = self._write(self._line(wrong, *self._settlement(wrong))._replace(status=Status.CANCELLED))
        corrected_on = self._posted_on(care, delay=28)
        note = f"Annule la ligne {first.reference} : la facture avait été mal lue."
        self._write(_negated(first, self._next_reference(), corrected_on, note))
        note = f"Remplace la ligne {first.reference}."
        self._write(self._line(care, *self._settlement(care))._replace(posted_on=corrected_on, note=note))

    def _next_reference(self) -> str:
        return f"L-{self.household.index:06d}-{len(self.lines) + 1:05d}"

    def _write(self, line: Line) -> Line:
        self.lines.append(line)
        self._tally.add(line)
        return line


def _negated(line: Line, reference: str, posted_on: date, note: str) -> Line:
    """The correction that takes a whole line back."""
    amounts: dict[str, Any] = {name: -getattr(line, name) for name in AMOUNTS}
    corrected = line._replace(kind=LineKind.CORRECTION, status=Status.REGULARISED, posted_on=posted_on, note=note)
    return corrected._replace(reference=reference, **amounts)


AMOUNTS = (
    "spent",
    "base",
    "base_gross",
    "flat_fee",
    "franchise",
    "base_net",
    "supplementary",
    "other_cover",
    "remaining",
)
