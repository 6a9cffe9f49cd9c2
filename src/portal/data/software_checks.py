"""A check of rights that a practice's software asks for: the page's own, once for each key (R-42, R-62)."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from portal.data.organisations import Provider
from portal.data.rights_checks import Made, PastCheck, RightsCheck, Sent, check_rights, find_check
from portal.data.rights_questions import Question
from portal.data.sessions import Viewer
from portal.data.software import SoftwareCheck
from portal.data.software_access import Access
from portal.security import Keyring, fingerprint


class Asked(NamedTuple):
    """What the software asks. `text`: the question as one text, to tell a repeated one from another; `operator`: who
    sits at the counter; `key`: against the double send, or empty."""

    question: Question
    text: str
    operator: str
    key: str


class Given(NamedTuple):
    """The answer. `made`: the check, None when one made before was found by its key."""

    past: PastCheck
    made: Made | None


class KeyUsed(Exception):
    """The key was sent before, with another question: nothing was looked up."""


def hold_practice(db: Session, viewer: Viewer) -> None:
    """Holds the practice's row until the transaction ends: the same key sent twice at once waits here, and so does a
    question that meets the end of its access."""
    db.get(Provider, viewer.provider_id, with_for_update=True)


def answer_once(
    db: Session, access: Access, keyring: Keyring, asked: Asked, now: datetime, *, is_proven: bool
) -> Given:
    """Answers as `check_rights` does, whose errors it raises; a key that was used for the same question gives the same
    answer again, and counts nothing. The caller holds the practice (`hold_practice`). Raises `KeyUsed`."""
    earlier = _by_key(db, access, asked.key)
    if earlier is not None:
        if earlier.question_hash not in keyring.lookups(asked.text):
            raise KeyUsed
        return Given(_found(db, access, keyring, earlier.check_id), None)
    # A program has no form to press twice, and no browser to be known by.
    made = check_rights(db, access.viewer, keyring, asked.question, now, Sent(is_proven=is_proven))
    _keep(db, access, keyring, asked, made.check)
    return Given(_found(db, access, keyring, made.check.id or 0), made)


def _by_key(db: Session, access: Access, key: str) -> SoftwareCheck | None:
    if not key:
        return None
    same = (
        col(SoftwareCheck.software_id) == access.software_id,
        col(SoftwareCheck.key_hash) == fingerprint(key),
    )
    return db.execute(select(SoftwareCheck).where(*same)).scalars().first()


def _keep(db: Session, access: Access, keyring: Keyring, asked: Asked, made: RightsCheck) -> None:
    row = SoftwareCheck(
        check_id=made.id or 0,
        software_id=access.software_id,
        operator=asked.operator,
        key_hash=fingerprint(asked.key) if asked.key else None,
        question_hash=keyring.lookup(asked.text),
    )
    db.add(row)
    db.flush()


def _found(db: Session, access: Access, keyring: Keyring, check_id: int) -> PastCheck:
    found = find_check(db, access.viewer, keyring, check_id)
    if found is None:  # a row of our own transaction, of the client's own practice
        raise LookupError(check_id)
    return found
