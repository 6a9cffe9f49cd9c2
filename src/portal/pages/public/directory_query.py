"""What is asked of the directory, read from the address: the place, who, and what they offer (R-24)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zlib import crc32

from portal.data.directory import Found, Level, Place, Profession, Service, Wish, find_practice
from portal.data.saved_places import Home
from portal.directory_words import LANGUAGE_LABELS, of_place
from portal.forms import one_line
from portal.places.distance import HALF_TURN, POLE, Position, distance_km
from portal.places.gazetteer import Commune, gazetteer
from portal.places.geocoder import LONGEST as LONGEST_PLACE
from portal.places.geocoder import Address
from portal.web import PortalRequest

PRACTICE, PAGE = "practice", "directory-page"
SERVICE_FIELDS: dict[str, Service] = {
    "cent-sante": Service.FULLY_COVERED,
    "fauteuil": Service.WHEELCHAIR,
    "domicile": Service.AT_HOME,
    "teleconsultation": Service.VIDEO,
    "nouveaux": Service.NEW_PATIENTS,
    "samedi": Service.SATURDAY,
}
OPEN = "ouvert"
MAP = "carte"
POSITION = "position"
HOME = "chez-moi"
FIELDS = ("lieu", POSITION, HOME, "profession", "langue", "niveau", *SERVICE_FIELDS, OPEN, MAP)
# Degrees, to three decimals: about a hundred metres, no more of where somebody is than a search needs.
DECIMALS = 3
_POSITION = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]{1,15})?),(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)")
UNKNOWN = "Ce lieu n’est pas dans la liste des communes. Vérifiez l’orthographe, ou donnez le code postal."
NO_PLACE = "Dites où chercher\u00a0: une commune ou un code postal."
LONGEST_VALUE = 40
PLACE_BITS = 20
# One search shows two hundred places at most: it cannot be followed over the whole country.
MOST_PAGES = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked. `parameters`: as the address says it again; `wish`: none while the place is not certain;
    `choices`: the communes of that name, or the addresses; `problem`: what is wrong with the place, in French;
    `home`: the viewer's saved place; `page`: the first is 1."""

    parameters: Mapping[str, str]
    wish: Wish | None = None
    place: str = ""
    choices: tuple[Commune | Address, ...] = ()
    problem: str = ""
    home: Home | None = None
    page: int = 1

    @property
    def is_precise(self) -> bool:
        """Whether more is asked than where, and which profession."""
        return not self.parameters.keys() <= {"lieu", POSITION, HOME, "profession", MAP}

    @property
    def centre(self) -> str:
        """Around where, as a form gives it."""
        return position_words(self.wish.centre) if self.wish else ""

    @property
    def of_place(self) -> str:
        """« de Lyon (69) »: after « autour »."""
        return of_place(self.place)

    @property
    def is_home(self) -> bool:
        return HOME in self.parameters

    @property
    def has_map(self) -> bool:
        return MAP in self.parameters

    @property
    def is_street(self) -> bool:
        """Whether one chooses among street addresses."""
        return any(isinstance(choice, Address) for choice in self.choices)

    @property
    def criteria(self) -> list[tuple[str, str]]:
        """All that is asked but where."""
        return [(name, value) for name, value in self.parameters.items() if name not in {"lieu", POSITION, HOME}]

    def value(self, name: str) -> str:
        return self.parameters.get(name, "")

    def asking(self, changes: Mapping[str, str]) -> dict[str, str]:
        """The same search with some values changed, or left out when empty."""
        return {name: value for name, value in {**self.parameters, **changes}.items() if value}


def read_asked(request: PortalRequest, addresses: tuple[Address, ...], home: Home | None = None) -> Asked:
    """The search that the query asks for; unknown values count as none. `addresses`: those that the place may be;
    `home`: the viewer's saved place, around which one searches unless another is given."""
    return replace(_read(request, addresses, home), home=home)


def _read(request: PortalRequest, addresses: tuple[Address, ...], home: Home | None) -> Asked:
    parameters = clean_parameters(request.query_params)
    typed = parameters.get("lieu", "")
    if not typed and POSITION in parameters:
        return _around(request, parameters)
    parameters.pop(POSITION, None)
    if home and not typed and (HOME in parameters or "lieu" not in request.query_params):
        return _at_place(request, {**parameters, HOME: "1"}, home.position, home.label)
    parameters.pop(HOME, None)
    if "lieu" not in request.query_params:
        return Asked(parameters)
    found = gazetteer().resolve(typed)
    if len(found) == 1:
        return _at_place(request, parameters | {"lieu": found[0].label}, found[0].position, found[0].label)
    if addresses:
        return _at(request, parameters, addresses)
    choices = tuple(found[:LONGEST_VALUE] or gazetteer().suggest(typed))
    return Asked(parameters, choices=choices, problem="" if choices else UNKNOWN if typed else NO_PLACE)


