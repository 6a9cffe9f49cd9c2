"""Rows of cells from the lines of a file: CSV with a header, or JSON Lines. One line is one row, so that a stray quote
spoils its own line only."""

import csv
import json
from collections.abc import Callable, Iterator
from operator import itemgetter

from portal.importing.problems import InvalidValue, Reject, UnreadableFile

Texts = Iterator[tuple[int, str]]
Rows = Iterator[tuple[int, tuple[str, ...]]]

DELIMITERS = (";", ",", "\t")


def read_rows(texts: Texts, columns: tuple[str, ...], booleans: frozenset[str], reject: Reject) -> Rows:
    """Line number and cells, in the order of `columns`. Raises `UnreadableFile` for a header that does not fit.

    `booleans`: the columns where JSON's true and false are welcome.
    """
    for number, text in texts:
        if not text.strip():
            continue
        if text.lstrip().startswith("{"):
            return _json_rows(number, text, texts, _JsonCells(columns, booleans), reject)
        return _csv_rows(texts, _Header(text, columns), reject)
    raise UnreadableFile("Le fichier ne contient aucune ligne lisible.")


class _Header:
    """The first line of a CSV file: its delimiter, and where each expected column stands."""

    def __init__(self, text: str, columns: tuple[str, ...]) -> None:
        self.delimiter = max(DELIMITERS, key=lambda mark: len(set(columns) & set(_names(text, mark))))
        names = _names(text, self.delimiter)
        self.width = len(names)
        _check_names(names, columns)
        places = [names.index(column) for column in columns]
        self.ordered: Callable[[list[str]], tuple[str, ...]] = (
            tuple if places == list(range(self.width)) else itemgetter(*places)
        )


def _names(text: str, delimiter: str) -> list[str]:
    return [name.strip().strip('"').strip().lower() for name in text.split(delimiter)]


def _check_names(names: list[str], columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in names]
    unknown = [name for name in names if name not in columns]
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
    delimiter, width, ordered = header.delimiter, header.width, header.ordered
    for number, text in texts:
        try:
            cells = _quoted_cells(text, delimiter) if '"' in text else text.split(delimiter)
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

    def __init__(self, columns: tuple[str, ...], booleans: frozenset[str]) -> None:
        self._columns = columns
        self._known = frozenset(columns)
        self._booleans = booleans
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
