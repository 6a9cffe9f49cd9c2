"""Where people's files lie: sealed, outside the web root, in a local folder or in an S3 bucket (for several servers).

A name is random and tells nothing. Nothing here knows whose file it is: `data/files.py` does.
"""

import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from portal.security import Keyring
from portal.settings import Settings

NAME_BYTES = 24
FOLDER_MODE = 0o700


class StorageFailed(Exception):
    """The storage could not keep, give or remove a file; it may be tried again."""


class FileLost(Exception):
    """There is no file of this name, or it is not the one that was kept."""


class Storage:
    """Keeps contents under names that it makes."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._keyring = keyring
        self._folder = None if settings.files_bucket else settings.files_folder
        self._store = _bucket(settings) if settings.files_bucket else _local(settings.files_folder)

    def keep(self, content: bytes) -> str:
        """Keeps a content, and returns its name once it is safe: on the disk itself, or with the bucket's word for it.

        Raises `StorageFailed`.
        """
        name = secrets.token_hex(NAME_BYTES)
        self.put_back(name, self._keyring.seal(content, name))
        return name

    def give(self, name: str) -> bytes:
        """The content kept under `name`. Raises `FileLost`, `StorageFailed`."""
        return self._opened(self.sealed(name), name)

    def sealed(self, name: str) -> bytes:
        """What lies under `name`, sealed as it is: for copies that no key opens. Raises `FileLost`, `StorageFailed`."""
        try:
            return bytes(obstore.get(self._store, _path(name)).bytes())
        except FileNotFoundError as failure:
            raise FileLost from failure
        except (BaseError, OSError) as failure:
            raise StorageFailed from failure

    def put_back(self, name: str, sealed: bytes) -> None:
        """Lays what `sealed` gave under its name again. Raises `StorageFailed`."""
        try:
            obstore.put(self._store, _path(name), sealed)
            if self._folder is not None:
                _flush(self._folder / _path(name))
        except (BaseError, OSError) as failure:
            raise StorageFailed from failure

    def _opened(self, sealed: bytes, name: str) -> bytes:
        try:
            return self._keyring.unseal(sealed, name)
        except Exception as failure:  # the library raises by what it finds: too short, wrong tag
            raise FileLost from failure

    def remove(self, name: str) -> None:
        """Removes a content; nothing happens when there is none. Raises `StorageFailed`."""
        try:
            obstore.delete(self._store, _path(name))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as failure:
            raise StorageFailed from failure

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every name, with the instant (UTC) when its content was kept."""
        for batch in obstore.list(self._store):
            for found in batch:
                yield found["path"].rpartition("/")[2], found["last_modified"]


def _path(name: str) -> str:
    """A folder for each first byte: none grows too long to list."""
    return f"{name[:2]}/{name}"


def _local(folder: Path) -> LocalStore:
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    return LocalStore(prefix=folder)


def _bucket(settings: Settings) -> S3Store:
    access, secret = settings.files_access_key, settings.files_secret_key
    options = {"endpoint": settings.files_endpoint} if settings.files_endpoint else {}
    return S3Store(
        settings.files_bucket,
        region=settings.files_region,
        access_key_id=access.get_secret_value() if access else "",
        secret_access_key=secret.get_secret_value() if secret else "",
        client_options={"allow_http": settings.files_endpoint.startswith("http://")},
        **options,  # type: ignore[arg-type]
    )


def _flush(path: Path) -> None:
    """To the disk itself: the content, then the folder that names it."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
