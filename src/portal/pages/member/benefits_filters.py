"""The filters of the benefits list, from the query string and back. Wrong values get a French message, and are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.data.benefits import Family, Status
from portal.data.listing_rows import Filters, Sort
from portal.data.visibility import Scope
from portal.forms import FieldError, one_line, times_given, typed_day
from portal.security import Keyring

NAMES = ("beneficiaire", "du", "au", "soin", "etat", "q", "tri")
LONGEST_TEXT = 80
DAY_WORDS = {"du": "début", "au": "fin"}

SORT_LABELS = {
    Sort.RECENT: "Les plus récentes",
    Sort.CARE: "Date de soin",
    Sort.REMAINING: "Reste à votre charge",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed (`raw`), what it means (`filters`), and what is wrong with it (`errors`)."""

    raw: dict[str, str]
    filters: Filters
    errors: tuple[FieldError, ...]

    @property
    def parameters(self) -> dict[str, str]:
        """The query string that asks for the same list: only what is set."""
        return {name: value for name, value in self.raw.items() if value and (name, value) != ("tri", Sort.RECENT)}

    def without(self, *names: str) -> dict[str, str]:
        """The parameters of the same list with some filters dropped."""
        return {name: value for name, value in self.parameters.items() if name not in names}


def read_query(sent: Mapping[str, Any], scope: Scope, keyring: Keyring) -> Query:
    """The filters in a query string; what is not understood is left out of them and reported."""
    raw = {name: _text(sent.get(name)) for name in NAMES}
    reader = _Reader(raw)
    filters = Filters(
        person_id=reader.person(scope, keyring),
        start=reader.day("du"),
        end=reader.day("au"),
        family=reader.choice("soin", Family, "Ce type de soin n’existe pas. Choisissez-en un dans la liste."),
        status=reader.choice("etat", Status, "Cet état n’existe pas. Choisissez-en un dans la liste."),
        text=reader.search(),
        sort=reader.choice("tri", Sort, "Cet ordre n’existe pas. Choisissez-en un dans la liste.") or Sort.RECENT,
    )
    reader.errors += [
        FieldError(name, "Ce filtre est donné deux fois. Gardez-en un.")
        for name in NAMES
        if times_given(sent, name) > 1
    ]
    if filters.start and filters.end and filters.start > filters.end:
        reader.errors.append(FieldError("au", "La date de fin précède la date de début. Inversez-les."))
    return Query(raw, filters, tuple(reader.errors))


class _Reader:
    def __init__(self, raw: dict[str, str]) -> None:
        self._raw = raw
        self.errors: list[FieldError] = []

    def choice(self, name: str, choices: type[Any], message: str) -> Any:
        value = self._raw[name]
        if value in {choice.value for choice in choices}:
            return choices(value)
        if value:
            self._wrong(name, message)
        return None

    def day(self, name: str) -> date | None:
        value = self._raw[name]
        if not value:
            return None
        found = typed_day(value)
        if found is None:
            self._wrong(name, f"La date de {DAY_WORDS[name]} n’existe pas. Corrigez-la, ou effacez-la.")
            return None
        self._raw[name] = found.isoformat()  # what a date field can show again
        return found

    def search(self) -> str:
        value = self._raw["q"]
        if len(value) > LONGEST_TEXT:
            self._wrong("q", f"Ce texte est trop long. Gardez-en {LONGEST_TEXT} caractères au plus.")
        return value[:LONGEST_TEXT]

    def person(self, scope: Scope, keyring: Keyring) -> int | None:
        value = self._raw["beneficiaire"]
        person_id = keyring.reveal("person", value) if value else None
        if not value or person_id in {relative.person_id for relative in scope.relatives if relative.in_detail}:
            return person_id
        self._wrong("beneficiaire", "Cette personne n’est pas dans la liste. Choisissez-la dans la liste.")
        return None

    def _wrong(self, name: str, message: str) -> None:
        self.errors.append(FieldError(name, message))


def _text(value: Any) -> str:
    """What was sent, without control characters, any run of spaces as one; cut once it is surely too long."""
    text = value[: 2 * LONGEST_TEXT] if isinstance(value, str) else ""
    return " ".join(one_line(text).split())
