"""Messages with the insurer, in threads by subject, for every space (R-41, R-80).

A thread is a case without a draft: it is sent as it is begun. The person writes until the insurer ends it; each answer
of the insurer's counts as unread until the person says, or shows by an answer, that it was read.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, select
from sqlmodel import Field, Session, SQLModel

from portal.data.case_messages import (
    CaseMessage,
    Message,
    SentAlready,
    add_message,
    mark_read,
    messages_of,
    repeats,
    unread_counts,
)
from portal.data.case_slots import Slot
from portal.data.case_turns import give_back
from portal.data.cases import (
    Case,
    CaseKind,
    CaseState,
    WrongState,
    begin_case,
    cases_of,
    find_case,
    lock_case,
    move_case,
    newest_case,
    touch,
)
from portal.data.prepared import Prepared
from portal.data.sessions import Viewer
from portal.security import Keyring

KIND = CaseKind.MESSAGE


class Topic(StrEnum):
    CONTRACT = "contrat"
    REFUND = "remboursement"
    CONTRIBUTION = "cotisation"
    INVOICE = "facture"
    TERMS = "conditions"
    ONLINE = "espace_en_ligne"
    OTHER = "autre"


class MessageThread(SQLModel, table=True):
    """What a thread is about; the subject is encrypted, and empty once its account was erased."""

    __tablename__ = "message_thread"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    topic: str
    subject_encrypted: bytes


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as its owner reads it. `unread`: the insurer's messages that were not read yet."""

    case: Case
    topic: Topic
    subject: str
    unread: int = 0


def message_slots(*_: object) -> list[Slot]:
    """Whatever the person wants to show."""
    return [Slot("pieces", "Documents joints à la conversation", is_required=False)]


def begin_thread(
    db: Session, viewer: Viewer, keyring: Keyring, topic: Topic, subject: str, text: str, now: datetime
) -> Case:
    """A new thread with its first message, sent at once. The caller holds the account's count of messages, so that of
    two sendings at once the second one sees the first. Raises `SentAlready`."""
    _refuse_second(db, viewer, keyring, subject, text, now)
    case = begin_case(db, viewer, KIND, now, member_id=viewer.person_id)
    db.add(MessageThread(case_id=case.id or 0, topic=topic, subject_encrypted=keyring.encrypt(subject)))
    db.flush()
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    add_message(db, viewer, keyring, case, text, now)
    return case


def _refuse_second(db: Session, viewer: Viewer, keyring: Keyring, subject: str, text: str, now: datetime) -> None:
    """Raises `SentAlready` when the viewer's newest thread has this subject and ends with these words."""
    newest = newest_case(db, viewer, KIND)
    if newest is None or not repeats(db, viewer, keyring, newest, text, now):
        return
    if _thread(db, keyring, newest, 0).subject == subject:
        raise SentAlready(newest.id or 0)


def reply(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, text: str, last: int, now: datetime
) -> Case | None:
    """Adds a message to the viewer's thread, and marks the insurer's as read, up to the message `last`; None without
    such a thread.

    Raises `WrongState` when the thread is over, `SentAlready` when it ends with these very words.
    """
    case = lock_case(db, viewer, case_id, None, KIND)
    if case is None:
        return None
    if case.is_over:
        raise WrongState
    if repeats(db, viewer, keyring, case, text, now):
        raise SentAlready(case_id)
    add_message(db, viewer, keyring, case, text, now)
    mark_read(db, case, now, by_insurer=False, last=last)
    if not give_back(db, case, now, by=viewer.account_id):
        touch(db, case, now)
    return case


def read_thread(db: Session, viewer: Viewer, case_id: int, last: int, now: datetime) -> Case | None:
    """Marks what the insurer wrote as read, up to the message `last`; None without such a thread."""
    case = lock_case(db, viewer, case_id, None, KIND)
    if case is not None:
        mark_read(db, case, now, by_insurer=False, last=last)
    return case


def threads_of(db: Session, viewer: Viewer, keyring: Keyring) -> list[Thread]:
    """The viewer's threads: those with something unread first, then the latest changed."""
    unread = unread_counts(db, viewer, KIND)
    found = [_thread(db, keyring, case, unread.get(case.id or 0, 0)) for case in cases_of(db, viewer, KIND)]
    return sorted(found, key=lambda thread: (thread.unread > 0, thread.case.changed_at), reverse=True)


def thread_of(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> tuple[Thread, list[Message]] | None:
    """One of the viewer's threads and its messages, or None."""
    case = find_case(db, viewer, case_id, KIND)
    if case is None:
        return None
    messages = messages_of(db, keyring, case)
    unread = sum(message.is_from_insurer and message.read_at is None for message in messages)
    return _thread(db, keyring, case, unread), messages


def unread_messages(db: Session, viewer: Viewer) -> int:
    """How many of the insurer's messages the viewer has not read: for the navigation of every page."""
    return int(_UNREAD.rows(db, {"account": viewer.account_id})[0][0])


_UNREAD = Prepared(
    select(func.count())
    .select_from(CaseMessage)
    .join(Case, Case.id == CaseMessage.case_id)
    .where(Case.account_id == bindparam("account"), Case.kind == KIND.value)
    .where(CaseMessage.is_from_insurer.is_(True), CaseMessage.read_at.is_(None))
)


def _thread(db: Session, keyring: Keyring, case: Case, unread: int) -> Thread:
    row = db.get_one(MessageThread, case.id)
    subject = keyring.decrypt(row.subject_encrypted) if row.subject_encrypted else ""
    return Thread(case, Topic(row.topic), subject, unread)
