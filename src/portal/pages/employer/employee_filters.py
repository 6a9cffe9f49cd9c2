"""The filters of the list of employees, from the query string and back. The searched text is sealed: a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.data.contributions import Structure
from portal.data.employee_rows import Filters, Sort, State
from portal.data.sessions import Viewer
from portal.forms import FieldError, one_line, text_given, times_given
from portal.sealed_search import LONGEST_SEALED, open_search, seal_search
from portal.security import Keyring

CATEGORY = "staff-category"
PURPOSE, SEARCH = "employee-search", "recherche"
NAMES = ("categorie", "etat", "structure", "tri")
LONGEST_TEXT = 80
WRONG = "Ce choix n’existe pas. Choisissez-en un dans la liste."
STALE = "Cette recherche n’est plus lisible. Cherchez à nouveau."
TOO_LONG = f"Ce texte est trop long. Gardez-en {LONGEST_TEXT} caractères au plus."
TWICE = "Ce filtre est donné deux fois. Gardez-en un."


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed (`raw`), what it means (`filters`), what is wrong with it (`errors`), the sealed search."""

    raw: dict[str, str]
    filters: Filters
    errors: tuple[FieldError, ...]
    token: str

    @property
    def parameters(self) -> dict[str, str]:
        """The query string that asks for the same list: only what is set, and no name."""
        shown = {name: self.raw[name] for name in NAMES if self.raw[name] and (name, self.raw[name]) != ("tri", "nom")}
        return shown | ({SEARCH: self.token} if self.token else {})

    def without(self, *names: str) -> dict[str, str]:
        """The parameters of the same list with some filters dropped."""
        return {name: value for name, value in self.parameters.items() if name not in names}

    def sorted_by(self, sort: Sort) -> dict[str, str]:
        """The parameters of the same list in another order."""
        return self.without("tri") | ({} if sort is Sort.NAME else {"tri": sort.value})


def read_query(sent: Mapping[str, Any], viewer: Viewer, keyring: Keyring, categories: set[int]) -> Query:
    """The filters in a query string; what is not understood is left out of them and reported."""
    token = text_given(sent, SEARCH)[:LONGEST_SEALED]
    text = open_search(keyring, viewer, PURPOSE, token)
    errors = [FieldError("q", STALE)] if text is None else []
    return _read(sent, text or "", token if text else "", keyring, categories, errors)


def typed_query(sent: Mapping[str, Any], viewer: Viewer, keyring: Keyring, categories: set[int]) -> Query:
    """The filters of the form, where the searched text is legible; it is sealed for the address."""
    text = " ".join(one_line(text_given(sent, "q")).split())
    errors = [FieldError("q", TOO_LONG)] if len(text) > LONGEST_TEXT else []
    kept = text[:LONGEST_TEXT]
    token = "" if errors else seal_search(keyring, viewer, PURPOSE, kept)
    return _read(sent, kept, token, keyring, categories, errors)


def _read(
    sent: Mapping[str, Any],
    text: str,
    token: str,
    keyring: Keyring,
    categories: set[int],
    errors: list[FieldError],
) -> Query:
    raw = {name: text_given(sent, name)[:LONGEST_TEXT] for name in NAMES}
    category_id = keyring.reveal(CATEGORY, raw["categorie"]) if raw["categorie"] else None
    chosen = {
        "etat": _choice(raw["etat"], State),
        "structure": _choice(raw["structure"], Structure),
        "tri": _choice(raw["tri"], Sort),
        "categorie": category_id if category_id in categories else None,
    }
    errors += [FieldError(name, WRONG) for name in NAMES if raw[name] and chosen[name] is None]
    errors += [FieldError(name, TWICE) for name in (*NAMES, SEARCH) if times_given(sent, name) > 1]
    filters = Filters(text, chosen["categorie"], chosen["etat"], chosen["structure"], chosen["tri"] or Sort.NAME)
    return Query(raw | {"q": text}, filters, tuple(errors), token)


def _choice(value: str, choices: type[Any]) -> Any:
    return choices(value) if value in {choice.value for choice in choices} else None
