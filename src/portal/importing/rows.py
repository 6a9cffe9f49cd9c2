"""Rows of cells from the lines of a file: CSV with a header, or JSON Lines. One line is one row, so that a stray quote
spoils its own line only."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from portal.folding import fold
from portal.importing.problems import InvalidValue, Reject, UnreadableFile

Texts = Iterator[tuple[int, str]]
Cells = tuple[str, ...]
Rows = Iterator[tuple[int, Cells]]

PIPE = "|"
DELIMITERS = (";", ",", "\t", PIPE)


class Reader(Protocol):
    """Reads the file's rows from its beginning, as often as it is called; quietly: what is wrong is not reported."""

    def __call__(self, *, is_quiet: bool = False) -> Rows: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns wanted, in the order in which cells are given, without capitals or accents. `booleans`: those where
    JSON's true and false are welcome; `is_open`: the file may have others."""

    columns: tuple[str, ...]
    booleans: frozenset[str] = frozenset()
    is_open: bool = False


def read_rows(texts: Texts, layout: Layout, reject: Reject) -> Rows:
    """Line number and cells. Raises `UnreadableFile` for a header that does not fit."""
    for number, text in texts:
        if not text.strip():
            continue
        if text.lstrip().startswith("{"):
            return _json_rows(number, text, texts, _JsonCells(layout), reject)
        return _csv_rows(texts, _Header(text, layout), reject)
    raise UnreadableFile("Le fichier ne contient aucune ligne lisible.")


class _Header:
    """The first line of a CSV file: its delimiter, and where each expected column stands."""

    def __init__(self, text: str, layout: Layout) -> None:
        wanted = set(layout.columns)
        self.delimiter = max(DELIMITERS, key=lambda mark: len(wanted & set(_names(text, mark))))
        # Between pipes a quote is a quote, unless the header itself is quoted.
        self.quote = '"' if self.delimiter != PIPE or '"' in text else None
        names = _names(text, self.delimiter)
        self.width = len(names)
        _check_names(names, layout)
        places = [names.index(column) for column in layout.columns]
        self.ordered: Callable[[list[str]], tuple[str, ...]] = (
            tuple if places == list(range(self.width)) else itemgetter(*places)
        )


def _names(text: str, delimiter: str) -> list[str]:
    return [fold(name.strip().strip('"').strip()) for name in text.split(delimiter)]


def _check_names(names: list[str], layout: Layout) -> None:
    columns = layout.columns
    missing = [column for column in columns if column not in names]
    unknown = [] if layout.is_open else [name for name in names if name not in columns]
    repeated = sorted({name for name in names if names.count(name) > 1 and name in columns})
    faults = [
        f"{label} : {', '.join(found)}"
        for label, found in (
            ("colonnes manquantes", missing),
            ("colonnes inconnues", [name for name in unknown if name.isprintable() and len(name) < 64]),
            ("colonnes en double", repeated),
        )
        if found
    ]
    if missing or unknown or repeated:
        raise UnreadableFile(f"La première ligne n’est pas l’en-tête attendu. {' ; '.join(faults).capitalize()}.")


def _csv_rows(texts: Texts, header: _Header, reject: Reject) -> Rows:
    delimiter, quote, width, ordered = header.delimiter, header.quote, header.width, header.ordered
    for number, text in texts:
        try:
            cells = _quoted_cells(text, delimiter) if quote and quote in text else text.split(delimiter)
        except csv.Error:
            reject(number, "", text, "un guillemet est ouvert sans être refermé sur la même ligne")
            continue
        if len(cells) == width:
            if cells[0] or any(cells):
                yield number, ordered(cells)
        elif text.strip():
            reject(number, "", text, f"la ligne a {len(cells)} cellules, l’en-tête en a {width}")


def _quoted_cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader((text,), delimiter=delimiter, strict=True))


def _json_rows(number: int, text: str, texts: Texts, cells_of: "_JsonCells", reject: Reject) -> Rows:
    while True:
        if text.strip():
            try:
                yield number, cells_of(text)
            except InvalidValue as problem:
                reject(number, "", text, str(problem))
            except _WrongType as problem:
                reject(number, problem.name, problem.value, str(problem))
        try:
            number, text = next(texts)
        except StopIteration:
            return


class _WrongType(Exception):
    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.name = name
        self.value = json.dumps(value, ensure_ascii=False)


class _JsonCells:
    """Cells of one JSON object; numbers keep the digits they were written with."""

    def __init__(self, layout: Layout) -> None:
        self._columns = layout.columns
        self._known = frozenset(layout.columns)
        self._booleans = layout.booleans
        self._decode = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).decode

    def __call__(self, text: str) -> tuple[str, ...]:
        try:
            found = self._decode(text)
        except (ValueError, RecursionError):
            raise InvalidValue("la ligne n’est pas un objet JSON") from None
        if not isinstance(found, dict):
            raise InvalidValue("la ligne n’est pas un objet JSON")
        if unknown := sorted(found.keys() - self._known):
            raise InvalidValue(f"champs inconnus : {', '.join(unknown)}")
        return tuple([self._cell(name, found.get(name)) for name in self._columns])

    def _cell(self, name: str, value: object) -> str:
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        if isinstance(value, bool) and name in self._booleans:
            return "1" if value else "0"
        raise _WrongType(name, value, "une valeur simple est attendue : un texte ou un nombre")
