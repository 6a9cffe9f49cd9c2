"""What publishing does for each kind, and what taking it back does: within the transaction of whoever decides."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.guarantee_changes import TablesInUse, TablesMoved, take_back
from portal.data.publication_files import FileState, PublicationFile, file_of
from portal.data.publications import InEffect, Nature, Publication
from portal.data.terms import draft_terms, find_terms, withdraw_terms
from portal.data.terms_drafts import draft_of
from portal.publication_jobs import KIND_OF
from portal.publication_watches import leaves_many
from portal.terms_publishing import publish_and_record
from portal.web import PortalRequest

BY = "desk"


class FileNotReady(Exception):
    """The check of the file is not over, or found what forbids it, or the file is not kept any more."""


class TooManyLeave(Exception):
    """So many leave the directory that somebody must say that this is meant."""


def file_behind(db: Session, found: Publication) -> PublicationFile | None:
    """The file of a publication that has one, locked until the transaction ends."""
    return file_of(db, found, lock=True) if found.nature in KIND_OF else None


@dataclass(frozen=True, slots=True)
class Turn:
    """Who publishes what, held until the transaction ends. `wanted`: the instant that was asked for; `agreed`: whether
    that many leave is meant."""

    request: PortalRequest
    db: Session
    found: Publication
    wanted: datetime | None
    agreed: bool


def _publish_terms(turn: Turn) -> None:
    """The draft, whose texts were read when it was prepared, becomes the next version. Raises `NotPublishable`,
    `IntegrityError`."""
    prepared, now = draft_of(turn.db, turn.found), turn.request.now
    terms = draft_terms(turn.db, prepared.text, prepared.changes, turn.wanted or now, now)
    publish_and_record(turn.db, terms, now, BY)
    prepared.number = terms.number


def _publish_article(_turn: Turn) -> None:
    """An article is read from its day on: nothing more has to be done."""


def _publish_file(turn: Turn) -> None:
    """The worker applies the file. Raises `FileNotReady`, `TooManyLeave`."""
    file = file_of(turn.db, turn.found, lock=True)
    if not is_ready(file):
        raise FileNotReady
    if leaves_many(file.found) and not turn.agreed:
        raise TooManyLeave
    file.state, file.step, file.failures = FileState.APPLYING, 2, 0


def is_ready(file: PublicationFile) -> bool:
    """Whether a file was checked, is still there to be applied, and nothing forbids it."""
    return file.state == FileState.CHECKED and not file.is_forgotten and not file.found.get("obstacles")


def _take_terms_back(request: PortalRequest, db: Session, found: Publication) -> None:
    terms = find_terms(db, draft_of(db, found).number or 0)
    if terms is not None:
        if not withdraw_terms(db, terms, request.now):
            raise InEffect
        request.record(db, Action.TERMS_WITHDRAWN, terms.proof)


def _take_article_back(_request: PortalRequest, _db: Session, _found: Publication) -> None:
    """A version that is given up is read by nobody."""


def _take_file_back(request: PortalRequest, db: Session, found: Publication) -> None:
    """The tables are again as they were; nothing else of a file waits for a day. Raises `InEffect` when they cannot."""
    file = file_of(db, found, lock=True)
    if file.state == FileState.APPLIED:
        undo = json.loads(file.undo)
        try:
            take_back(db, undo["before"], undo["after"])
        except (TablesMoved, TablesInUse) as moved:
            raise InEffect from moved
    file.state, file.checked_at = FileState.WITHDRAWN, file.checked_at or request.now


PUBLISH: dict[Nature, Callable[[Turn], None]] = {
    Nature.TERMS: _publish_terms,
    Nature.ARTICLE: _publish_article,
    Nature.GUARANTEES: _publish_file,
    Nature.DIRECTORY: _publish_file,
    Nature.NATIONAL_DIRECTORY: _publish_file,
}
TAKE_BACK: dict[Nature, Callable[[PortalRequest, Session, Publication], None]] = {
    Nature.TERMS: _take_terms_back,
    Nature.ARTICLE: _take_article_back,
    Nature.GUARANTEES: _take_file_back,
    Nature.DIRECTORY: _take_file_back,
    Nature.NATIONAL_DIRECTORY: _take_file_back,
}
