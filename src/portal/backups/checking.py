"""Proving that a back-up can be restored: every part by its digest, then the database itself, in a scratch place."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from portal.backups.making import CHECKPOINTS, file_path
from portal.backups.manifest import (
    FILES,
    POSTGRES_NAME,
    SQLITE_NAME,
    BackupProblem,
    Manifest,
    check_parts,
    read_manifest,
)
from portal.backups.programs import restore_postgres
from portal.data.evidence_audit import verify_chain
from portal.data.whole_database import MayNotCreate, scratch_postgres, sqlite_problem, told_by
from portal.database import Database
from portal.evidence.checkpoints import FILE, PUBLIC_KEY, UnreadableKey, public_key, read_checkpoints
from portal.schema import is_current, is_known
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Checked:
    """`rows`: of evidence, all verified. `is_current`: whether the copy needs no `portal migrate` after it."""

    manifest: Manifest
    rows: int
    is_current: bool


def check_backup(settings: Settings, folder: Path) -> Checked:
    """Restores a back-up aside and verifies it. Raises `BackupProblem` that names the part that is wrong."""
    manifest = read_manifest(folder)
    check_parts(folder, manifest)
    if not is_known(manifest.schema):
        raise BackupProblem(f"the database is at schema {manifest.schema}, which this version does not know")
    with _restored(settings, folder, manifest) as database:
        told = told_by(database.reader)
        _check_files(folder, told.file_names, manifest)
        if (told.schema, told.head, told.head_hash) != (manifest.schema, manifest.head, manifest.head_hash):
            raise BackupProblem(f"the evidence ends at row {told.head}, and the manifest says {manifest.head}")
        return Checked(manifest, _verified_rows(database, folder, told.head), is_current(database))


@contextmanager
def _restored(settings: Settings, folder: Path, manifest: Manifest) -> Iterator[Database]:
    with TemporaryDirectory(prefix="portal-check-") as scratch:
        if manifest.engine == "sqlite":
            yield from _opened(_sqlite_copy(folder, Path(scratch)))
        else:
            try:
                with scratch_postgres(settings.resolved_database_url) as url:
                    restore_postgres(settings, folder / POSTGRES_NAME, url)
                    yield from _opened(url)
            except MayNotCreate as error:
                raise BackupProblem("this user may not create the database in which to restore the copy") from error


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def _sqlite_copy(folder: Path, scratch: Path) -> str:
    problem = sqlite_problem(folder / SQLITE_NAME)
    if problem:
        raise BackupProblem(f"{SQLITE_NAME} is damaged: {problem}")
    return f"sqlite:///{shutil.copy(folder / SQLITE_NAME, scratch / SQLITE_NAME)}"


def _check_files(folder: Path, names: frozenset[str], manifest: Manifest) -> None:
    lost = sorted(name for name in names - set(manifest.gone) if not file_path(folder, name).is_file())
    if lost:
        raise BackupProblem(f"{FILES}/{lost[0][:2]}/{lost[0]} is missing, and the database names it")


def _verified_rows(database: Database, folder: Path, reach: int) -> int:
    with database.read() as db:
        verdict = verify_chain(db, _anchors(folder, reach))
    if verdict.fault:
        raise BackupProblem(f"the evidence is broken: row {verdict.fault.seq} {verdict.fault.problem}")
    return verdict.rows


def _anchors(folder: Path, reach: int) -> dict[int, str]:
    """What the copied checkpoints signed; the copy of the file may be a moment younger than the database's."""
    path = folder / CHECKPOINTS / FILE
    if not path.is_file():
        return {}
    try:
        good, flaws = read_checkpoints(path, public_key(folder / CHECKPOINTS / PUBLIC_KEY))
    except (OSError, UnreadableKey) as error:
        raise BackupProblem(f"{CHECKPOINTS}/{PUBLIC_KEY} cannot be read") from error
    if flaws:
        raise BackupProblem(f"{CHECKPOINTS}/{FILE}: line {flaws[0].line} {flaws[0].problem}")
    return {each.seq: each.hash for each in good if each.seq <= reach}
