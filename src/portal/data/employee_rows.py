"""What the list of employees shows, and by what it is narrowed and sorted."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from portal.data.contributions import Structure

MOST_WORDS = 5


class State(StrEnum):
    """How an employee stands on a day. Values stand in addresses."""

    AFFILIATED = "affilie"
    COMING = "a-venir"
    INVITED = "invite"
    EXEMPT = "dispense"
    ABSENT = "conge"
    PORTABLE = "portabilite"
    GONE = "sorti"


class Sort(StrEnum):
    """NAME and MATRICULE go up; HIRED and SINCE begin with the newest."""

    NAME = "nom"
    MATRICULE = "matricule"
    HIRED = "embauche"
    SINCE = "etat"


@dataclass(frozen=True, slots=True)
class Filters:
    """`text` is searched in names and numbers, word by word; `category_id` and the others narrow the list."""

    text: str = ""
    category_id: int | None = None
    state: State | None = None
    structure: Structure | None = None
    sort: Sort = Sort.NAME

    @property
    def any_set(self) -> bool:
        return bool(self.text or self.category_id or self.state or self.structure)


class Row(NamedTuple):
    """An employee in the list. `since`: the day of the state: its first, or the last one of what ends (portability,
    employment). `covered`: how many persons the contract covers that day, of whom nothing else is told."""

    id: int
    last_name: str
    usage_name: str
    first_name: str
    matricule: str | None
    birth_date: date
    email: str
    hired_on: date
    version: int
    person_id: int | None
    category_id: int
    category: str
    category_code: str
    state: str
    since: date
    covered: int

    @property
    def name(self) -> str:
        """« Exemple Camille »: the name that sorts first."""
        return f"{self.usage_name or self.last_name} {self.first_name}"

    @property
    def structure(self) -> Structure | None:
        """For how many persons there is a price; None while nobody is covered."""
        if not self.covered:
            return None
        return {1: Structure.SINGLE, 2: Structure.PAIR}.get(self.covered, Structure.FAMILY)


class RowPage(NamedTuple):
    """Some of the list; `more`: others follow."""

    rows: tuple[Row, ...]
    more: bool
