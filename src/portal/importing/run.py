"""One import from file to database: read, convert, check, resolve, load, count; all or nothing is committed."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from sqlmodel import Session, SQLModel

from portal.data.evidence import Action, record
from portal.data.loading import BulkLoader, Row, Verdict, refresh_statistics, tuned_for_loading
from portal.database import Database
from portal.importing.files import SourceFile, open_source
from portal.importing.kinds import Kind
from portal.importing.problems import InvalidValue, RejectedRow
from portal.importing.rejects import RejectsFile
from portal.importing.rows import Rows, read_rows
from portal.importing.values import Converter
from portal.security import Keyring

BATCH = 2_000

Progress = Callable[[int, int], None]
"""Told the bytes read so far and the file's size."""

_LEFT_OUT = {
    Verdict.REPEATED: "cette ligne reprend l’identifiant d’une ligne précédente du fichier",
    Verdict.PINNED: "l’adhérent enregistré pour cet identifiant est un autre : il ne change pas par import",
}


@dataclass(slots=True)
class Report:
    """What an import did, in rows. `merged`: put together with another row of the same thing; `ignored`: about nothing
    that the portal holds; `older`: of an earlier day than what it holds; `left`: rows of before that the whole file
    does without, which `updated` counts too. `is_committed` is false after a dry run, or when `strict` met a rejected
    row. `sha256`: of the file, once it was read to its end."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    merged: int = 0
    ignored: int = 0
    older: int = 0
    left: int = 0
    is_committed: bool = False
    sha256: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """By name; `merged`, `ignored` and `older`, which few kinds know, where there are any."""
        counts = {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }
        rare = {"merged": self.merged, "ignored": self.ignored, "older": self.older}
        return counts | {name: count for name, count in rare.items() if count}


class Watch(Protocol):
    """Looks on within the import's transaction; whatever it raises undoes the import."""

    def before(self, db: Session) -> None:
        """Before the first row is loaded."""

    def after(self, db: Session, report: Report) -> None:
        """Once all of them are, and counted."""


class _Unwatched:
    def before(self, db: Session) -> None:
        """Nobody looks on."""

    def after(self, db: Session, report: Report) -> None:
        """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to import. Rejected rows go to `rejects`; `strict` commits nothing when there is one; `watch` looks on."""

    kind: Kind
    path: Path
    rejects: Path
    is_dry_run: bool = False
    is_strict: bool = False
    progress: Progress = field(default=lambda _done, _size: None)
    watch: Watch = field(default_factory=_Unwatched)


class _Undone(Exception):
    """Leaves the writing block without a commit."""


def run_import(database: Database, keyring: Keyring, request: Request, report: Report | None = None) -> Report:
    """Imports one file in one transaction; raises `UnreadableFile` when the file as a whole cannot be imported.
    `report`: one to fill in."""
    report = report or Report()
    rejects = RejectsFile(request.rejects)
    try:
        with open_source(request.path) as source, _session(database, request) as db, tuned_for_loading(db):
            request.watch.before(db)
            _Import(db, keyring, request, source, rejects).run(report)
            report.rejected = rejects.lines
            request.watch.after(db, report)
            source.check_unchanged()
            report.sha256 = source.digest
            _conclude(db, request, source, report)
        report.is_committed = True
        if request.kind.target.is_read_by_index:
            database.vacuum(SQLModel.metadata.tables[str(request.kind.target.model.__tablename__)])
    except _Undone:
        pass
    finally:
        rejects.close()
    return report


def _session(database: Database, request: Request) -> AbstractContextManager[Session]:
    """A dry run takes the writer's turn only where what it loads is too large to be copied."""
    is_aside = request.is_dry_run and bool(request.kind.rehearsed)
    return database.rehearse(request.kind.rehearsed) if is_aside else database.write()


def _conclude(db: Session, request: Request, source: SourceFile, report: Report) -> None:
    if request.is_dry_run or (request.is_strict and report.rejected):
        raise _Undone
    refresh_statistics(db, request.kind.target.model, report.created + report.updated)
    name = os.fsencode(source.path.name).decode(errors="replace")
    details = {"file": name, "sha256": source.digest, **report.counts}
    record(db, None, Action.IMPORT_COMPLETED, object=request.kind.name, details=details)


def _unheard(_line: int, _column: str, _value: str, _reason: str) -> None:
    """Of a reading whose rows are read again."""


class _Import:
    """The way of one file's rows, a batch at a time."""

    def __init__(
        self, db: Session, keyring: Keyring, request: Request, source: SourceFile, rejects: RejectsFile
    ) -> None:
        self._kind = request.kind
        self._source = source
        self._rejects = rejects
        self._progress = request.progress
        self._columns = tuple(request.kind.columns)
        self._converters: list[Converter] = list(request.kind.columns.values())
        self._key = self._columns[0]
        self._resolver = request.kind.resolver(db, keyring)
        self._records = self._checked_records(self._resolver.sift(self._read))
        self._loader = BulkLoader(db, request.kind.target)

    def run(self, report: Report) -> None:
        """Loads every batch, and adds up what became of the rows."""
        totals: Counter[Verdict] = Counter()
        while batch := list(islice(self._records, BATCH)):
            totals.update(self._load(batch))
            self._rejects.flush()
            self._progress(self._source.position, self._source.size)
        self._rejects.flush()
        report.created = totals[Verdict.CREATED]
        # A file with rows left out is not whole: it cannot say what is missing from it.
        report.left = 0 if self._rejects.lines else self._resolver.conclude()
        report.updated = totals[Verdict.UPDATED] + report.left
        report.unchanged = totals[Verdict.UNCHANGED]
        report.merged, report.ignored = self._resolver.merged, self._resolver.ignored
        report.older = totals[Verdict.OLDER]

    def _read(self, *, is_quiet: bool = False) -> Rows:
        reject = _unheard if is_quiet else self._rejects.add
        return read_rows(self._source.texts(reject), self._kind.layout, reject)

    def _checked_records(self, rows: Rows) -> Iterator[tuple[int, Any]]:
        make: Any = self._kind.record._make
        check, converters = self._kind.check, self._converters
        for line, cells in rows:
            try:
                found = make([convert(cell) for convert, cell in zip(converters, cells)])  # noqa: B905  (the reader counted)
                check(found)
            except InvalidValue:
                self._reject_cells(line, cells)
            except RejectedRow as problem:
                self._rejects.add(line, problem.column, problem.value, problem.reason)
            else:
                yield line, found

    def _reject_cells(self, line: int, cells: tuple[str, ...]) -> None:
        for name, convert, cell in zip(self._columns, self._converters, cells, strict=True):
            try:
                convert(cell)
            except InvalidValue as problem:
                self._rejects.add(line, name, cell, str(problem))

    def _load(self, batch: list[tuple[int, Any]]) -> list[Verdict]:
        self._resolver.prepare([found for _, found in batch])
        resolved = list(self._resolved(batch))
        rows = [row for _, _, row in resolved]
        verdicts = self._resolver.revise(rows, self._loader.load(rows))
        for (line, found, _), verdict in zip(resolved, verdicts, strict=True):
            if verdict in _LEFT_OUT:
                self._rejects.add(line, self._key, str(found[0]), _LEFT_OUT[verdict])
        return verdicts

    def _resolved(self, batch: list[tuple[int, Any]]) -> Iterator[tuple[int, Any, Row]]:
        for line, found in batch:
            try:
                yield line, found, self._resolver.row(found)
            except RejectedRow as problem:
                self._rejects.add(line, problem.column, problem.value, problem.reason)
