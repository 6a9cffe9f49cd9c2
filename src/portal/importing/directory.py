"""The kind of who is approved: the directory's places. The file is the whole directory: who is not in it has left."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.directory import NOTHING_COMPLETED, Completed, Level, Practice, Profession, Service, cells_of
from portal.data.directory_upkeep import Details, PlaceName, details_of, leave_directory
from portal.data.figures import known_acts
from portal.data.loading import Row, Target
from portal.data.practice_moves import read_moves
from portal.formatting import today
from portal.importing.directory_moves import row_as_now
from portal.importing.kinds import Kind, PlainResolver
from portal.importing.problems import InvalidValue, RejectedRow
from portal.importing.rows import Cells, Reader, Rows
from portal.importing.values import amount, choice, day, national_id, optional, remembered, required, words
from portal.places.addresses import place_key
from portal.places.distance import HALF_TURN, POLE, Position
from portal.places.gazetteer import gazetteer
from portal.places.hours import SATURDAY, InvalidHours, read_hours, written_hours
from portal.security import Keyring

SERVICES = {
    "100_sante": Service.FULLY_COVERED,
    "teleconsultation": Service.VIDEO,
    "domicile": Service.AT_HOME,
    "fauteuil": Service.WHEELCHAIR,
    "nouveaux_patients": Service.NEW_PATIENTS,
}
_POSTCODE = re.compile(r"[0-9]{5}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
NOTHING_STORED = Details("", "", NOTHING_COMPLETED)
_SEPARATOR = re.compile(r"[,\s]+")


class DirectoryRecord(NamedTuple):
    national_id: str
    profession: str
    specialty: str
    name: str
    address: str
    postcode: str
    city: str
    latitude: float | None
    longitude: float | None
    phone: str
    access: str
    services: int
    languages: str
    level: str
    hours: str
    price: int | None
    act: str
    checked_on: str


def postcode(text: str) -> str:
    """Five digits."""
    if not _POSTCODE.fullmatch(text):
        raise InvalidValue("un code postal a cinq chiffres")
    return text


def degrees(most: float) -> Any:
    """Degrees between -most and most, written with a point or a comma."""

    def convert(text: str) -> float:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = most + 1
        if not -most <= value <= most:
            raise InvalidValue(f"une position s’écrit en degrés, de -{most:.0f} à {most:.0f}")
        return value

    return convert


def services(text: str) -> int:
    """Codes of services, separated by commas or spaces."""
    found = Service(0)
    for each in filter(None, _SEPARATOR.split(text.lower())):
        if each not in SERVICES:
            raise InvalidValue(f"le service « {each} » n’est pas l’un de : {', '.join(SERVICES)}")
        found |= SERVICES[each]
    return int(found)


def languages(text: str) -> str:
    """ISO 639 codes, kept between spaces so that each is found whole."""
    codes = sorted({each for each in _SEPARATOR.split(text.lower()) if each})
    if wrong := [each for each in codes if not _LANGUAGE.fullmatch(each)]:
        raise InvalidValue(f"« {wrong[0]} » n’est pas un code de langue comme fr ou en")
    return f" {' '.join(codes)} " if codes else ""


def hours(text: str) -> str:
    """A week in the form in which it is kept."""
    try:
        return written_hours(read_hours(text))
    except InvalidHours:
        raise InvalidValue("des horaires s’écrivent comme « lu-ve 09:00-12:00 14:00-19:00; sa 09:00-12:30 »") from None


def check_directory(record: Any) -> None:
    """Raises `RejectedRow` when half a position is given."""
    if (record.latitude is None) != (record.longitude is None):
        raise RejectedRow("longitude", "", "la latitude et la longitude vont ensemble")


def _repeated(rows: Iterator[Cells]) -> set[int]:
    """The hashes of the places that come more than once."""
    met: set[int] = set()
    again: set[int] = set()
    for cells in rows:
        name = hash(_name_of(cells))
        (again if name in met else met).add(name)
    return again


def _name_of(cells: Cells) -> PlaceName:
    row: Any = DirectoryRecord._make(cells)
    identifier = "".join(row.national_id.split()).upper()
    return PlaceName(identifier, row.profession.strip(), place_key(row.postcode.strip(), row.address))


def _merged(first: Cells, other: Cells) -> Cells:
    """The first row's cells; the other's where it says nothing, and what either offers."""
    one: Any = DirectoryRecord._make(first)
    more: Any = DirectoryRecord._make(other)
    found: Any = DirectoryRecord._make(own if own.strip() else given for own, given in zip(one, more, strict=True))
    if one.latitude.strip() or one.longitude.strip():
        found = found._replace(latitude=one.latitude, longitude=one.longitude)
    offered = {name: _either(getattr(one, name), getattr(more, name)) for name in ("services", "languages")}
    return tuple(found._replace(**offered))


def _either(one: str, other: str) -> str:
    return " ".join(dict.fromkeys(_SEPARATOR.split(f"{one} {other}"))).strip()


class DirectoryResolver(PlainResolver):
    """Merges the rows of one place, and places each: where it says, or amid its commune. Remembers who was there."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._places: dict[tuple[str, str], Position | None] = {}
        self._acts = known_acts(db)
        self._seen: set[PlaceName] = set()
        self._stored: dict[PlaceName, Details] = {}
        self._moves = read_moves(db)

    def sift(self, read: Reader) -> Rows:
        """Rows of the same place come last, as one. The file is read twice, rather than held in memory."""
        read = self._as_now(read)
        repeated = _repeated(cells for _, cells in read(is_quiet=True))
        held: dict[PlaceName, tuple[int, Cells]] = {}
        for line, cells in read():
            name = _name_of(cells) if repeated else None
            if name is None or hash(name) not in repeated:
                yield line, cells
            elif name in held:
                held[name] = held[name][0], _merged(held[name][1], cells)
                self.merged += 1
            else:
                held[name] = line, cells
        yield from held.values()

    def _as_now(self, read: Reader) -> Reader:
        """The rows, with the number and the address that their practice has taken since."""
        if not self._moves:
            return read
        return lambda **how: (
            (line, tuple(row_as_now(self._moves, DirectoryRecord._make(cells)))) for line, cells in read(**how)
        )

    def prepare(self, records: Sequence[Any]) -> None:
        """Reads what the national directory completed of these places."""
        self._stored = details_of(self._db, {record.national_id for record in records})

    def row(self, record: Any) -> Row:
        self._check_act(record.act)
        position = self._position(record)
        name = PlaceName(record.national_id, record.profession, place_key(record.postcode, record.address))
        self._seen.add(name)
        opens_on_saturday = bool(record.hours) and bool(read_hours(record.hours)[SATURDAY])
        offered = record.services | (Service.SATURDAY if opens_on_saturday else 0)
        phone, specialty, completed = _completed(record, self._stored.get(name, NOTHING_STORED))
        return (
            *name,
            specialty,
            *record[3:7],
            position.latitude,
            position.longitude,
            record.latitude is None,
            *cells_of(position),
            phone,
            record.access,
            int(offered),
            *record[12:],
            int(completed),
            None,
        )

    def conclude(self) -> int:
        """Whoever was not in the file leaves the directory today; nobody does by a file without any place."""
        return leave_directory(self._db, self._seen, today()) if self._seen else 0

    def _check_act(self, code: str) -> None:
        if code and code not in self._acts:
            raise RejectedRow("act", code, "cet acte est inconnu : importez les actes d’abord")

    def _position(self, record: Any) -> Position:
        if record.latitude is not None:
            return Position(record.latitude, record.longitude)
        asked = (record.postcode, record.city)
        if asked not in self._places:
            found = gazetteer().suggest(f"{record.city} {record.postcode}", 1) or gazetteer().resolve(record.postcode)
            self._places[asked] = found[0].position if found else None
        position = self._places[asked]
        if position is None:
            raise RejectedRow("city", record.city, "cette commune est inconnue : donnez la position")
        return position


