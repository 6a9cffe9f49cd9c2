"""Restoring a back-up into an empty portal: never over anything."""

import shutil
from pathlib import Path

from portal.backups.making import CHECKPOINTS
from portal.backups.manifest import (
    FILES,
    POSTGRES_NAME,
    SQLITE_NAME,
    BackupProblem,
    Manifest,
    check_parts,
    read_manifest,
    write_private,
)
from portal.backups.programs import restore_postgres
from portal.data.whole_database import is_postgres_empty, is_sqlite_empty, sqlite_path
from portal.evidence.checkpoints import FILE, PUBLIC_KEY
from portal.settings import Settings
from portal.storage import Storage


def restore_backup(settings: Settings, storage: Storage, folder: Path) -> Manifest:
    """Restores database, files and checkpoints. Raises `BackupProblem` before anything is written, save when the disk
    or the server fails half-way: the database comes last, so that a restored portal never lacks its files."""
    manifest = read_manifest(folder)
    check_parts(folder, manifest)
    _refuse_over_anything(settings, storage, manifest)
    for part in manifest.parts:
        if part.path.startswith(f"{FILES}/"):
            storage.put_back(Path(part.path).name, (folder / part.path).read_bytes())
    _put_checkpoints(settings, folder)
    if manifest.engine == "sqlite":
        _put_sqlite(settings, folder / SQLITE_NAME)
    else:
        restore_postgres(settings, folder / POSTGRES_NAME, settings.resolved_database_url)
    return manifest


def _refuse_over_anything(settings: Settings, storage: Storage, manifest: Manifest) -> None:
    url = settings.resolved_database_url
    engine = "sqlite" if url.startswith("sqlite") else "postgresql"
    if engine != manifest.engine:
        raise BackupProblem(f"the back-up is of {manifest.engine}, and PORTAL_DATABASE_URL names {engine}")
    is_empty = is_sqlite_empty(sqlite_path(url)) if engine == "sqlite" else is_postgres_empty(url)
    if not is_empty:
        raise BackupProblem("the database is not empty: restore into a new one")
    if next(iter(storage.names()), None) is not None:
        raise BackupProblem("the storage of files is not empty: restore into a new one")


def _put_sqlite(settings: Settings, copy: Path) -> None:
    path = sqlite_path(settings.resolved_database_url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in ("-wal", "-shm"):
        path.with_name(path.name + left).unlink(missing_ok=True)
    draft = path.with_name(path.name + ".restoring")
    shutil.copy(copy, draft)
    draft.replace(path)


def _put_checkpoints(settings: Settings, folder: Path) -> None:
    """Only where there are none: those beside the portal are younger than the copy, and say what it lacks."""
    for name in (PUBLIC_KEY, FILE):
        source, target = folder / CHECKPOINTS / name, settings.checkpoints / name
        if source.is_file() and not target.exists():
            write_private(target, source.read_bytes())
