"""Letters on paper, to whom no e-mail reaches: kept with the change that they tell about, posted by the desk.

The insurer's management tool holds postal addresses; the portal does not. So a letter names whom it is for, and whoever
posts it writes the address. What it says never changes; it is encrypted, and forgotten with the person.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import func, update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.death_recording import may_handle
from portal.data.parties import is_near_to
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.work_items import Duty, duties_of
from portal.security import Keyring

PAGE = 50


class LetterKind(StrEnum):
    """Why somebody is written to on paper. Stored."""

    EXCEPTIONAL_ACCESS = "acces-exceptionnel"
    DEATH = "deces"


class PostalLetter(SQLModel, table=True):
    """A letter about a person, waiting until `sent_at`, or until `cancelled_at`: what it tells of was undone. `about`:
    as the evidence names that. `made_by`: the account whose act it tells."""

    __tablename__ = "postal_letter"
    __table_args__ = (
        Index("ix_postal_letter_person", "person_id"),
        Index("ix_postal_letter_waiting", "sent_at", "cancelled_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    person_id: int = Field(foreign_key="person.id")
    about: str
    content_encrypted: bytes
    made_at: datetime = instant()
    made_by: int = Field(foreign_key="account.id")
    sent_at: datetime | None = instant(default=None)
    sent_by: int | None = Field(default=None, foreign_key="account.id")
    cancelled_at: datetime | None = instant(default=None)

    @property
    def object(self) -> str:
        """How the evidence names it."""
        return f"courrier:{self.id}"

    @property
    def is_waiting(self) -> bool:
        return self.sent_at is None and self.cancelled_at is None


class LetterText(msgspec.Struct, frozen=True):
    """What a letter says. `to`: the lines above the address that is written by hand."""

    title: str
    to: tuple[str, ...]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToPost:
    """A letter as the list shows it. `may_send`: the viewer may say that it was posted."""

    letter: PostalLetter
    person: str
    may_send: bool


def write_letter(
    db: Session,
    viewer: Viewer,
    keyring: Keyring,
    kind: LetterKind,
    person_id: int,
    about: str,
    text: LetterText,
    now: datetime,
) -> PostalLetter:
    """Keeps a letter to be posted, in the transaction of what it tells."""
    row = PostalLetter(
        kind=kind,
        person_id=person_id,
        about=about,
        content_encrypted=keyring.encrypt(msgspec.json.encode(text).decode()),
        made_at=now,
        made_by=viewer.account_id,
    )
    db.add(row)
    db.flush()
    return row


def letters_to_post(db: Session, viewer: Viewer) -> list[ToPost]:
    """What waits, the oldest first, save about the viewer and relatives; nothing without the duty."""
    if Duty.PRIVACY not in duties_of(db, viewer):
        return []
    query = select(PostalLetter, Person).join(Person, col(Person.id) == PostalLetter.person_id)
    found = db.exec(query.where(*_WAITING).order_by(col(PostalLetter.id)).limit(PAGE)).all()
    return [
        ToPost(row, f"{person.first_name} {person.last_name}", may_send=_may_send(viewer, row))
        for row, person in found
        if not is_near_to(db, viewer.account_id, persons={row.person_id}, accounts=set())
    ]


def count_to_post(db: Session, viewer: Viewer) -> int:
    """How many letters wait; none for whoever has not the duty."""
    if Duty.PRIVACY not in duties_of(db, viewer):
        return 0
    return db.exec(select(func.count()).select_from(PostalLetter).where(*_WAITING)).one()


def letter_to_post(db: Session, viewer: Viewer, letter_id: int) -> PostalLetter | None:
    """One letter that the viewer may print, posted or not; None for others, and once it was given up."""
    row = db.get(PostalLetter, letter_id)
    if row is None or row.cancelled_at is not None or not may_handle(db, viewer, row.person_id):
        return None
    return row


def text_of(keyring: Keyring, row: PostalLetter) -> LetterText:
    """What a letter says."""
    return msgspec.json.decode(keyring.decrypt(row.content_encrypted), type=LetterText)


def mark_sent(db: Session, viewer: Viewer, row: PostalLetter, now: datetime) -> bool:
    """Notes that a letter that the viewer may print was posted; False when it was before, or when the viewer may not
    say so: about an exceptional access, whoever opened it does not."""
    if not _may_send(viewer, row):
        return False
    one = (col(PostalLetter.id) == row.id, *_WAITING)
    return bool(db.exec(update(PostalLetter).where(*one).values(sent_at=now, sent_by=viewer.account_id)).rowcount)


def letters_about(db: Session, about: str) -> list[PostalLetter]:
    """The letters about something that the caller has found, the first first."""
    return list(db.exec(select(PostalLetter).where(PostalLetter.about == about).order_by(col(PostalLetter.id))))


def cancel_letters(db: Session, about: str, now: datetime) -> int:
    """Gives up the letters about something that was undone and that nobody posted; how many."""
    waiting = update(PostalLetter).where(col(PostalLetter.about) == about, *_WAITING)
    return int(db.exec(waiting.values(cancelled_at=now)).rowcount)


_WAITING = (col(PostalLetter.sent_at).is_(None), col(PostalLetter.cancelled_at).is_(None))


def _may_send(viewer: Viewer, row: PostalLetter) -> bool:
    return row.is_waiting and (row.kind != LetterKind.EXCEPTIONAL_ACCESS or row.made_by != viewer.account_id)
