"""Making a back-up while the portal serves: the database from one snapshot, and every file that this snapshot names.

Files never change under their name; they come and go. Those that are there are copied before the snapshot, those that
came meanwhile after it, and what the snapshot does not name is left out: so the copy is of one instant. The checkpoints
come with it without their private key; no key of the portal is in a back-up, and what is sealed stays sealed.
"""

import os
import re
import shutil
import time
from datetime import datetime
from pathlib import Path

from portal.backups.manifest import (
    FILES,
    NAME,
    POSTGRES_NAME,
    SQLITE_NAME,
    BackupProblem,
    Manifest,
    part_of,
    write_manifest,
    write_private,
)
from portal.backups.programs import dump_postgres
from portal.data.backup_runs import keep_backup
from portal.data.whole_database import Told, copy_sqlite
from portal.database import Database, DatabaseBusy
from portal.evidence.checkpoints import FILE, PUBLIC_KEY
from portal.settings import Settings
from portal.storage import FileLost, Storage

CHECKPOINTS = "checkpoints"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
PATIENCE_SECONDS = 30


def make_backup(
    database: Database, settings: Settings, storage: Storage, parent: Path, now: datetime
) -> tuple[Path, Manifest]:
    """A new folder in `parent`, under its final name only once it is whole. Raises `BackupProblem`, `StorageFailed`."""
    name = f"{now:%Y-%m-%dT%H%M%SZ}"
    draft, final = parent / f".{name}.part", parent / name
    if final.exists():
        raise BackupProblem(f"{final} exists already")
    try:
        draft.mkdir(parents=True, mode=0o700)
        manifest = _filled(database, settings, storage, draft, now)
        draft.rename(final)
    except OSError as error:
        raise BackupProblem(f"{error.strerror}: {error.filename or draft}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _note(database, name, now, manifest)
    return final, manifest


def whole_backups(parent: Path) -> list[Path]:
    """The back-ups of a folder, oldest first."""
    found = [path for path in parent.iterdir() if _STAMP.fullmatch(path.name) and (path / NAME).is_file()]
    return sorted(found, key=lambda path: path.name)


def forget_backups(parent: Path, keep: int) -> int:
    """Removes all but the `keep` newest back-ups of a folder; how many."""
    old = whole_backups(parent)[:-keep]
    for path in old:
        shutil.rmtree(path)
    return len(old)


def _filled(database: Database, settings: Settings, storage: Storage, folder: Path, now: datetime) -> Manifest:
    early = {name for name, _ in storage.names()}
    copied = {name for name in early if _copied(storage, folder, name)}
    told = _copy_database(database, settings, folder)
    copied |= {name for name in told.file_names - copied if _copied(storage, folder, name)}
    for name in copied - told.file_names:
        file_path(folder, name).unlink()
    _copy_checkpoints(settings, folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = Manifest(
        made_at=now.isoformat(),
        engine="sqlite" if database.is_sqlite else "postgresql",
        schema=told.schema,
        head=told.head,
        head_hash=told.head_hash,
        parts=tuple(part_of(folder, path) for path in paths),
        gone=tuple(sorted(told.file_names - copied)),
    )
    write_manifest(folder, manifest)
    return manifest


def file_path(folder: Path, name: str) -> Path:
    """Where a file of the storage lies in a back-up."""
    return folder / FILES / name[:2] / name


def _copied(storage: Storage, folder: Path, name: str) -> bool:
    """Whether the file was still there to be copied."""
    try:
        content = storage.sealed(name)
    except FileLost:
        return False
    write_private(file_path(folder, name), content)
    return True


def _copy_database(database: Database, settings: Settings, folder: Path) -> Told:
    if database.is_sqlite:
        told = copy_sqlite(database.url, folder / SQLITE_NAME)
        path = folder / SQLITE_NAME
    else:
        told = dump_postgres(settings.model_copy(update={"database_url": database.url}), folder / POSTGRES_NAME)
        path = folder / POSTGRES_NAME
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return told


def _copy_checkpoints(settings: Settings, folder: Path) -> None:
    for name in (PUBLIC_KEY, FILE):
        path = settings.checkpoints / name
        if path.is_file():
            write_private(folder / CHECKPOINTS / name, path.read_bytes())


def _note(database: Database, name: str, now: datetime, manifest: Manifest) -> None:
    """In the database that was copied, for those who watch over it; an import may hold the writer's turn for long."""
    count = sum(part.path.startswith(f"{FILES}/") for part in manifest.parts)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with database.write() as db:
                keep_backup(db, name, now, manifest.size, count, manifest.head)
        except DatabaseBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return
