"""Import files sent to the desk: checked by a dry run, read again by somebody else, applied by the worker."""

import json
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import instant
from portal.data.publications import Publication

MOST_FAILURES = 3


class FileState(StrEnum):
    CHECKING = "a-controler"
    CHECKED = "controle"
    UNUSABLE = "inutilisable"
    APPLYING = "a-appliquer"
    APPLIED = "applique"
    WITHDRAWN = "retire"


AT_WORK = (FileState.CHECKING, FileState.APPLYING)


class PublicationFile(SQLModel, table=True):
    """The file of a publication. `step`: how far its work is, of `STEPS`; `report`: what was found, as JSON; `undo`:
    how what it changed was before, as JSON. Contents are forgotten after a while, reports stay."""

    __tablename__ = "publication_file"

    publication_id: int = Field(
        primary_key=True, foreign_key="publication.id", sa_column_kwargs={"autoincrement": False}
    )
    file_name: str
    size: int
    storage_name: str | None = None
    rejects_name: str | None = None
    state: str = FileState.CHECKING
    step: int = 0
    lines: int = 0
    failures: int = 0
    report: str = Field(default="{}", sa_type=Text)
    undo: str = Field(default="{}", sa_type=Text)
    checked_at: datetime | None = instant(default=None)
    applied_at: datetime | None = instant(default=None)

    @property
    def is_forgotten(self) -> bool:
        """Whether the content is gone: it must be sent again."""
        return self.storage_name is None

    @property
    def found(self) -> dict[str, Any]:
        """The report of the last check, or of the application."""
        told: dict[str, Any] = json.loads(self.report)
        return told


class AnotherWorker(Exception):
    """Somebody else went on with the file."""


def keep_file(db: Session, publication: Publication, size: int, storage_name: str) -> None:
    """Leaves a publication's content, of `size` bytes, to the worker; its name is the publication's title."""
    name = publication.title
    made = PublicationFile(publication_id=publication.id or 0, file_name=name, size=size, storage_name=storage_name)
    db.add(made)
    db.flush()


def file_of(db: Session, publication: Publication, *, lock: bool = False) -> PublicationFile:
    """The file of a publication."""
    return db.get_one(PublicationFile, publication.id, with_for_update=True if lock else None, populate_existing=lock)


def next_file_at_work(db: Session) -> PublicationFile | None:
    """The oldest file that waits for the worker."""
    waiting = (col(PublicationFile.state).in_(AT_WORK), PublicationFile.failures < MOST_FAILURES)
    alive = col(Publication.cancelled_at).is_(None)
    query = select(PublicationFile).join(Publication, col(Publication.id) == PublicationFile.publication_id)
    return db.exec(query.where(*waiting, alive).order_by(col(PublicationFile.publication_id)).limit(1)).first()


def taken_up(db: Session, seen: PublicationFile) -> PublicationFile:
    """A file, locked, as it was seen. Raises `AnotherWorker` when it is not in that state any more."""
    found = db.get_one(PublicationFile, seen.publication_id, with_for_update=True, populate_existing=True)
    if found.state != seen.state:
        raise AnotherWorker
    return found


def note_failure(db: Session, seen: PublicationFile) -> None:
    """Counts a failure of the worker on a file: after three, a person must ask again."""
    found = db.get_one(PublicationFile, seen.publication_id, with_for_update=True, populate_existing=True)
    found.failures += 1


def resume(found: PublicationFile) -> bool:
    """Lets the worker try again a file on which it failed; whether it had."""
    is_stuck = found.state in AT_WORK and found.failures >= MOST_FAILURES
    found.failures = 0 if is_stuck else found.failures
    return is_stuck


def publication_names(db: Session, names: Iterable[str]) -> set[str]:
    """Those of the storage's names that a file of a publication still has."""
    wanted = list(names)
    columns = (col(PublicationFile.storage_name), col(PublicationFile.rejects_name))
    return {name for column in columns for name in db.exec(select(column).where(column.in_(wanted))) if name}


def old_contents(db: Session, before: datetime) -> list[PublicationFile]:
    """The files checked by an instant whose contents still lie in the storage, and that nobody works on; locked, so
    that none is published meanwhile."""
    kept = (col(PublicationFile.storage_name).is_not(None), col(PublicationFile.state).not_in(AT_WORK))
    is_old = col(PublicationFile.checked_at) <= before
    return list(db.exec(select(PublicationFile).where(*kept, is_old).with_for_update()))
