"""The kind of the national directory (Annuaire Santé): completes who is in the portal's directory already.

It reads the public extract, « PS_LibreAcces_Personne_activite_*.txt » (Agence du numérique en santé, Licence Ouverte):
a line per activity, cells between pipes, never quoted. The extract says who practises where, not whom the network
approves: nobody enters or leaves by it. The titles were taken from public programs that read the file; its other
columns are read over, and a header without capitals or accents serves as well.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.directory import NOTHING_COMPLETED, Completed, Practice, Profession
from portal.data.directory_upkeep import Details, PlaceName, details_of, places_present
from portal.data.loading import Row, Target
from portal.folding import fold
from portal.importing.kinds import Kind, PlainResolver
from portal.importing.rows import Cells, Reader, Rows
from portal.importing.values import optional, required, words
from portal.places.addresses import place_key
from portal.security import Keyring

RPPS_DIGITS = 11
TITLES = (
    "identifiant pp",
    "libelle profession",
    "libelle savoir-faire",
    "numero finess site",
    "numero voie (coord. structure)",
    "indice repetition voie (coord. structure)",
    "libelle type de voie (coord. structure)",
    "libelle voie (coord. structure)",
    "code postal (coord. structure)",
    "telephone (coord. structure)",
    "telephone 2 (coord. structure)",
)
_PROFESSIONS = {
    "audioprothesiste": Profession.AUDIOLOGIST,
    "chiropracteur": Profession.CHIROPRACTOR,
    "chirurgien-dentiste": Profession.DENTIST,
    "dieteticien": Profession.DIETITIAN,
    "opticien-lunetier": Profession.OPTICIAN,
    "osteopathe": Profession.OSTEOPATH,
    "pedicure-podologue": Profession.PODIATRIST,
    "psychologue": Profession.PSYCHOLOGIST,
}


class Activity(NamedTuple):
    """A line of the extract as it is written, in the order of `TITLES`."""

    person: str
    profession: str
    specialty: str
    site: str
    number: str
    repetition: str
    street_type: str
    street: str
    postcode: str
    phone: str
    other_phone: str


class CompletionRecord(NamedTuple):
    national_id: str
    profession: str
    place_key: str
    phone: str
    specialty: str


class Said(NamedTuple):
    """What the extract says of a place, and the line that said something of it first."""

    line: int
    phone: str = ""
    specialty: str = ""

    def completed_by(self, other: "Said") -> "Said":
        return Said(self.line, self.phone or other.phone, self.specialty or other.specialty)


class Listed:
    """The places of the directory, by the identifiers that the extract gives."""

    def __init__(self, names: Iterable[PlaceName]) -> None:
        self._people: dict[str, list[PlaceName]] = defaultdict(list)
        self._sites: dict[str, list[PlaceName]] = defaultdict(list)
        for name in names:
            # An ADELI number of a person has the nine characters of a FINESS.
            (self._people if len(name.national_id) == RPPS_DIGITS else self._sites)[name.national_id].append(name)

    def knows(self, cells: Cells) -> bool:
        """Whether a line may be about one of the places."""
        return cells[PERSON] in self._people or cells[SITE] in self._sites

    def named_by(self, line: int, activity: Activity) -> Iterator[tuple[PlaceName, Said]]:
        """The places that a line speaks of, and what it says of each: a person's only where the address is the same."""
        key = place_key(activity.postcode.strip(), " ".join(activity[ADDRESS]))
        phone = activity.phone.strip() or activity.other_phone.strip()
        for name in self._people.get(activity.person, ()):
            if name.place_key == key:
                is_of_it = name.profession == _PROFESSIONS.get(fold(activity.profession.strip()))
                yield name, Said(line, phone, activity.specialty.strip() if is_of_it else "")
        for name in _of_site(self._sites.get(activity.site, ()), key):
            yield name, Said(line, phone)


def _of_site(names: Sequence[PlaceName], key: str) -> Sequence[PlaceName]:
    """An establishment of one address is known by its number alone, one of several by the address too."""
    is_one_place = len({name.place_key for name in names}) == 1
    return names if is_one_place else [name for name in names if name.place_key == key]


class NationalResolver(PlainResolver):
    """Holds what the extract says of the directory's places, and of those alone; then completes them."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._stored: dict[PlaceName, Details] = {}

    def sift(self, read: Reader) -> Rows:
        """A row for each place that the extract knows; the first line that says a thing is believed."""
        listed, said = Listed(places_present(self._db)), dict[PlaceName, Said]()
        for line, cells in read():
            if listed.knows(cells):
                self._hear(dict(listed.named_by(line, Activity._make(cells))), said)
            else:
                self.ignored += 1
        for name, found in said.items():
            yield found.line, (*name, found.phone, found.specialty)

    def _hear(self, named: dict[PlaceName, Said], said: dict[PlaceName, Said]) -> None:
        self.ignored += not named
        self.merged += bool(named) and named.keys() <= said.keys()
        for name, more in named.items():
            said[name] = said[name].completed_by(more) if name in said else more

    def prepare(self, records: Sequence[Any]) -> None:
        """Reads what the directory holds of these places."""
        self._stored = details_of(self._db, {record.national_id for record in records})

    def row(self, record: Any) -> Row:
        """What the network's own file says stays; what an earlier extract said follows this one."""
        name = PlaceName(*record[: len(PlaceName._fields)])
        stored = self._stored[name]
        phone = _completed(stored, Completed.PHONE, stored.phone, record.phone)
        specialty = _completed(stored, Completed.SPECIALTY, stored.specialty, record.specialty)
        return (*name, phone[0], specialty[0], int(phone[1] | specialty[1]))


def _completed(stored: Details, field: Completed, own: str, said: str) -> tuple[str, Completed]:
    if own and not stored.completed & field:
        return own, NOTHING_COMPLETED
    return said, field if said else NOTHING_COMPLETED


def telephone(text: str) -> str:
    """« 04 77 00 00 00 » of ten digits, or of +33 and nine; anything else as it is written."""
    digits = re.sub(r"^(?:\+|00)33(?:\(0\))?", "0", re.sub(r"[\s.\-/]", "", text))
    return " ".join(re.findall("..", digits)) if re.fullmatch("0[1-9][0-9]{8}", digits) else words(text)


PERSON, SITE = Activity._fields.index("person"), Activity._fields.index("site")
ADDRESS = slice(Activity._fields.index("number"), Activity._fields.index("postcode"))

NATIONAL_DIRECTORY = Kind(
    "national-directory",
    CompletionRecord,
    {
        "national_id": required(words),
        "profession": required(words),
        "place_key": required(words),
        "phone": optional(telephone, ""),
        "specialty": optional(words, ""),
    },
    Target(
        Practice,
        ("national_id", "profession", "place_key"),
        ("national_id", "profession", "place_key", "phone", "specialty", "completed"),
        is_read_by_index=True,
    ),
    NationalResolver,
    titles=TITLES,
    rehearsed=("practice",),
)
