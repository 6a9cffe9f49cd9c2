"""What can be wrong with a file, a row or a value, in words for the person who prepared the file."""

import errno
import os
from collections.abc import Callable

Reject = Callable[[int, str, str, str], None]
"""Reports a row that is left out: line number, column (empty: the whole line), value, reason in French."""


class UnreadableFile(Exception):
    """The file as a whole cannot be imported; the message says why, in French."""


class InvalidValue(Exception):
    """One value is not what its column expects; the message says what is expected, in French."""


class RejectedRow(Exception):
    """A row contradicts itself or what is already known."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


_CAUSES = {
    errno.ENOENT: "il n’existe pas",
    errno.EACCES: "l’accès est refusé",
    errno.EISDIR: "c’est un dossier",
    errno.ENOTDIR: "son dossier n’existe pas",
    errno.ENOSPC: "le disque est plein",
    errno.EROFS: "le disque est en lecture seule",
}


def cause_of(error: OSError) -> str:
    """Why the system refused a file, in French where we know the words."""
    return _CAUSES.get(error.errno or 0) or os.strerror(error.errno or 0)
