"""Publishing a version of the terms of use: the bytes of a file, checked, stored and proven (R-14, R-16)."""

import re
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from portal.data.evidence import Action, record
from portal.data.terms import NotPublishable, Obstacle, TermsVersion, draft_terms, publish_terms
from portal.database import Database
from portal.formatting import PARIS
from portal.legal_text import Unreadable, read_blocks, read_text

MOST_BYTES = 200_000
ACTOR = "terms publish"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")


def read_exactly(path: Path) -> str:
    """The text of a UTF-8 file; encoded again it gives the file's very bytes. Raises `NotPublishable`, `OSError`."""
    return text_of(path.read_bytes(), str(path))


def text_of(body: bytes, name: str) -> str:
    """The text of UTF-8 bytes; encoded again it gives these very bytes. Raises `NotPublishable`."""
    if len(body) > MOST_BYTES:
        raise NotPublishable(f"{name} has {len(body)} bytes, {MOST_BYTES} at most")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotPublishable(f"{name} is not UTF-8 text") from error
    if found := _CONTROL.search(text):
        raise NotPublishable(f"{name} holds the control character {found[0]!r} (or a byte order mark)")
    return text


def instant_of(text: str) -> datetime:
    """« 2027-01-01 » (midnight), « 2027-01-01 08:30 », in Paris unless a zone is given. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=PARIS)


def check_texts(text: str, changes: str) -> None:
    """Reads the next version and what it changes, which takes a while. Raises `NotPublishable`."""
    try:
        read_text(text)
        read_blocks(changes)
    except Unreadable as error:
        raise NotPublishable(str(error), Obstacle.UNREADABLE) from error


def draft(db: Session, text: str, changes: str, effective_at: datetime, now: datetime) -> TermsVersion:
    """The next version, checked and not stored. Raises `NotPublishable`."""
    check_texts(text, changes)
    return draft_terms(db, text, changes, effective_at, now)


def publish(database: Database, text: str, changes: str, effective_at: datetime, now: datetime) -> TermsVersion:
    """Stores the next version with its row of evidence. Raises `NotPublishable`."""
    check_texts(text, changes)
    try:
        with database.write() as db:
            terms = draft_terms(db, text, changes, effective_at, now)
            publish_and_record(db, terms, now)
            return terms
    except IntegrityError as error:
        raise NotPublishable("another version was published at the same moment: try again", Obstacle.TAKEN) from error


def publish_and_record(db: Session, terms: TermsVersion, now: datetime, by: str = ACTOR) -> None:
    """Stores a draft and its row of evidence, in the caller's transaction."""
    publish_terms(db, terms)
    details = {"by": by, "effective_at": terms.effective_at.isoformat()}
    record(db, None, Action.TERMS_PUBLISHED, object=terms.proof, details=details, now=now)