def _completed(record: Any, stored: Details) -> Details:
    """What the file leaves empty stays as the national directory said it."""
    kept = stored.completed
    if record.phone:
        kept &= ~Completed.PHONE
    if record.specialty:
        kept &= ~Completed.SPECIALTY
    phone = stored.phone if kept & Completed.PHONE else record.phone
    return Details(phone, stored.specialty if kept & Completed.SPECIALTY else record.specialty, kept)


_WORDS_OR_NOTHING = optional(words, "")

DIRECTORY = Kind(
    "directory",
    DirectoryRecord,
    {
        "national_id": required(national_id),
        "profession": required(choice(Profession)),
        "specialty": _WORDS_OR_NOTHING,
        "name": required(words),
        "address": required(words),
        "postcode": required(postcode),
        "city": required(words),
        "latitude": optional(degrees(POLE)),
        "longitude": optional(degrees(HALF_TURN)),
        "phone": _WORDS_OR_NOTHING,
        "access": _WORDS_OR_NOTHING,
        "services": remembered(optional(services, 0)),
        "languages": remembered(optional(languages, "")),
        "level": optional(choice(Level), Level.APPROVED.value),
        "hours": remembered(optional(hours, "")),
        "price": optional(amount),
        "act": _WORDS_OR_NOTHING,
        "checked_on": remembered(required(day)),
    },
    Target(
        Practice,
        ("national_id", "profession", "place_key"),
        (
            "national_id",
            "profession",
            "place_key",
            "specialty",
            "name",
            "address",
            "postcode",
            "city",
            "latitude",
            "longitude",
            "is_approximate",
            "fine",
            "coarse",
            "phone",
            "access",
            "services",
            "languages",
            "level",
            "hours",
            "price_cents",
            "act_code",
            "checked_on",
            "completed",
            "left_on",
        ),
        is_read_by_index=True,
    ),
    DirectoryResolver,
    check=check_directory,
    rehearsed=("practice",),
)
