"""The outbox: e-mails committed with the change that they tell about, then sent by a worker, each under a lease.

Recipient and content are encrypted, and erased once the letter has left: it may hold a temporary password. No viewer
here: people write letters through `portal.mailing`, and only machines (the worker, the operator's commands) read them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import delete, func, or_, update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant, utc_now
from portal.data.retention_holds import may_go
from portal.security import Keyring

# Longer than any attempt may take (smtp.DEADLINE_SECONDS): a lease that ends means that its worker has died.
LEASE = timedelta(minutes=5)
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
# Five days of them: 1 + 2 + … + 32 minutes, then one each hour.
MOST_ATTEMPTS = 125
REFUSED_CONTENT_KEPT = timedelta(days=30)
ROWS_KEPT = timedelta(days=365)
GIVEN_UP = "given up by an operator"


class OutgoingMail(SQLModel, table=True):
    """`kind` is the letter's template. The Message-ID never changes, whatever the number of attempts."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (Index("ix_mail_due", "sent_at", "refused_at", "next_attempt_at"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: str = Field(unique=True)
    kind: str
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    recipient_encrypted: bytes | None = None
    content_encrypted: bytes | None = None
    made_at: datetime = instant(default_factory=utc_now)
    attempts: int = 0
    next_attempt_at: datetime = instant(default_factory=utc_now)
    claimed_until: datetime | None = instant(default=None)
    claimed_by: str = ""
    sent_at: datetime | None = instant(default=None)
    refused_at: datetime | None = instant(default=None)
    reason: str = ""


class MailState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter as it leaves: `content` is the whole message, ASCII with CRLF line ends. Never logged."""

    id: int
    message_id: str
    kind: str
    recipient: str
    content: str
    attempts: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class MailRow:
    """What may be told about a letter without opening it."""

    id: int
    kind: str
    account_id: int | None
    message_id: str
    state: MailState
    made_at: datetime
    attempts: int
    next_attempt_at: datetime
    sent_at: datetime | None
    reason: str
    has_content: bool


def add_letter(
    db: Session,
    keyring: Keyring,
    *,
    message_id: str,
    kind: str,
    recipient: str,
    content: str,
    account_id: int | None,
    now: datetime,
) -> None:
    """Puts a letter into the outbox, in the caller's transaction."""
    letter = OutgoingMail(
        message_id=message_id,
        kind=kind,
        account_id=account_id,
        recipient_encrypted=keyring.encrypt(recipient),
        content_encrypted=keyring.encrypt(content),
        made_at=now,
        next_attempt_at=now,
    )
    db.add(letter)
    db.flush()


def add_unsendable(db: Session, *, message_id: str, kind: str, account_id: int | None, now: datetime) -> None:
    """Keeps the trace of a letter whose address no message can hold; its content is not kept."""
    letter = OutgoingMail(
        message_id=message_id,
        kind=kind,
        account_id=account_id,
        made_at=now,
        next_attempt_at=now,
        refused_at=now,
        reason="unusable address",
    )
    db.add(letter)
    db.flush()


def has_due_letter(db: Session, now: datetime) -> bool:
    """Whether a letter could be claimed now."""
    return db.exec(select(OutgoingMail.id).where(*_due(now)).limit(1)).first() is not None


def claim_letter(db: Session, keyring: Keyring, worker: str, now: datetime) -> Parcel | None:
    """The letter that has been due for longest, now held by `worker` for `LEASE`; None when none is due.

    Counts the attempt before it is made: a letter that kills its worker comes back ever more rarely too.
    """
    oldest = select(OutgoingMail).where(*_due(now)).order_by(OutgoingMail.next_attempt_at, OutgoingMail.id).limit(1)
    letter = db.exec(oldest.with_for_update(skip_locked=True)).first()
    if letter is None:
        return None
    letter.attempts += 1
    letter.claimed_by, letter.claimed_until = worker, now + LEASE
    letter.next_attempt_at = now + delay_after(letter.attempts)
    db.flush()
    try:
        return _opened(keyring, letter)
    except InvalidToken:  # a key was withdrawn too soon: the others must not wait behind this one
        letter.refused_at, letter.reason, letter.claimed_until = now, "cannot be decrypted", None
        db.flush()
        return claim_letter(db, keyring, worker, now)


def delay_after(attempts: int) -> timedelta:
    """How long a letter waits after so many attempts: 1, 2, 4… minutes, an hour at most."""
    doublings: int = min(attempts - 1, 10)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def mark_sent(db: Session, letter_id: int, now: datetime) -> None:
    """The server has taken the letter: true whoever holds the lease by now. Erases what it said, and to whom."""
    sent = update(OutgoingMail).where(OutgoingMail.id == letter_id, col(OutgoingMail.sent_at).is_(None))
    db.exec(sent.values(sent_at=now, refused_at=None, reason="", claimed_until=None, **_ERASED))


def postpone(db: Session, letter_id: int, worker: str, reason: str) -> None:
    """Gives the letter back to be tried again at the time that `claim_letter` set."""
    db.exec(_held(letter_id, worker).values(claimed_until=None, reason=reason))


def refuse(db: Session, letter_id: int, worker: str, now: datetime, reason: str) -> None:
    """Sets the letter aside: nobody tries it again unless an operator asks (`retry_letters`)."""
    db.exec(_held(letter_id, worker).values(claimed_until=None, refused_at=now, reason=reason))


def oldest_waiting(db: Session) -> datetime | None:
    """Since when the oldest letter that has to leave has been waiting (UTC)."""
    return db.exec(select(func.min(OutgoingMail.made_at)).where(*_WAITING)).one()


