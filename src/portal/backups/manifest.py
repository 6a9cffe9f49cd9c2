"""What a back-up says of itself: every part with its size and SHA-256, the schema, the head of the evidence chain."""

import hashlib
import os
from pathlib import Path

import msgspec

FORMAT = "portal-backup-1"
NAME = "manifest.json"
SQLITE_NAME, POSTGRES_NAME = "portal.sqlite3", "portal.dump"
SEAL = "manifest.sha256"
FILES = "files"
CHUNK = 1024 * 1024


class BackupProblem(Exception):
    """The back-up cannot be made, is not whole, or cannot be restored; the message says which part and why."""


class Part(msgspec.Struct, frozen=True):
    """A file of the back-up, by its path in the folder. `size` in bytes."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """`engine`: `sqlite` or `postgresql`. `head`, `head_hash`: the last row of evidence. `gone`: files that the
    database names and the storage had no more."""

    made_at: str
    engine: str
    schema: str
    head: int
    head_hash: str
    parts: tuple[Part, ...]
    gone: tuple[str, ...] = ()
    format: str = FORMAT

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The last thing that is written: a folder without it is no back-up."""
    content = msgspec.json.format(msgspec.json.encode(manifest))
    write_private(folder / SEAL, f"{hashlib.sha256(content).hexdigest()}\n".encode())
    write_private(folder / NAME, content)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a back-up. Raises `BackupProblem` when it is not whole, or not ours."""
    try:
        content = (folder / NAME).read_bytes()
        sealed = (folder / SEAL).read_text(encoding="ascii").strip()
        if hashlib.sha256(content).hexdigest() != sealed:
            raise BackupProblem(f"{NAME} is not the one that was written with this back-up")
        manifest = msgspec.json.decode(content, type=Manifest)
    except FileNotFoundError as error:
        raise BackupProblem(f"{folder} is no whole back-up: {Path(error.filename).name} is missing") from error
    except (OSError, ValueError) as error:
        raise BackupProblem(f"{NAME} cannot be read") from error
    if manifest.format != FORMAT:
        raise BackupProblem(f"{NAME} says {manifest.format}, which this version of the portal does not know")
    return manifest


def part_of(folder: Path, path: Path) -> Part:
    """A file of the back-up, measured and hashed."""
    return Part(path.relative_to(folder).as_posix(), path.stat().st_size, digest_of(path))


def check_parts(folder: Path, manifest: Manifest) -> None:
    """Raises `BackupProblem` naming the first part that is missing or is not as it was written."""
    for part in manifest.parts:
        path = folder / part.path
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BackupProblem(f"{part.path} leads out of the back-up")
        if not path.is_file():
            raise BackupProblem(f"{part.path} is missing")
        if path.stat().st_size != part.size or digest_of(path) != part.sha256:
            raise BackupProblem(f"{part.path} is not as it was written")


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_private(path: Path, content: bytes) -> None:
    """A new file that its owner alone reads, on the disk itself."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
