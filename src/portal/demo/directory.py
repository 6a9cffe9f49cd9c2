"""Invented professionals of the directory, spread over France as its people are. All of them are fictitious."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from stdnum import luhn

from portal.data.directory import Level, Profession
from portal.formatting import money
from portal.importing.national_directory import TITLES, Activity
from portal.places.gazetteer import Commune, gazetteer

SPREAD_DEGREES = 0.012
# A position that nobody knows is the commune's, and says so.
UNPLACED = 0.02
# One place in so many tells no telephone; the national directory tells that of most of them.
SILENT = 20
ADDRESS, POSTCODE, PHONE = 4, 5, 9  # of a row
WEIGHTS = {
    Profession.OPTICIAN: 26,
    Profession.DENTIST: 26,
    Profession.PSYCHOLOGIST: 12,
    Profession.OSTEOPATH: 12,
    Profession.AUDIOLOGIST: 10,
    Profession.PODIATRIST: 7,
    Profession.DIETITIAN: 5,
    Profession.CHIROPRACTOR: 2,
}
SPECIALTIES = {
    Profession.OPTICIAN: ("", "", "basse vision", "lentilles"),
    Profession.DENTIST: ("", "", "", "orthodontie", "implantologie"),
    Profession.OSTEOPATH: ("", "", "nourrissons", "sport"),
    Profession.PSYCHOLOGIST: ("", "enfants et adolescents", "thérapies cognitives"),
}
SHOPS = {
    Profession.OPTICIAN: ("Optique", "Lunetterie", "Les Yeux"),
    Profession.AUDIOLOGIST: ("Audition", "Centre auditif"),
}
NAMES = (
    "Chimère",
    "Conte",
    "Fabule",
    "Légende",
    "Mirage",
    "Songe",
    "Fiction",
    "Féerie",
    "Utopie",
    "Parabole",
    "Rêverie",
)
STREETS = (
    "rue de l’Exemple",
    "place du Marché",
    "avenue de la Gare",
    "rue Neuve",
    "rue des Écoles",
    "cours Imaginaire",
)
ACCESSES = ("", "", "De plain-pied", "Deuxième étage avec ascenseur", "Arrêt de bus à 100 mètres", "Parking gratuit")
SERVICES = ("100_sante", "teleconsultation", "domicile", "fauteuil", "nouveaux_patients")
LANGUAGES = ("", "", "", "en", "en es", "ar", "pt", "de", "lsf")
HOURS = (
    "lu-ve 09:00-12:00 14:00-19:00",
    "lu-ve 08:30-18:30",
    "ma-sa 09:30-12:30 14:00-19:00",
    "lu-ve 09:00-19:00; sa 09:00-12:30",
    "",
)
# The act that a price pays for, where the demonstration's guarantees know one.
ACTS = {Profession.OSTEOPATH: "OST"}
PRICES = {
    Profession.OSTEOPATH: (5000, 7000),
    Profession.CHIROPRACTOR: (4500, 6500),
    Profession.PSYCHOLOGIST: (5000, 6000),
}


def directory_rows(count: int, seed: int, today: date) -> Iterator[tuple[str, ...]]:
    """The rows of the import file of `count` places; the same for the same seed and day."""
    rng = Random(f"{seed}/directory")  # noqa: S311  (fictitious data, reproducible on purpose)
    communes = [commune for commune in gazetteer() if not commune.has_districts]
    weights = list(accumulate(commune.population for commune in communes))
    for number, commune in enumerate(rng.choices(communes, cum_weights=weights, k=count)):
        yield _row(rng, number, commune, today)


def own_place(today: date) -> tuple[str, ...]:
    """The row of the optician who has an account, checked before it moved."""
    checked_on = (today - timedelta(days=100)).isoformat()
    address = ("12 rue de l’Exemple", "42000", "Saint-Étienne", "45.43890", "4.38670", "01 99 00 12 12")
    offered = ("De plain-pied", "100_sante fauteuil nouveaux_patients", "en", Level.APPROVED, HOURS[2], "", "")
    return ("990000010", Profession.OPTICIAN, "", "Optique Démonstration", *address, *offered, checked_on)


def national_extract(rows: Iterable[Sequence[str]]) -> str:
    """An extract of the national directory that gives the telephones of the places without one, by their FINESS, among
    people whom the network does not know."""
    lines = ["|".join(TITLES), *(_extract_line(number, row) for number, row in enumerate(rows) if not row[PHONE])]
    return "\n".join((*lines, ""))


def _extract_line(number: int, row: Sequence[str]) -> str:
    street_number, street = row[ADDRESS].split(" ", 1)
    said = Activity(
        person="",
        profession="Opticien-Lunetier",
        specialty="",
        site=row[0] if number % 3 else "",
        number=street_number,
        repetition="",
        street_type="",
        street=street.upper(),
        postcode=row[POSTCODE],
        phone=f"0199{number % 1_000_000:06}",
        other_phone="",
    )
    return "|".join(said)


def _row(rng: Random, number: int, commune: Commune, today: date) -> tuple[str, ...]:
    (profession,) = rng.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))
    digits = f"99{number + 100:06}"
    is_placed = rng.random() > UNPLACED
    latitude, longitude = (rng.gauss(degrees, SPREAD_DEGREES) for degrees in commune.position)
    low, high = PRICES.get(profession, (0, 0))
    price = rng.randrange(low, high + 1, 100)
    return (
        digits + luhn.calc_check_digit(digits),
        profession,
        rng.choice(SPECIALTIES.get(profession, ("",))),
        _name(rng, profession, commune),
        f"{rng.randint(1, 120)} {rng.choice(STREETS)}",
        rng.choice(commune.postcodes),
        commune.name,
        f"{latitude:.5f}" if is_placed else "",
        f"{longitude:.5f}" if is_placed else "",
        _phone(rng, number),
        rng.choice(ACCESSES),
        " ".join(each for each in SERVICES if rng.random() < 0.4),
        rng.choice(LANGUAGES),
        rng.choice((Level.APPROVED, Level.APPROVED, Level.PARTNER)),
        rng.choice(HOURS),
        money(price).split("\u00a0€")[0] if price else "",
        ACTS.get(profession, ""),
        (today - timedelta(days=rng.randint(3, 200))).isoformat(),
    )


def _phone(rng: Random, number: int) -> str:
    phone = f"01 99 00 {rng.randint(0, 99):02} {rng.randint(0, 99):02}"
    return phone if number % SILENT else ""


def _name(rng: Random, profession: Profession, commune: Commune) -> str:
    if profession in SHOPS:
        return f"{rng.choice(SHOPS[profession])} {rng.choice(NAMES)} {commune.name}"
    return f"{'Dr ' if profession is Profession.DENTIST else 'Cabinet '}{rng.choice(NAMES)}"
