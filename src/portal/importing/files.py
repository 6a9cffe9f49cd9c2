"""The file behind an import: opened once, judged once, then read line by line in flat memory."""

import gzip
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.importing.problems import Reject, UnreadableFile, cause_of

BUFFER = 256 * 1024
LONGEST_LINE = 64 * 1024
"""Bytes. A longer line is rejected without being held in memory."""

_GZIP = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK\x03\x04": "c’est un classeur ou une archive : enregistrez la feuille au format CSV",
    b"\xd0\xcf\x11\xe0": "c’est un ancien classeur Excel : enregistrez la feuille au format CSV",
    b"%PDF": "c’est un document PDF",
    b"\xff\xfe": "il est écrit en UTF-16 : enregistrez-le en UTF-8",
    b"\xfe\xff": "il est écrit en UTF-16 : enregistrez-le en UTF-8",
}


class SourceFile:
    """An open import file. `digest` is the SHA-256 of its bytes as they lie on disk, `encoding` utf-8 or cp1252."""

    def __init__(self, path: Path, raw: io.BufferedReader) -> None:
        self.path = path
        self._raw = raw
        self._state = _state(raw)
        self.size = self._state[0]
        self.digest = hashlib.file_digest(raw, "sha256").hexdigest()
        self.encoding = self._elected_encoding()

    @property
    def position(self) -> int:
        """Bytes of the file already read, out of `size`."""
        return self._raw.tell()

    def texts(self, reject: Reject) -> Iterator[tuple[int, str]]:
        """Each line that can be read, with its number from 1, without its line ending."""
        for number, line in enumerate(self._lines(), start=1):
            if line is None:
                reject(number, "", "", f"la ligne dépasse {LONGEST_LINE} octets")
                continue
            try:
                yield number, line.decode(self.encoding).rstrip("\r\n")
            except UnicodeDecodeError:
                reject(number, "", "", f"la ligne contient des caractères illisibles en {self.encoding}")

    def check_unchanged(self) -> None:
        """Raises `UnreadableFile` when another program wrote to the file since it was opened."""
        if _state(self._raw) != self._state:
            raise UnreadableFile("Le fichier a changé pendant l’import : rien n’a été enregistré.")

    def _elected_encoding(self) -> str:
        """Each line that is not plain ASCII votes: one stray byte must not change how all the others are read."""
        votes = 0
        for line in self._lines():
            if line is not None and not line.isascii():
                votes += 1 if _is_utf8(line) else -1
        return "utf-8" if votes >= 0 else "cp1252"

    def _lines(self) -> Iterator[bytes | None]:
        try:
            stream = self._rewound()
            while line := stream.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    _skip_line(stream)
                    yield None
                else:
                    yield line
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise UnreadableFile("L’archive gzip est incomplète ou abîmée.") from None
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def _rewound(self) -> io.BufferedReader:
        self._raw.seek(0)
        stream = self._raw
        if self._raw.peek(2)[:2] == _GZIP:
            stream = io.BufferedReader(gzip.GzipFile(fileobj=self._raw), BUFFER)
        if stream.peek(3)[:3] == _UTF8_MARK:
            stream.read(3)
        return stream


@contextmanager
def open_source(path: Path) -> Iterator[SourceFile]:
    """Opens a file for import; raises `UnreadableFile` when it is not a text file that can be read."""
    with _opened(path) as raw:
        _refuse_foreign(raw)
        yield SourceFile(path, raw)


def _opened(path: Path) -> io.BufferedReader:
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return io.BufferedReader(io.FileIO(path), BUFFER)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    raise UnreadableFile(f"« {path} » n’est pas un fichier ordinaire.")


def _unreadable(path: Path, error: Exception) -> UnreadableFile:
    cause = cause_of(error) if isinstance(error, OSError) else "son nom n’est pas valable"
    return UnreadableFile(f"« {path} » ne peut pas être lu : {cause}.")


def _refuse_foreign(raw: io.BufferedReader) -> None:
    start = raw.read(4)
    raw.seek(0)
    if not start:
        raise UnreadableFile("Le fichier est vide.")
    for mark, reason in _FOREIGN.items():
        if start.startswith(mark):
            raise UnreadableFile(f"Ce fichier ne peut pas être importé : {reason}.")


def _state(raw: io.BufferedReader) -> tuple[int, int]:
    facts = os.fstat(raw.fileno())
    return facts.st_size, facts.st_mtime_ns


def _skip_line(stream: io.BufferedReader) -> None:
    while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
