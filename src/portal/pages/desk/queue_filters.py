"""The filters of the desk's queue, from the query string and back. What means nothing is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from portal.data.accounts import Space
from portal.data.sessions import Viewer
from portal.data.work_items import Turn
from portal.data.work_queue import QueueFilters, Watch, When
from portal.forms import text_given
from portal.security import Keyring
from portal.work_words import KINDS

ACCOUNT = "account"
NAMES = ("nature", "tour", "qui", "delai", "espace", "suivi", "reference")
MINE, NOBODY = "moi", "personne"
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked (`raw`, all of it understood), and what it means."""

    raw: dict[str, str]
    filters: QueueFilters

    @property
    def parameters(self) -> dict[str, str]:
        """The query string that asks for the same list: only what is set."""
        return {name: value for name, value in self.raw.items() if value}

    @property
    def text(self) -> str:
        """As an address holds it, to keep it under a name."""
        return urlencode(self.parameters)

    def without(self, name: str) -> dict[str, str]:
        """The parameters of the same list with one filter dropped."""
        return {each: value for each, value in self.parameters.items() if each != name}


def read_query(sent: Mapping[str, Any], viewer: Viewer, keyring: Keyring) -> Query:
    """The filters in a query string."""
    raw = {name: text_given(sent, name).strip()[:LONGEST] for name in NAMES}
    holder = _holder(raw["qui"], viewer, keyring)
    known = {
        "nature": raw["nature"] in KINDS,
        "tour": raw["tour"] in {Turn.PERSON, Turn.NOBODY},
        "qui": raw["qui"] == NOBODY or holder is not None,
        "delai": raw["delai"] in {*When},
        "espace": raw["espace"] in {*Space},
        "suivi": raw["suivi"] in {*Watch},
        "reference": True,
    }
    kept = {name: raw[name] if known[name] else "" for name in NAMES}
    kept["reference"] = reference_of(kept["reference"])
    return Query(kept, _filters(kept, holder))


def reference_of(text: str) -> str:
    """A case's reference however it was typed: « d 7k3f 9qxm » is « D-7K3F-9QXM »."""
    letters = "".join(char for char in text.upper() if char.isalnum())
    return f"{letters[:-8]}-{letters[-8:-4]}-{letters[-4:]}" if len(letters) > 8 else letters


def _filters(raw: dict[str, str], holder: int | None) -> QueueFilters:
    return QueueFilters(
        kind=raw["nature"],
        turn=Turn(raw["tour"]) if raw["tour"] else Turn.DESK,
        holder=holder,
        is_free=raw["qui"] == NOBODY,
        when=When(raw["delai"]) if raw["delai"] else None,
        space=raw["espace"],
        watch=Watch(raw["suivi"]) if raw["suivi"] else None,
        reference=raw["reference"],
    )


def _holder(who: str, viewer: Viewer, keyring: Keyring) -> int | None:
    return viewer.account_id if who == MINE else keyring.reveal(ACCOUNT, who)
