"""The file of rejected rows: line, column, value, reason. It may hold personal data: only its owner can read it."""

import csv
import os
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

from portal.importing.problems import UnreadableFile, cause_of

HEADER = ["ligne", "colonne", "valeur", "raison"]
HELD = 5_000
LONGEST_VALUE = 200
_FORMULA_STARTS = ("=", "+", "-", "@")


class RejectsFile:
    """Created with the first problem; a file of an earlier run is replaced, any other is kept.

    Problems are held until `flush`, which writes them in the order of their lines, or until there are many.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._last_line = 0
        self._held: list[tuple[int, str, str, str]] = []
        self._file: TextIO | None = None
        self._writer: Any = None
        _remove_earlier(path)

    def add(self, line: int, column: str, value: str, reason: str) -> None:
        """Adds one problem. Lines are counted once each; the problems of one line come together."""
        self.lines += line != self._last_line
        self._last_line = line
        self._held.append((line, column, _shown(value), reason))
        if len(self._held) >= HELD:
            self.flush()

    def flush(self) -> None:
        """Writes what is held; raises `UnreadableFile` when the file cannot be written."""
        if not self._held:
            return
        try:
            if self._file is None:
                self._open()
            self._writer.writerows(sorted(self._held, key=itemgetter(0)))
        except OSError as error:
            raise _unwritable(self.path, error) from None
        self._held.clear()

    def close(self) -> None:
        """Ends the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> None:
        number = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(number, "w", encoding="utf-8-sig", newline="", errors="backslashreplace")
        self._writer = csv.writer(self._file, delimiter=";")
        self._writer.writerow(HEADER)


def _remove_earlier(path: Path) -> None:
    try:
        if not path.exists():
            return
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            if file.readline(100).strip() != ";".join(HEADER):
                raise UnreadableFile(f"« {path} » existe déjà et n’est pas un fichier de rejets.")
        path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UnreadableFile:
    return UnreadableFile(f"Le fichier de rejets « {path} » ne peut pas être écrit : {cause_of(error)}.")


def _shown(value: str) -> str:
    """Short, printable, and never a formula for the spreadsheet that opens the file."""
    text = value[:LONGEST_VALUE] + ("…" if len(value) > LONGEST_VALUE else "")
    text = "".join(sign if sign.isprintable() or sign in "\u00a0\u202f" else "�" for sign in text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
