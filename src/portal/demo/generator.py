"""Writes the demonstration's import files: household by household, in flat memory; same options, same bytes.

A household depends on its number and the seed alone, never on how many households there are. The insurer pays its
supplementary share and the base scheme (the health insurance fund) pays its own: a payment's amount is the sum of its
lines' supplementary shares.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from portal.data.benefits import Method, Source, Status
from portal.data.rules import add_months
from portal.demo import showcase
from portal.demo.care import Care, Diary, Providers
from portal.demo.directory import directory_rows, national_extract, own_place
from portal.demo.life import live
from portal.demo.people import Household, NirRegister, Patient, make_household
from portal.demo.reference import TABLES, Reference, text
from portal.demo.settling import Clerk, Line
from portal.demo.writing import Writers

UNPAID = frozenset({Status.PENDING, Status.AWAITING_PIECE, Status.REFUSED})
QUIET_DAYS = 300
QUIET_ACTS = frozenset({"AXI", "G", "GS", "PH4", "PH7", "PHN", "SDE"})


@dataclass(frozen=True, slots=True)
class Options:
    """How much to make: households, years of history before `today`, the seed of chance, places of the directory."""

    members: int
    history: int
    seed: int
    today: date
    professionals: int = 200


@dataclass(frozen=True, slots=True)
class Summary:
    """How many rows were written."""

    households: int
    persons: int
    lines: int
    payments: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment, and the lines it settles; the amount, in cents, is the sum of their supplementary shares."""

    reference: str
    paid_on: date
    method: str
    payee: str
    iban_masked: str
    amount: int
    lines: tuple[str, ...]


def write_demo_data(
    options: Options, folder: Path, *, compress: bool = False, progress: Callable[[int], None] = lambda _: None
) -> Summary:
    """Writes every import file under `folder`; `progress` receives the number of households done since last called."""
    reference, nirs = Reference(), NirRegister()
    persons = lines = payments = households = 0
    with Writers(folder, compress=compress) as writers:
        for table in TABLES:
            writers.copy(table, text(table))
        writers.copy("contract-options", showcase.contract_options(options.today))
        places = [own_place(options.today), *directory_rows(options.professionals, options.seed, options.today)]
        writers.directory(places)
        writers.copy("national-directory", national_extract(places))
        for household in _households(options):
            for patient in household.patients:
                patient.nir = nirs.new(patient.birth_date, is_female=patient.is_female)
            settled = settle_household(reference, household, options)
            paid = group_payments(household, settled)
            writers.household(household, settled, paid)
            households, persons = households + 1, persons + len(household.patients)
            lines, payments = lines + len(settled), payments + len(paid)
            progress(1)
    return Summary(households, persons, lines, payments)


def first_day_of(options: Options) -> date:
    """The first day of the history."""
    return add_months(options.today, -12 * options.history)


def _households(options: Options) -> Iterator[Household]:
    first_day = first_day_of(options)
    yield from showcase.households(first_day, options.today)
    for index in range(showcase.SHOWCASE + 1, options.members + 1):
        yield make_household(index, _random(options, index, "people"), first_day, options.today)


def _random(options: Options, index: int, purpose: str) -> Random:
    """A household's own chance."""
    return Random(f"{options.seed}/{purpose}/{index}")  # noqa: S311  (fictitious data, reproducible on purpose)


def settle_household(reference: Reference, household: Household, options: Options) -> list[Line]:
    """Every benefit line of a household, person by person, in order of care."""
    rng = _random(options, household.index, "care")
    providers = Providers(rng)
    clerk = Clerk(reference, household, options.today, rng)
    for patient in household.patients:
        clerk.settle_all(patient, _cares(reference, household, patient, providers, rng, options))
    return clerk.lines


def _cares(
    reference: Reference, household: Household, patient: Patient, providers: Providers, rng: Random, options: Options
) -> list[Care]:
    first_day = household.starts_on if household.index <= showcase.SHOWCASE else first_day_of(options)
    last = min(options.today, patient.valid_to or options.today)
    cares = live(Diary(reference, patient, providers, rng), max(first_day, patient.valid_from), last)
    if not patient.quiet:
        return cares
    kept = [care for care in cares if (options.today - care.day).days > QUIET_DAYS and care.act in QUIET_ACTS]
    return sorted(kept + showcase.worked_examples(reference, household, options.today), key=lambda care: care.day)


def group_payments(household: Household, lines: list[Line]) -> list[Payment]:
    """One payment a day to the member, one a day and professional for direct payment; none for nothing paid."""
    groups: dict[tuple[date, str, str], list[Line]] = {}
    member = f"{household.member.first_name} {household.member.last_name}"
    for line in lines:
        if line.status not in UNPAID:
            direct = line.source == Source.THIRD_PARTY
            method, payee = (Method.THIRD_PARTY, line.provider) if direct else (Method.TRANSFER, member)
            groups.setdefault((line.posted_on, method, payee), []).append(line)
    payments: list[Payment] = []
    for (paid_on, means, payee), group in sorted(groups.items()):
        amount = sum(line.supplementary for line in group)
        if amount > 0:
            iban = household.iban_masked if means == Method.TRANSFER else ""
            reference = f"V-{household.index:06d}-{len(payments) + 1:05d}"
            names = tuple(line.reference for line in group)
            payments.append(Payment(reference, paid_on, means, payee, iban, amount, names))
    return payments
