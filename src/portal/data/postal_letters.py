"""Letters on paper, to whom no e-mail reaches: about a death, an exceptional access, a request on data (R-70, R-72).

Each is written with the act that it tells, in its transaction, as whoever gets it reads it: what it says never changes.
It is encrypted, and forgotten with what it is about. Who prints and posts it: `letters_to_post.py`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

import msgspec
from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.cases import Case
from portal.data.columns import Index, instant
from portal.data.work_items import Duty
from portal.security import Keyring


class LetterKind(StrEnum):
    """Why somebody is written to on paper. Values are stored."""

    EXCEPTIONAL_ACCESS = "acces-exceptionnel"
    DEATH = "deces"
    RECEIVED = "accuse"
    IDENTITY = "identite"
    PIECE = "piece"
    EXTENDED = "prolongation"
    REMINDED = "rappel"
    DECIDED = "reponse"


# Who prints and posts it.
CHARGED_WITH: dict[LetterKind, Duty] = {
    LetterKind.EXCEPTIONAL_ACCESS: Duty.PRIVACY,
    LetterKind.DEATH: Duty.PRIVACY,
    LetterKind.RECEIVED: Duty.PRIVACY,
    LetterKind.IDENTITY: Duty.PRIVACY,
    LetterKind.PIECE: Duty.PRIVACY,
    LetterKind.EXTENDED: Duty.PRIVACY,
    LetterKind.REMINDED: Duty.PRIVACY,
    LetterKind.DECIDED: Duty.PRIVACY,
}


class PostalLetter(SQLModel, table=True):
    """A letter about a person, of a case where one asked for it. `about`: as the evidence names what it tells.

    It waits until `posted_on`, a day in France, or until `cancelled_at`: what it tells was undone. `made_by`: the
    account whose act it tells, if anybody's. What it says is empty once the account that asked was erased.
    """

    __tablename__ = "postal_letter"
    __table_args__ = (
        Index("ix_postal_letter_person", "person_id"),
        Index("ix_postal_letter_case", "case_id", "id"),
        Index("ix_postal_letter_waiting", "posted_on", "cancelled_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    person_id: int = Field(foreign_key="person.id")
    case_id: int | None = Field(default=None, foreign_key="case_file.id")
    about: str
    recipient_encrypted: bytes | None = None
    content_encrypted: bytes | None = None
    made_at: datetime = instant()
    made_by: int | None = Field(default=None, foreign_key="account.id")
    posted_on: date | None = None
    posted_at: datetime | None = instant(default=None)
    posted_by: int | None = Field(default=None, foreign_key="account.id")
    cancelled_at: datetime | None = instant(default=None)

    @property
    def object(self) -> str:
        """How the evidence names it."""
        return f"courrier:{self.id}"

    @property
    def is_waiting(self) -> bool:
        return self.posted_on is None and self.cancelled_at is None and self.content_encrypted is not None


class LetterText(msgspec.Struct, frozen=True):
    """What a letter says. `to`: whom it is for, by lines; without an address, whoever posts it writes that by hand.
    `facts`: label and value, under the date."""

    title: str
    to: tuple[str, ...]
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def has_address(self) -> bool:
        return len(self.to) > 1


def write_letter(
    db: Session,
    keyring: Keyring,
    kind: LetterKind,
    person_id: int,
    about: str,
    text: LetterText,
    now: datetime,
    *,
    by: int | None,
    case_id: int | None = None,
) -> PostalLetter:
    """Keeps a letter to be posted, in the transaction of what it tells. `by`: the account whose act that is."""
    said = msgspec.structs.replace(text, to=())
    row = PostalLetter(
        kind=kind,
        person_id=person_id,
        case_id=case_id,
        about=about,
        recipient_encrypted=keyring.encrypt("\n".join(text.to)),
        content_encrypted=keyring.encrypt(msgspec.json.encode(said).decode()),
        made_at=now,
        made_by=by,
    )
    db.add(row)
    db.flush()
    return row


def text_of(keyring: Keyring, row: PostalLetter) -> LetterText:
    """What a letter says; nothing once that was erased."""
    if row.content_encrypted is None:
        return LetterText("", (), ())
    said = msgspec.json.decode(keyring.decrypt(row.content_encrypted), type=LetterText)
    to = keyring.decrypt(row.recipient_encrypted) if row.recipient_encrypted else ""
    return msgspec.structs.replace(said, to=tuple(to.splitlines()))


def letters_of(db: Session, case: Case) -> Sequence[PostalLetter]:
    """The letters about a request, in order. The caller has found the case."""
    return db.exec(select(PostalLetter).where(PostalLetter.case_id == case.id).order_by(col(PostalLetter.id))).all()


def letters_about(db: Session, about: str) -> Sequence[PostalLetter]:
    """The letters about something that the caller has found, the first first."""
    return db.exec(select(PostalLetter).where(PostalLetter.about == about).order_by(col(PostalLetter.id))).all()


def cancel_letters(db: Session, about: str, now: datetime) -> int:
    """Gives up the letters about something that was undone and that nobody posted; how many."""
    one = (col(PostalLetter.about) == about, *WAITING)
    return int(db.exec(update(PostalLetter).where(*one).values(cancelled_at=now)).rowcount)


WAITING = (
    col(PostalLetter.posted_on).is_(None),
    col(PostalLetter.cancelled_at).is_(None),
    col(PostalLetter.content_encrypted).is_not(None),
)
