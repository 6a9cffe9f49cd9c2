"""Messages with the insurer, in threads by subject, for every space (R-41, R-80).

A thread is a case without a draft: it is sent as it is begun. The person writes until the insurer ends it; each answer
of the insurer's counts as unread until the person says, or shows by an answer, that it was read.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlmodel import Field, Session, SQLModel, col

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
    ENDS,
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
    EMPLOYEES = "salaries"
    BANK = "banque"
    TRANSFER = "virement"
    RIGHTS = "droits"
    AGREEMENT = "convention"
    REMOTE = "teletransmission"


class MessageThread(SQLModel, table=True):
    """What a thread is about; the subject is encrypted, and empty once its account was erased. `details_encrypted`:
    what else its form asked for, as JSON."""

    __tablename__ = "message_thread"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    topic: str
    subject_encrypted: bytes
    details_encrypted: bytes | None = None


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
    same = same_thread(db, viewer, keyring, subject, text, now)
    if same is not None:
        raise SentAlready(same.id or 0)
    case = add_thread(db, viewer, keyring, topic, subject, text, now)
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return case


def add_thread(
    db: Session, viewer: Viewer, keyring: Keyring, topic: Topic, subject: str, text: str, now: datetime
) -> Case:
    """A thread with its first message, still to be sent."""
    case = begin_case(db, viewer, KIND, now, member_id=viewer.person_id)
    db.add(MessageThread(case_id=case.id or 0, topic=topic, subject_encrypted=keyring.encrypt(subject)))
    db.flush()
    add_message(db, viewer, keyring, case, text, now)
    return case


def same_thread(db: Session, viewer: Viewer, keyring: Keyring, subject: str, text: str, now: datetime) -> Case | None:
    """The newest thread that the viewer began, when it has this subject and ends with these words, said just now."""
    newest = newest_case(db, viewer, KIND)
    if newest is None or not repeats(db, viewer, keyring, newest, text, now):
        return None
    return newest if thread_told(db, keyring, newest, 0).subject == subject else None


def reply(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, text: str, last: int, now: datetime
) -> Case | None:
    """Adds a message to the viewer's thread, and marks the insurer's as read, up to the message `last`; None without
    such a thread.

    A thread that was closed opens again. Raises `WrongState` when the thread is over for good or not sent yet,
    `SentAlready` when it ends with these very words.
    """
    case = lock_case(db, viewer, case_id, None, KIND)
    if case is None:
        return None
    if case.is_draft or case.state in ENDS:
        raise WrongState
    if repeats(db, viewer, keyring, case, text, now):
        raise SentAlready(case_id)
    add_message(db, viewer, keyring, case, text, now)
    mark_read(db, case, now, by_insurer=False, last=last)
    if not give_back(db, case, now, by=viewer.account_id):
        touch(db, case, now)
    return case


def close_thread(db: Session, viewer: Viewer, case_id: int, now: datetime) -> Case | None:
    """Closes the viewer's thread as settled, till somebody writes in it again; None without such a thread. Pressed
    twice, a button closes it once. Raises `WrongState` for a draft, or what is over for good."""
    case = lock_case(db, viewer, case_id, None, KIND)
    if case is not None and case.state != CaseState.CLOSED:
        move_case(db, case, CaseState.CLOSED, now, by=viewer.account_id)
    return case


def read_thread(db: Session, viewer: Viewer, case_id: int, last: int, now: datetime) -> Case | None:
    """Marks what the insurer wrote as read, up to the message `last`; None without such a thread."""
    case = lock_case(db, viewer, case_id, None, KIND)
    if case is not None:
        mark_read(db, case, now, by_insurer=False, last=last)
    return case


def threads_of(db: Session, viewer: Viewer, keyring: Keyring) -> list[Thread]:
    """The viewer's threads: those with something unread first, then the latest changed. Drafts are a form's own."""
    unread = unread_counts(db, viewer, KIND)
    found = [thread_told(db, keyring, case, unread.get(case.id or 0, 0)) for case in cases_of(db, viewer, KIND)]
    return sorted(found, key=lambda thread: (thread.unread > 0, thread.case.changed_at), reverse=True)


def thread_of(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> tuple[Thread, list[Message]] | None:
    """One of the viewer's threads and its messages, or None."""
    case = find_case(db, viewer, case_id, KIND)
    if case is None:
        return None
    messages = messages_of(db, keyring, case)
    unread = sum(message.is_from_insurer and message.read_at is None for message in messages)
    return thread_told(db, keyring, case, unread), messages


def unread_messages(db: Session, viewer: Viewer) -> int:
    """How many of the insurer's messages the viewer has not read: for the navigation of every page."""
    if viewer.provider_id is None:
        return int(_UNREAD.rows(db, {"account": viewer.account_id})[0][0])
    shared = {"account": viewer.account_id, "practice": viewer.provider_id}
    return int(_UNREAD_IN_PRACTICE.rows(db, shared)[0][0])


def _unread(mine: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(func.count())
        .select_from(CaseMessage)
        .join(Case, Case.id == CaseMessage.case_id)
        .where(mine, Case.kind == KIND.value)
        .where(CaseMessage.is_from_insurer.is_(True), CaseMessage.read_at.is_(None))
    )


_OWN = col(Case.account_id) == bindparam("account")
_UNREAD = _unread(_OWN)
_UNREAD_IN_PRACTICE = _unread(or_(_OWN, col(Case.provider_id) == bindparam("practice")))


def thread_told(db: Session, keyring: Keyring, case: Case, unread: int = 0) -> Thread:
    """What a thread is about. The caller has found the case."""
    row = db.get_one(MessageThread, case.id)
    subject = keyring.decrypt(row.subject_encrypted) if row.subject_encrypted else ""
    return Thread(case, Topic(row.topic), subject, unread)
