"""Addresses as they are compared: « 3 r. de l'Église » is « 3, RUE DE L'EGLISE »."""

import re
from collections.abc import Iterator

from portal.folding import fold

_WORD = re.compile(r"\d+|[^\W\d_]+")
_INDEXES = {"b": "bis", "t": "ter", "q": "quater"}
# As people, the post office and the national directory write them.
_STREETS = {
    "all": "allee",
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "blvd": "boulevard",
    "boul": "boulevard",
    "ch": "chemin",
    "che": "chemin",
    "chem": "chemin",
    "crs": "cours",
    "fbg": "faubourg",
    "fg": "faubourg",
    "imp": "impasse",
    "lot": "lotissement",
    "pas": "passage",
    "pl": "place",
    "prom": "promenade",
    "qu": "quai",
    "r": "rue",
    "res": "residence",
    "rte": "route",
    "sq": "square",
}
_NAMES = {
    "cdt": "commandant",
    "dr": "docteur",
    "gal": "general",
    "gen": "general",
    "mal": "marechal",
    "pdt": "president",
    "st": "saint",
    "ste": "sainte",
    "stes": "saintes",
    "sts": "saints",
}


def place_key(postcode: str, address: str) -> str:
    """The postcode, then the words of the address without accents, signs or abbreviations. A type of street is
    abbreviated where one stands: at the beginning or after a number, so that « rue R. Dupont » stays."""
    return " ".join((postcode, *_spelled_out(_WORD.findall(fold(address)))))


def _spelled_out(words: list[str]) -> Iterator[str]:
    before = _START
    for word in words:
        before = _spelled(word, before)
        yield before


def _spelled(word: str, before: str) -> str:
    if before.isdecimal() and word in _INDEXES:
        return _INDEXES[word]
    if word in _STREETS:
        return _STREETS[word] if before == _START or before.isdecimal() or before in _INDEXED else word
    return _NAMES.get(word, word)


_START = ""
_INDEXED = frozenset(_INDEXES.values())
