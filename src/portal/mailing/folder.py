"""The carrier by files: without an SMTP server each letter becomes `<Message-ID>.eml` in a folder; and their reader.

The name comes from the Message-ID and the file appears whole: a letter carried again after a crash is the same file.
"""

import os
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from portal.data.outbox import Parcel
from portal.mailing.delivery import Unreachable

SUFFIX = ".eml"
_NAME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{24}", re.ASCII)


class FolderCarrier:
    """Writes letters under `folder`, for their owner's eyes only: they hold temporary passwords."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def carry(self, parcel: Parcel) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self._folder / (file_name(parcel.message_id) + SUFFIX), parcel.content.encode("ascii"))
        except OSError as error:
            raise Unreachable(f"the mail folder cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Nothing stays open between letters."""


@dataclass(frozen=True, slots=True)
class FiledLetter:
    """A letter of the folder, as its recipient reads it; `text` is its plain part."""

    name: str
    to: str
    subject: str
    sent_at: datetime
    text: str


def file_name(message_id: str) -> str:
    """The name that a letter has in the folder, without its suffix: the left part of its Message-ID."""
    return message_id.strip("<>").partition("@")[0]


def filed_letters(folder: Path, most: int = 100) -> list[FiledLetter]:
    """The newest letters of the folder, newest first: their names begin with their instant."""
    names = sorted((path.stem for path in folder.glob(f"*{SUFFIX}")), reverse=True)
    return [letter for name in names[:most] if (letter := filed_letter(folder, name))]


def filed_letter(folder: Path, name: str) -> FiledLetter | None:
    """One letter of the folder; None when there is none of that name."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return _read(name, (folder / (name + SUFFIX)).read_bytes())
    except FileNotFoundError:
        return None


def plain_text(content: bytes) -> str:
    """The text part of a message, as people read it."""
    message: Any = message_from_bytes(content, policy=SMTP)
    return str(message.get_body(("plain",)).get_content()).replace("\r\n", "\n")


def _read(name: str, content: bytes) -> FiledLetter:
    message: EmailMessage = message_from_bytes(content, policy=SMTP)
    sent_at = message["Date"].datetime
    return FiledLetter(name, str(message["To"]), str(message["Subject"]), sent_at, plain_text(content))


def _write(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
