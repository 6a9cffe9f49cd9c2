"""A spool: the file in which one process notes reads before they are answered, one checksummed JSON line each.

Its owner holds an advisory lock (flock) on it: a spool without one belongs to a dead process. A line is one `write` in
append mode, so it survives `kill -9`; the checksum tells a torn or altered line from a good one.
"""

import fcntl
import io
import os
import secrets
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from portal.data.evidence import Entry
from portal.data.evidence_chain import json_bytes

SUFFIX = ".spool"
CHUNK = 128 * 1024
LONGEST_LINE = 64 * 1024

_decode = msgspec.json.Decoder(Entry).decode


class SpoolError(OSError):
    """A line was not written whole."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two line ends, and where it starts in the file (bytes)."""

    offset: int
    content: bytes


def line_of(entry: Entry) -> bytes:
    """CRC-32, a space, JSON, a line end. Raises SpoolError beyond `LONGEST_LINE`, TypeError when it is not JSON."""
    body = json_bytes(entry)
    if len(body) > LONGEST_LINE:
        raise SpoolError(f"an entry of {len(body)} bytes is too long for the journal")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def entry_in(content: bytes) -> Entry | None:
    """The entry of a line, or None when the line is torn or altered."""
    checksum, _, body = content.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


class Spool:
    """An open, locked spool. Not thread-safe: the journal guards it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.name = path.name
        self.moved = 0
        self._descriptor = descriptor
        self._torn = False

    @classmethod
    def create(cls, folder: Path) -> "Spool":
        """A new spool under a name never used before; raises OSError."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            path = folder / f"{os.getpid()}-{secrets.token_hex(8)}{SUFFIX}"
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:  # else a neighbour took the still unlocked file for a dead one
                _sync_folder(folder)
                return cls(path, descriptor)
            os.close(descriptor)

    @classmethod
    def adopt(cls, path: Path) -> "Spool | None":
        """The spool of a dead process, or None when its owner lives or somebody else has dealt with it."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not os.fstat(descriptor).st_nlink:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return os.fstat(self._descriptor).st_size

    @property
    def is_deleted(self) -> bool:
        """Whether somebody deleted the file under us; what it held is still readable here."""
        return not os.fstat(self._descriptor).st_nlink

    def append(self, line: bytes) -> None:
        """Writes the line whole, or raises OSError; a torn one is closed by a line end before the next."""
        whole = b"\n" + line if self._torn else line
        written = os.write(self._descriptor, whole)
        self._torn = written != len(whole)
        if self._torn:
            raise SpoolError(f"only {written} of {len(whole)} bytes were written")

    def read(self, start: int, *, to_the_end: bool) -> tuple[list[Piece], int]:
        """Whole lines from `start`, about `CHUNK` bytes, and where the next begins. A last line without its end is
        still being written; `to_the_end`, nobody writes any more and it comes as it is."""
        data = os.pread(self._descriptor, CHUNK, start)
        is_last = start + len(data) >= self.size
        end = len(data) if is_last and to_the_end else data.rfind(b"\n") + 1
        if end == 0 and len(data) == CHUNK:
            end = CHUNK
        return _pieces(data[:end], start), start + end

    def sync(self) -> None:
        """Forces what was written onto the disk."""
        os.fdatasync(self._descriptor)

    def remove(self) -> None:
        """Deletes the file, durably: it must not come back once its position is forgotten."""
        self.path.unlink(missing_ok=True)
        _sync_folder(self.path.parent)
        self.close()

    def close(self) -> None:
        """Gives up the lock; whatever the file still holds is for the next journal to adopt."""
        os.close(self._descriptor)


def _pieces(data: bytes, start: int) -> list[Piece]:
    pieces = []
    for content in io.BytesIO(data):
        if content != b"\n":
            pieces.append(Piece(start, content.removesuffix(b"\n")))
        start += len(content)
    return pieces


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
