"""Letters that wait in the outbox, opened for tests."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from sqlmodel import select

from portal.data.outbox import OutgoingMail, find_letter
from portal.database import Database
from portal.web import Services


@dataclass(frozen=True)
class Letter:
    """A letter as its recipient reads it; `name` is its template."""

    name: str
    to: str
    subject: str
    text: str
    html: str
    message: EmailMessage

    @property
    def links(self) -> list[str]:
        """The addresses that the text offers, in order, each on a line or between brackets."""
        return [word.strip("().") for word in self.text.split() if word.strip("(").startswith(("https://", "http://"))]


def letters(database: Database, services: Services, to: str | None = None) -> list[Letter]:
    """The letters that have not left yet, oldest first; of one recipient, or of all."""
    with database.read() as db:
        ids = db.exec(select(OutgoingMail.id).order_by(OutgoingMail.id)).all()
        found = [find_letter(db, services.keyring, letter_id) for letter_id in ids]
    kept = [opened(row.kind, parcel.content.encode()) for row, parcel in filter(None, found) if parcel]
    return [letter for letter in kept if to is None or letter.to == to]


def opened(name: str, content: bytes) -> Letter:
    """A letter from the bytes of its message."""
    message: Any = message_from_bytes(content, policy=SMTP)
    return Letter(
        name=name,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=message.get_body(("plain",)).get_content().replace("\r\n", "\n"),
        html=message.get_body(("html",)).get_content(),
        message=message,
    )