def waiting_since(db: Session) -> tuple[int, datetime | None]:
    """How many letters have to leave, and since when the oldest waits (UTC)."""
    count, since = db.exec(select(func.count(), func.min(OutgoingMail.made_at)).where(*_WAITING)).one()
    return count, since


def refused_count(db: Session) -> int:
    """How many letters were given up and are still kept."""
    refused = (col(OutgoingMail.sent_at).is_(None), col(OutgoingMail.refused_at).is_not(None))
    return int(db.exec(select(func.count()).select_from(OutgoingMail).where(*refused)).one())


def list_letters(db: Session, state: MailState | None = None, most: int = 50) -> list[MailRow]:
    """The newest letters, unopened."""
    query = select(OutgoingMail).order_by(col(OutgoingMail.id).desc()).limit(most)
    return [_row(letter) for letter in db.exec(query.where(*_STATES[state]) if state else query)]


def find_letter(db: Session, keyring: Keyring, letter_id: int) -> tuple[MailRow, Parcel | None] | None:
    """One letter, and what it says as long as that is kept."""
    letter = db.get(OutgoingMail, letter_id)
    if letter is None:
        return None
    return _row(letter), _opened(keyring, letter) if letter.content_encrypted else None


def retry_letters(db: Session, now: datetime, letter_id: int | None = None) -> int:
    """Makes every letter that waits or was refused (or that one alone) due now; how many they are."""
    kept = (col(OutgoingMail.sent_at).is_(None), col(OutgoingMail.content_encrypted).is_not(None))
    chosen = () if letter_id is None else (OutgoingMail.id == letter_id,)
    again = update(OutgoingMail).where(*kept, *chosen)
    return db.exec(again.values(next_attempt_at=now, refused_at=None, attempts=0)).rowcount


def give_up_letter(db: Session, now: datetime, letter_id: int) -> bool:
    """Sets a letter aside that waits and that nobody is sending just now; whether there was one."""
    free = or_(col(OutgoingMail.claimed_until).is_(None), col(OutgoingMail.claimed_until) <= now)
    waiting = update(OutgoingMail).where(OutgoingMail.id == letter_id, *_WAITING, free)
    return bool(db.exec(waiting.values(refused_at=now, reason=GIVEN_UP)).rowcount)


def masked_recipients(db: Session, keyring: Keyring, letter_ids: Iterable[int]) -> dict[int, str]:
    """Of letters that are kept, as much of the address as tells one from another: « z…@e….example »."""
    chosen = select(OutgoingMail).where(col(OutgoingMail.id).in_(list(letter_ids)))
    kept = [letter for letter in db.exec(chosen) if letter.recipient_encrypted]
    return {letter.id or 0: _masked(keyring, letter.recipient_encrypted or b"") for letter in kept}


def _masked(keyring: Keyring, recipient: bytes) -> str:
    try:
        local, _, domain = keyring.decrypt(recipient).rpartition("@")
    except InvalidToken:  # its key was withdrawn
        return ""
    name, _, end = domain.rpartition(".")
    return f"{local[:1]}…@{name[:1]}….{end}"


def forget_letters(db: Session, now: datetime) -> None:
    """Erases what refused letters said after `REFUSED_CONTENT_KEPT`, and rows that are done after `ROWS_KEPT`: none of
    an account whose data a dispute may need."""
    free, past = may_go(col(OutgoingMail.account_id), None), now - ROWS_KEPT
    old = col(OutgoingMail.refused_at) < now - REFUSED_CONTENT_KEPT
    db.exec(update(OutgoingMail).where(old, free).values(**_ERASED))
    done = or_(col(OutgoingMail.sent_at) < past, col(OutgoingMail.refused_at) < past)
    db.exec(delete(OutgoingMail).where(done, free))


_ERASED = {"recipient_encrypted": None, "content_encrypted": None}
_WAITING = (col(OutgoingMail.sent_at).is_(None), col(OutgoingMail.refused_at).is_(None))
_STATES = {
    MailState.WAITING: _WAITING,
    MailState.SENT: (col(OutgoingMail.sent_at).is_not(None),),
    MailState.REFUSED: (col(OutgoingMail.refused_at).is_not(None),),
}


def _due(now: datetime) -> tuple[Any, ...]:
    free = or_(col(OutgoingMail.claimed_until).is_(None), col(OutgoingMail.claimed_until) <= now)
    return (*_WAITING, free, OutgoingMail.next_attempt_at <= now)


def _held(letter_id: int, worker: str) -> Any:
    return update(OutgoingMail).where(
        OutgoingMail.id == letter_id, OutgoingMail.claimed_by == worker, col(OutgoingMail.sent_at).is_(None)
    )


def _opened(keyring: Keyring, letter: OutgoingMail) -> Parcel:
    return Parcel(
        id=letter.id or 0,
        message_id=letter.message_id,
        kind=letter.kind,
        recipient=keyring.decrypt(letter.recipient_encrypted or b""),
        content=keyring.decrypt(letter.content_encrypted or b""),
        attempts=letter.attempts,
        made_at=letter.made_at,
    )


def _row(letter: OutgoingMail) -> MailRow:
    state = MailState.SENT if letter.sent_at else MailState.REFUSED if letter.refused_at else MailState.WAITING
    return MailRow(
        id=letter.id or 0,
        kind=letter.kind,
        account_id=letter.account_id,
        message_id=letter.message_id,
        state=state,
        made_at=letter.made_at,
        attempts=letter.attempts,
        next_attempt_at=letter.next_attempt_at,
        sent_at=letter.sent_at,
        reason=letter.reason,
        has_content=letter.content_encrypted is not None,
    )
