"""Nothing slow while a request holds the writer's turn, which SQLite has one of: everybody else's writes would wait."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any

import argon2
import httpx
from sqlmodel import Session

from portal import documents, uploads
from portal.database import Database
from portal.storage import Storage

_thread = threading.local()

# Hashes of passwords, documents that are typeset, files cleaned, kept and opened, other machines.
SLOW: tuple[tuple[Any, str], ...] = (
    (argon2.PasswordHasher, "hash"),
    (argon2.PasswordHasher, "verify"),
    (documents, "printable"),
    (uploads, "_run"),
    (Storage, "keep"),
    (Storage, "give"),
    (httpx.Client, "send"),
    (httpx.AsyncClient, "send"),
)


@cache
def forbid_slow_work_while_writing() -> None:
    """From now on, a request that does slow work within `Database.write` fails. Tests themselves, which write as they
    like, run in the main thread; handlers that write do not."""
    Database.write = _marking(Database.write)  # type: ignore[method-assign]
    for owner, name in SLOW:
        setattr(owner, name, _refusing(getattr(owner, name)))


def _marking(write: Callable[[Database], Any]) -> Callable[[Database], Any]:
    @contextmanager
    def marked(database: Database) -> Iterator[Session]:
        with write(database) as session:
            _thread.is_writing = True
            try:
                yield session
            finally:
                _thread.is_writing = False

    return marked


def _refusing(work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def watched(*arguments: Any, **options: Any) -> Any:
        is_handler = threading.current_thread() is not threading.main_thread()
        assert not (is_handler and getattr(_thread, "is_writing", False)), f"{work.__qualname__} while writing"
        return work(*arguments, **options)

    return watched
