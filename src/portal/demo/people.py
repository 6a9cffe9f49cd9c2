"""Fictitious households: names from tales and models, NIR of a birthplace that is never issued, with a right key."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from portal.data.rules import add_months
from portal.demo.reference import rows

FEMALE = tuple(row["name"] for row in rows("names") if row["kind"] == "female")
MALE = tuple(row["name"] for row in rows("names") if row["kind"] == "male")
LAST = tuple(row["name"] for row in rows("names") if row["kind"] == "last")

# A place of birth abroad (99) in a country whose code was never given (000 to 098): nobody has such a number.
UNISSUED_PLACES = 99
SERIALS = 999


@dataclass(slots=True)
class Patient:
    """A covered person, and the period of cover. `chronic`, `heavy`: how much care the person needs."""

    reference: str
    last_name: str
    first_name: str
    birth_date: date
    is_female: bool
    relationship: str
    valid_from: date
    valid_to: date | None = None
    birth_rank: int = 1
    chronic: bool = False
    heavy: bool = False
    quiet: bool = False
    nir: str = ""
    email: str = ""


@dataclass(slots=True)
class Household:
    """A member's contract and the persons under it; the first is the member."""

    index: int
    kind: str
    product: str
    starts_on: date
    ends_on: date | None = None
    patients: list[Patient] = field(default_factory=list)

    @property
    def member(self) -> Patient:
        """The person who holds the contract."""
        return self.patients[0]

    @property
    def contract_number(self) -> str:
        """The contract's number."""
        return f"C-{self.index:06d}"

    @property
    def iban_masked(self) -> str:
        """The bank account that receives transfers, masked."""
        return f"FR76 •••• •••• •••• •••• •••• {self.index * 7919 % 1000:03d}"


class NirRegister:
    """Gives out distinct, never issued NIR, from a serial number on; the key is right (97 − number mod 97)."""

    def __init__(self, first_serial: int = 0) -> None:
        self._first = first_serial
        self._given: dict[str, int] = {}

    def new(self, birth_date: date, *, is_female: bool) -> str:
        """A 15-digit NIR for someone born on that day."""
        prefix = f"{2 if is_female else 1}{birth_date:%y%m}"
        serial = self._given.get(prefix, self._first)
        self._given[prefix] = serial + 1
        place, order = divmod(serial, SERIALS)
        if place >= UNISSUED_PLACES:
            raise OverflowError(f"no never-issued NIR is left for {prefix}")
        number = f"{prefix}99{place:03d}{order + 1:03d}"
        return f"{number}{97 - int(number) % 97:02d}"


def make_household(index: int, rng: Random, first_day: date, today: date) -> Household:
    """A random household whose contract began before `first_day` or during the history."""
    starts_on = first_day.replace(day=1) if rng.random() < 0.8 else _first_of_month(_between(rng, first_day, today))
    kind = rng.choices(["collectif_obligatoire", "individuel", "collectif_facultatif"], [55, 35, 10])[0]
    product = rng.choices(["ESSENTIEL", "EQUILIBRE", "CONFORT"], [30, 45, 25])[0]
    household = Household(index, kind, product, starts_on, _end(rng, starts_on, today))
    oldest = 64 if kind == "collectif_obligatoire" else 92
    age = int(rng.triangular(22, oldest, 44))
    last_name = f"{rng.choice(LAST)}-{rng.choice(LAST)}" if rng.random() < 0.2 else rng.choice(LAST)
    _add(household, rng, last_name, _born(rng, today, age), "adherent")
    if age > 25 and rng.random() < 0.45:
        partner = rng.choices(["conjoint", "partenaire_pacs", "concubin"], [60, 25, 15])[0]
        _add(household, rng, rng.choice([last_name, rng.choice(LAST)]), _born(rng, today, age), partner)
    if 26 <= age <= 58 and rng.random() < 0.55:
        _add_children(household, rng, last_name, age, today)
    return household


def _end(rng: Random, starts_on: date, today: date) -> date | None:
    """The last day of the few contracts that ended during the history."""
    if rng.random() >= 0.06 or (today - starts_on).days < 400:
        return None
    return _first_of_month(_between(rng, starts_on + timedelta(days=365), today)) - timedelta(days=1)


def _add_children(household: Household, rng: Random, last_name: str, age: int, today: date) -> None:
    for _ in range(rng.choices([1, 2, 3], [45, 42, 13])[0]):
        child_age = min(24, int(rng.random() * max(1, age - 24)))
        _add(household, rng, last_name, _born(rng, today, child_age), "enfant")


def _add(household: Household, rng: Random, last_name: str, birth_date: date, relationship: str) -> None:
    valid_from = max(household.starts_on, birth_date)
    if household.ends_on is not None and valid_from > household.ends_on:
        return
    is_female = rng.random() < 0.5
    number = len(household.patients) + 1
    age = (household.starts_on - birth_date).days / 365.25
    household.patients.append(
        Patient(
            reference=f"P-{household.index:06d}-{number}",
            last_name=last_name,
            first_name=rng.choice(FEMALE if is_female else MALE),
            birth_date=birth_date,
            is_female=is_female,
            relationship=relationship,
            valid_from=valid_from,
            valid_to=household.ends_on,
            chronic=rng.random() < (0.05 if age < 40 else 0.2 if age < 60 else 0.45),
            heavy=rng.random() < 0.012,
            email=f"membre.{household.index}@courriel.example" if number == 1 and household.index % 5 else "",
        )
    )


def _born(rng: Random, today: date, age: int) -> date:
    """A birthday that makes someone about `age` years old."""
    return add_months(today, -12 * age) - timedelta(days=1 + int(rng.random() * 364))


def _between(rng: Random, first: date, last: date) -> date:
    return date.fromordinal(first.toordinal() + int(rng.random() * max(1, last.toordinal() - first.toordinal())))


def _first_of_month(day: date) -> date:
    return day.replace(day=1)
