"""The worker's part of the desk's import files: a dry run, then, once somebody else approved it, the import itself.

What the import did and what is told of it are committed together; a file whose worker died is taken up again.
"""

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from sqlmodel import Session

from portal.attachments import discard
from portal.data.columns import utc_now
from portal.data.evidence import Action, record
from portal.data.publication_files import (
    AnotherWorker,
    FileState,
    PublicationFile,
    next_file_at_work,
    note_failure,
    old_contents,
    taken_up,
)
from portal.data.publications import Nature, Publication, find_publication, hand_back
from portal.database import DatabaseBusy
from portal.formatting import PARIS, day_in_france
from portal.importing.files import open_source
from portal.importing.problems import UnreadableFile
from portal.importing.registry import KINDS
from portal.importing.run import Report, Request, run_import
from portal.publication_watches import WATCHES, CannotApply, FileWatch
from portal.web import Services

KIND_OF = {
    Nature.GUARANTEES: "guarantees",
    Nature.DIRECTORY: "directory",
    Nature.NATIONAL_DIRECTORY: "national-directory",
}
STEPS = 3
KEPT_FOR = timedelta(days=30)

logger = logging.getLogger(__name__)


class _Committing:
    """A watch that ends the work on a file in the import's own transaction."""

    def __init__(self, watch: FileWatch, seen: PublicationFile) -> None:
        self._watch, self._seen = watch, seen

    def before(self, db: Session) -> None:
        taken_up(db, self._seen)
        self._watch.before(db)

    def after(self, db: Session, report: Report) -> None:
        self._watch.after(db, report)
        found = taken_up(db, self._seen)
        found.report = json.dumps(found.found | self._watch.report)
        found.undo = json.dumps(self._watch.undo)
        found.state, found.step, found.applied_at = FileState.APPLIED, STEPS, utc_now()
        db.flush()


def work_on_publications(services: Services, stopping: Event | None = None) -> int:
    """Works on files until none waits, or until told to stop; how many steps were taken."""
    steps = 0
    while not (stopping and stopping.is_set()):
        with services.database.read() as db:
            waiting = next_file_at_work(db)
            publication = find_publication(db, waiting.publication_id) if waiting else None
        if waiting is None or publication is None:
            break
        _attempt(services, waiting, Nature(publication.nature))
        steps += 1
    return steps


def forget_publication_files(services: Services, now: datetime) -> None:
    """Deletes the contents of files checked a month ago, and their rejected rows; reports stay."""
    with services.database.write() as db:
        old = old_contents(db, now - KEPT_FOR)
        names = [name for each in old for name in (each.storage_name, each.rejects_name) if name]
        for each in old:
            each.storage_name = each.rejects_name = None
    discard(services, names)


def _attempt(services: Services, waiting: PublicationFile, nature: Nature) -> None:
    try:
        with _on_disk(services, waiting) as path:
            _WORKS[FileState(waiting.state)](services, waiting, nature, path)
    except AnotherWorker:
        logger.info("another worker went on with a file of the desk")
    except DatabaseBusy:
        logger.info("the database was busy; a file of the desk will be taken up again")
    except Exception:
        logger.exception("a file of the desk could not be worked on; it will be tried again")
        with services.database.write() as db:
            note_failure(db, waiting)


def _check(services: Services, seen: PublicationFile, nature: Nature, path: Path) -> None:
    watch = WATCHES[nature](day_in_france(utc_now()), None)
    rejects = path.with_name("lignes-refusees.csv")
    request = Request(KINDS[KIND_OF[nature]], path, rejects, is_dry_run=True, watch=watch)
    try:
        lines = _count_lines(services, seen, path)
        run_import(services.database, services.keyring, request)
    except UnreadableFile as problem:
        _conclude(services, seen, FileState.UNUSABLE, {"problem": str(problem)})
        return
    kept = services.storage.keep(rejects.read_bytes()) if rejects.exists() else None
    _conclude(services, seen, FileState.CHECKED, watch.report | {"lines": lines}, watch.undo, kept)


def _count_lines(services: Services, seen: PublicationFile, path: Path) -> int:
    """Reads the whole file once, and says that this is done: who waits sees the work advance."""
    with open_source(path) as source:
        lines = sum(1 for _, text in source.texts(lambda *_: None) if text.strip())
    with services.database.write() as db:
        found = taken_up(db, seen)
        found.step, found.lines = 1, max(lines - 1, 0)
    return max(lines - 1, 0)


def _conclude(
    services: Services,
    seen: PublicationFile,
    state: FileState,
    report: dict[str, Any],
    undo: dict[str, Any] | None = None,
    kept: str | None = None,
) -> None:
    with services.database.write() as db:
        publication, found = _both(db, seen)
        found.state, found.step, found.rejects_name, found.checked_at = state, 2, kept, utc_now()
        found.report, found.undo = json.dumps(report), json.dumps(undo or {})
        publication.effective_at = _effect_of(report)


def _both(db: Session, seen: PublicationFile) -> tuple[Publication, PublicationFile]:
    """A publication and its file, locked in the order of whoever publishes. Raises `AnotherWorker`."""
    publication = find_publication(db, seen.publication_id, lock=True)
    if publication is None:
        raise AnotherWorker
    return publication, taken_up(db, seen)


def _effect_of(report: dict[str, Any]) -> datetime | None:
    """Midnight in Paris of the first day that changes; None for what holds at once."""
    first = report.get("first")
    return datetime.combine(datetime.fromisoformat(first).date(), time(), PARIS) if first else None


def _apply(services: Services, seen: PublicationFile, nature: Nature, path: Path) -> None:
    """The import, with its evidence; what nobody approved sends the file back to be checked and read again."""
    watch = WATCHES[nature](day_in_france(utc_now()), seen)
    request = Request(
        KINDS[KIND_OF[nature]], path, path.with_name("lignes-refusees.csv"), watch=_Committing(watch, seen)
    )
    try:
        run_import(services.database, services.keyring, request)
    except CannotApply:
        with services.database.write() as db:
            publication, found = _both(db, seen)
            found.state, found.step = FileState.CHECKING, 0
            hand_back(publication)
            record(db, None, Action.PUBLICATION_RETURNED, object=publication.object, details={}, now=utc_now())


_WORKS: dict[FileState, Callable[[Services, PublicationFile, Nature, Path], None]] = {
    FileState.CHECKING: _check,
    FileState.APPLYING: _apply,
}


@contextmanager
def _on_disk(services: Services, seen: PublicationFile) -> Iterator[Path]:
    """The file's content where an import reads it, for this long only, readable by us alone."""
    with tempfile.TemporaryDirectory(prefix="portal-") as folder:
        path = Path(folder) / "fichier.csv"
        path.write_bytes(services.storage.give(seen.storage_name or ""))
        yield path
