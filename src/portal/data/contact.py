"""Questions of a health professional's practice to the insurer, by subject, each a thread of messages (R-41, R-80).

What is asked about the practice's work is the practice's: all its users read it and answer. What is asked about the
agreement, the terms or the online space is its author's alone, and the agreement is for whoever signed it to speak of.
"""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from portal.data.accounts import Role
from portal.data.answer_delays import answer_due
from portal.data.case_erasure import delete_draft
from portal.data.case_messages import CaseMessage, SentAlready
from portal.data.case_turns import in_turn
from portal.data.cases import (
    MOST_DRAFTS,
    Case,
    CaseState,
    TooManyDrafts,
    WrongState,
    cases_of,
    lock_case,
    move_case,
    touch,
)
from portal.data.message_references import Reference, references_of, set_references
from portal.data.messages import KIND, MessageThread, Topic, add_thread, same_thread
from portal.data.sessions import Viewer
from portal.data.standing import Standing
from portal.security import Keyring

MOST_INVOICES = 20
TOPICS = (
    Topic.INVOICE,
    Topic.TRANSFER,
    Topic.RIGHTS,
    Topic.REMOTE,
    Topic.AGREEMENT,
    Topic.TERMS,
    Topic.ONLINE,
    Topic.OTHER,
)
OWN_TOPICS = frozenset({Topic.AGREEMENT, Topic.TERMS, Topic.ONLINE})


class Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the form of télétransmission asks for: the program, its error, the day (ISO)."""

    program: str = ""
    error: str = ""
    day: str = ""


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks. `subject`: the thread's title; made of numbers where the subject has some."""

    topic: Topic
    subject: str
    text: str = field(repr=False)
    references: tuple[Reference, ...] = ()
    details: Details = NO_DETAILS


class NotOffered(Exception):
    """The subject is not for this viewer to begin."""


def topics_for(viewer: Viewer) -> tuple[Topic, ...]:
    """The subjects that the viewer may begin: the agreement is for whoever signed it; nothing new about rights can be
    asked once the agreement has ended (R-64)."""
    refused = set()
    if viewer.role != Role.PROVIDER:
        refused.add(Topic.AGREEMENT)
    if viewer.standing == Standing.ENDED:
        refused.add(Topic.RIGHTS)
    return tuple(topic for topic in TOPICS if topic not in refused)


def ask(db: Session, viewer: Viewer, keyring: Keyring, asked: Asked, now: datetime) -> Case:
    """A question, sent at once; a draft of the very same words, made just before, is sent in its place.

    Raises `SentAlready`, `NotOffered`.
    """
    same = _same(db, viewer, keyring, asked, now)
    if same is not None and not same.is_draft:
        raise SentAlready(same.id or 0)
    case = same or _added(db, viewer, keyring, asked, now)
    _send(db, viewer, case, asked.topic, now)
    return case


def keep_draft(db: Session, viewer: Viewer, keyring: Keyring, asked: Asked, now: datetime) -> Case:
    """A question to be sent later, to which files may be joined. Raises `SentAlready`: also when it is a draft already;
    `TooManyDrafts`, `NotOffered`."""
    same = _same(db, viewer, keyring, asked, now)
    if same is not None:
        raise SentAlready(same.id or 0)
    if sum(case.is_draft for case in cases_of(db, viewer, KIND)) >= MOST_DRAFTS:
        raise TooManyDrafts
    return _added(db, viewer, keyring, asked, now)


def change_draft(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, version: int, asked: Asked, now: datetime
) -> Case | None:
    """What a draft asks, changed; None without such a case. Raises `CaseMoved`, `WrongState`, `NotOffered`."""
    case = _draft(db, viewer, case_id, version)
    if case is None:
        return None
    _check(viewer, asked.topic)
    row = db.get_one(MessageThread, case.id)
    row.topic, row.subject_encrypted = asked.topic, keyring.encrypt(asked.subject)
    row.details_encrypted = _sealed(keyring, asked.details)
    message = _first_message(db, case)
    message.text_encrypted = keyring.encrypt(asked.text)
    set_references(db, case, asked.references)
    touch(db, case, now)
    return case


def send_draft(db: Session, viewer: Viewer, case_id: int, version: int, now: datetime) -> Case | None:
    """A draft, sent; None without such a case. Raises `CaseMoved`; `WrongState` for anything else; `NotOffered`."""
    case = _draft(db, viewer, case_id, version)
    if case is not None:
        _send(db, viewer, case, Topic(db.get_one(MessageThread, case.id).topic), now)
    return case


def forget_draft(db: Session, case: Case) -> None:
    """Deletes a draft and what it says; its pieces are gone already. The caller holds the lock. Raises `WrongState`."""
    if not case.is_draft:
        raise WrongState
    set_references(db, case, ())
    db.delete(_first_message(db, case))
    db.delete(db.get_one(MessageThread, case.id))
    db.flush()
    delete_draft(db, case)


def asked_of(db: Session, keyring: Keyring, case: Case) -> Asked:
    """What a thread asked, as it was begun. The caller has found the case."""
    row, details = db.get_one(MessageThread, case.id), NO_DETAILS
    if row.details_encrypted:
        details = msgspec.json.decode(keyring.decrypt(row.details_encrypted), type=Details)
    return Asked(
        Topic(row.topic),
        keyring.decrypt(row.subject_encrypted) if row.subject_encrypted else "",
        keyring.decrypt(_first_message(db, case).text_encrypted),
        tuple(references_of(db, case)),
        details,
    )


def _same(db: Session, viewer: Viewer, keyring: Keyring, asked: Asked, now: datetime) -> Case | None:
    _check(viewer, asked.topic)
    in_turn(db, viewer)
    same = same_thread(db, viewer, keyring, asked.subject, asked.text, now)
    return same if same is not None and references_of(db, same) == list(asked.references) else None


def _added(db: Session, viewer: Viewer, keyring: Keyring, asked: Asked, now: datetime) -> Case:
    case = add_thread(db, viewer, keyring, asked.topic, asked.subject, asked.text, now)
    db.get_one(MessageThread, case.id).details_encrypted = _sealed(keyring, asked.details)
    set_references(db, case, asked.references)
    return case


def _send(db: Session, viewer: Viewer, case: Case, topic: Topic, now: datetime) -> None:
    """From now on the practice shares it, unless it is its author's alone."""
    _check(viewer, topic)
    case.provider_id = None if topic in OWN_TOPICS else viewer.provider_id
    case.due_at = answer_due(db, case.kind, case.space, now)
    _first_message(db, case).sent_at = now
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)


def _draft(db: Session, viewer: Viewer, case_id: int, version: int) -> Case | None:
    case = lock_case(db, viewer, case_id, version, KIND)
    if case is not None and not case.is_draft:
        raise WrongState
    return case


def _check(viewer: Viewer, topic: Topic) -> None:
    if topic not in topics_for(viewer):
        raise NotOffered


def _sealed(keyring: Keyring, details: Details) -> bytes | None:
    return keyring.encrypt(msgspec.json.encode(details).decode()) if details != NO_DETAILS else None


def _first_message(db: Session, case: Case) -> CaseMessage:
    query = select(CaseMessage).where(CaseMessage.case_id == case.id).order_by(col(CaseMessage.id)).limit(1)
    return db.exec(query).one()