def _at_place(request: PortalRequest, parameters: Mapping[str, str], centre: Position, place: str) -> Asked:
    """A search whose place is certain, from where the page before ended."""
    pages, practice_id = _page_before(request, centre)
    return Asked(parameters, _wish(request, parameters, centre, practice_id), place, page=pages + 1)


def _at(request: PortalRequest, parameters: Mapping[str, str], addresses: tuple[Address, ...]) -> Asked:
    """A search around an address, the only one or the one that was chosen by its whole name."""
    typed = parameters["lieu"]
    named = [each for each in addresses if each.label == typed] or addresses
    if len(named) > 1:
        return Asked(parameters, choices=addresses)
    return _at_place(request, {**parameters, "lieu": named[0].label}, named[0].position, named[0].label)


def _around(request: PortalRequest, parameters: Mapping[str, str]) -> Asked:
    """A search around a position, which is said by the commune that it is near."""
    position = position_of(parameters[POSITION]) or Position(0, 0)
    near = gazetteer().nearest(position)
    place = f"l’endroit choisi, près {of_place(near.label)}" if near else "l’endroit choisi"
    kept = {name: value for name, value in parameters.items() if name != HOME}
    return _at_place(request, kept, position, place)


def position_of(text: str) -> Position | None:
    """The position that an address or a form gives, « 45.764,4.836 »; None for what is none."""
    found = _POSITION.fullmatch(text)
    latitude, longitude = map(float, found.groups()) if found else (POLE + 1, 0.0)
    return Position(latitude, longitude) if abs(latitude) <= POLE and abs(longitude) <= HALF_TURN else None


def position_words(position: Position) -> str:
    """A position as an address or a form gives it, rounded."""
    return f"{position.latitude:.{DECIMALS}f},{position.longitude:.{DECIMALS}f}"


def clean_parameters(sent: Mapping[str, str]) -> dict[str, str]:
    """The search's own values that an address or a form gives, as an address says them again; others are left out."""
    clean = {name: one_line(sent.get(name, ""))[:LONGEST_PLACE].strip() for name in FIELDS}
    position = position_of(clean[POSITION])
    clean[POSITION] = position_words(position) if position else ""
    valid: dict[str, set[Any]] = {
        "profession": set(Profession),
        "langue": set(LANGUAGE_LABELS),
        "niveau": set(Level),
        **{name: {"1"} for name in (*SERVICE_FIELDS, OPEN, MAP, HOME)},
    }
    return {name: value for name, value in clean.items() if value and value in valid.get(name, {value})}


def _wish(request: PortalRequest, asked: Mapping[str, str], centre: Position, practice_id: int) -> Wish:
    services = Service(0)
    for name, service in SERVICE_FIELDS.items():
        services |= service if name in asked else Service(0)
    return Wish(
        centre,
        Profession(asked["profession"]) if "profession" in asked else None,
        services,
        asked.get("langue", ""),
        Level(asked["niveau"]) if "niveau" in asked else None,
        _now(request, asked),
        _after(request, centre, practice_id),
    )


def _now(request: PortalRequest, asked: Mapping[str, str]) -> datetime | None:
    return request.now if OPEN in asked else None


def next_page(request: PortalRequest, asked: Asked, found: Found) -> str:
    """What the address of the following page says: around where, at which place this one ends, and how deep it is;
    sealed, so that nobody goes deeper than `MOST_PAGES` or begins elsewhere. Empty when there is no other."""
    if not found.is_more or asked.page >= MOST_PAGES:
        return ""
    last = found.nearest[-1].practice.id or 0
    sealed = (last * MOST_PAGES + asked.page) << PLACE_BITS | _place_mark(asked.centre)
    return request.services.keyring.conceal(PAGE, [sealed])[0]


def _page_before(request: PortalRequest, centre: Position) -> tuple[int, int]:
    """How many pages came before, and the practice at which the last of them ended: 0 and 0 on the first page, and when
    they were of a search around another place."""
    opaque = request.query_params.get("apres", "")[:LONGEST_VALUE]
    before, mark = divmod(request.services.keyring.reveal(PAGE, opaque) or 0, 1 << PLACE_BITS)
    return divmod(before, MOST_PAGES)[::-1] if mark == _place_mark(position_words(centre)) else (0, 0)


def _place_mark(centre: str) -> int:
    return crc32(centre.encode()) >> (32 - PLACE_BITS)


def _after(request: PortalRequest, centre: Position, practice_id: int) -> Place | None:
    """Where the page before ended: a practice, whose distance is measured again."""
    practice = find_practice(request.db, practice_id) if practice_id else None
    return Place(distance_km(centre, practice.position), practice_id) if practice else None
