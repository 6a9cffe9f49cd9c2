"""What the insurer says on paper about a request on data, to whoever does not read it on the portal (R-70).

Each letter is written by the act that it tells, in its transaction; an agent prints it, posts it, and says when. What
has not been posted is listed until it is: an answer counts when it leaves.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.cases import Case, WrongState
from portal.data.columns import Index, instant
from portal.data.received_requests import answers_on_paper
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring


class LetterKind(StrEnum):
    """What a letter is about. Values are stored."""

    RECEIVED = "accuse"
    IDENTITY = "identite"
    PIECE = "piece"
    EXTENDED = "prolongation"
    REMINDED = "rappel"
    DECIDED = "reponse"


class PostalLetter(SQLModel, table=True):
    """A letter to print and to post. `words_encrypted`: what the agent wrote, empty once the account was erased.
    `posted_on`: a day in France."""

    __tablename__ = "postal_letter"
    __table_args__ = (
        Index("ix_postal_letter_case", "case_id", "id"),
        Index("ix_postal_letter_posted", "posted_on", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    kind: str
    words_encrypted: bytes | None = None
    written_at: datetime = instant()
    posted_on: date | None = None
    posted_by: int | None = Field(default=None, foreign_key="account.id")


class WrongDay(Exception):
    """A letter is posted neither before it was written, nor in the future."""


def owe_letter(db: Session, keyring: Keyring, case: Case, kind: LetterKind, words: str, now: datetime) -> None:
    """Writes a letter to post, where the request is answered on paper; nothing otherwise. The caller has locked the
    case."""
    if answers_on_paper(db, case):
        sealed = keyring.encrypt(words)
        db.add(PostalLetter(case_id=case.id or 0, kind=kind, words_encrypted=sealed, written_at=now))
        db.flush()


def letters_of(db: Session, case: Case) -> Sequence[PostalLetter]:
    """The letters about a request, in order. The caller has found the case."""
    return db.exec(select(PostalLetter).where(PostalLetter.case_id == case.id).order_by(col(PostalLetter.id))).all()


def letter_of(db: Session, case: Case, letter_id: int) -> PostalLetter | None:
    """One of the letters about a request."""
    return next((letter for letter in letters_of(db, case) if letter.id == letter_id), None)


def mark_posted(
    db: Session, agent: Viewer, case: Case, letter_id: int, day: date, now: datetime
) -> PostalLetter | None:
    """Says on which day (in France) a letter left; None without such a letter. The caller has locked the case. Raises
    `WrongDay`, and `WrongState` for one that left already."""
    letter = letter_of(db, case, letter_id)
    if letter is None:
        return None
    if letter.posted_on is not None:
        raise WrongState
    if not day_in_france(letter.written_at) <= day <= day_in_france(now):
        raise WrongDay
    letter.posted_on, letter.posted_by = day, agent.account_id
    db.add(letter)
    db.flush()
    return letter
