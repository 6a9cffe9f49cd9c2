"""What a person and the insurer write to each other about a case; every text is encrypted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Space
from portal.data.cases import Case, CaseKind, readable_by
from portal.data.columns import Index, instant
from portal.data.sessions import Viewer
from portal.security import Keyring

LONGEST_TEXT = 5000
FAR = 2**31 - 1
# A button pressed twice, or a page sent again: the same words from the same hand so soon are one message.
REPEATED_WITHIN = timedelta(minutes=10)


class CaseMessage(SQLModel, table=True):
    """`account_id`: who wrote, empty for somebody without an account. `read_at`: when the other side read it first."""

    __tablename__ = "case_message"
    __table_args__ = (Index("ix_case_message_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    account_id: int | None = Field(default=None, foreign_key="account.id")
    is_from_insurer: bool
    text_encrypted: bytes
    sent_at: datetime = instant()
    read_at: datetime | None = instant(default=None)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as whoever may read the case reads it. `author_id`: the account that wrote it; None without one, and
    for the insurer's staff, who are not named."""

    id: int
    is_from_insurer: bool
    text: str
    sent_at: datetime
    read_at: datetime | None
    author_id: int | None = None


class SentAlready(Exception):
    """The same form was sent twice; `case_id` is what came of the first time."""

    def __init__(self, case_id: int) -> None:
        super().__init__()
        self.case_id = case_id


def add_message(db: Session, viewer: Viewer | None, keyring: Keyring, case: Case, text: str, now: datetime) -> None:
    """Keeps what the viewer, or somebody without an account, writes about the case. The caller has found the case."""
    is_insurer = viewer is not None and viewer.space == Space.DESK
    db.add(
        CaseMessage(
            case_id=case.id or 0,
            account_id=viewer.account_id if viewer else None,
            is_from_insurer=is_insurer,
            text_encrypted=keyring.encrypt(text),
            sent_at=now,
        )
    )
    db.flush()


def repeats(db: Session, viewer: Viewer | None, keyring: Keyring, case: Case, text: str, now: datetime) -> bool:
    """Whether the conversation already ends with these very words of the viewer's (or of somebody without an account),
    said just now. The caller holds the case's lock, so that of two sendings at once the second one sees the first."""
    query = select(CaseMessage).where(CaseMessage.case_id == case.id).order_by(col(CaseMessage.id).desc())
    last = db.exec(query.limit(1)).first()
    return (
        last is not None
        and not last.is_from_insurer
        and last.account_id == (viewer.account_id if viewer else None)
        and now - last.sent_at < REPEATED_WITHIN
        and keyring.decrypt(last.text_encrypted) == text
    )


def messages_of(db: Session, keyring: Keyring, case: Case) -> list[Message]:
    """The conversation, from its first message. The caller has found the case."""
    rows = db.exec(select(CaseMessage).where(CaseMessage.case_id == case.id).order_by(col(CaseMessage.id)))
    return [
        Message(
            row.id or 0,
            row.is_from_insurer,
            keyring.decrypt(row.text_encrypted),
            row.sent_at,
            row.read_at,
            None if row.is_from_insurer else row.account_id,
        )
        for row in rows
    ]


def mark_read(db: Session, case: Case, now: datetime, *, by_insurer: bool, last: int = FAR) -> None:
    """Notes that one side has read what the other wrote, up to the message `last`: what came later was not shown."""
    unread = (
        col(CaseMessage.id) <= last,
        col(CaseMessage.case_id) == case.id,
        col(CaseMessage.is_from_insurer).is_not(by_insurer),
        col(CaseMessage.read_at).is_(None),
    )
    db.exec(update(CaseMessage).where(*unread).values(read_at=now))


def unread_counts(db: Session, viewer: Viewer, *kinds: CaseKind) -> dict[int, int]:
    """How many messages of the insurer the viewer has not read, by case; cases without any are left out."""
    query = (
        select(CaseMessage.case_id, func.count())
        .join(Case, col(Case.id) == CaseMessage.case_id)
        .where(readable_by(viewer), col(Case.kind).in_(kinds))
        .where(CaseMessage.is_from_insurer, col(CaseMessage.read_at).is_(None))
        .group_by(col(CaseMessage.case_id))
    )
    return dict(db.exec(query).all())
