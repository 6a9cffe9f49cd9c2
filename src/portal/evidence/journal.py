"""The journal: reads of health data recorded at almost no cost, never lost silently (R-51).

On the request path `note` appends one line to this process's spool before the answer leaves: no database. A thread
moves the lines into the evidence chain, each exactly once, since the spool's position is stored in the transaction
that adds the rows. What a dead process left behind is adopted; what cannot be read becomes evidence itself.
"""

import hashlib
import logging
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime

from portal.data.evidence import (
    Action,
    Entry,
    Outcome,
    entry_of,
    forget_position,
    keep_position,
    position_of,
    record_many,
)
from portal.data.sessions import refresh_sessions
from portal.database import Database
from portal.evidence.checkpoints import write_checkpoint
from portal.evidence.spool import SUFFIX, Piece, Spool, entry_in, line_of
from portal.settings import Settings

TICK_SECONDS = 1.0
WAKE_AT = 500
ROTATE_BYTES = 8 * 1024 * 1024
ADOPTION_SECONDS = 60.0
CHECKPOINT_SECONDS = 3600.0
KEPT_DAMAGE = 4096

logger = logging.getLogger(__name__)


class JournalUnavailable(Exception):
    """The read could not be noted; it must be refused."""


class Journal:
    """One per process. `start` it with the application and `stop` it after the last request."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._folder = settings.data_folder / "spool"
        self._intake = threading.Lock()
        self._moving = threading.Lock()
        self._spool: Spool | None = None
        self._pending = 0
        self._seen: dict[str, datetime] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, entry: Entry) -> None:
        """Notes a read so that it survives `kill -9`. Raises `JournalUnavailable`: then do not answer the read."""
        try:
            line = line_of(entry)
            with self._intake:
                if self._spool is None:
                    self._spool = Spool.create(self._folder)
                self._spool.append(line)
                self._pending += 1
        except OSError as error:
            raise JournalUnavailable(str(error)) from error
        if self._pending >= WAKE_AT:
            self._wake.set()

    def seen(self, session_hash: str, now: datetime) -> None:
        """Tells that a session made a request; it reaches the session's row with the next batch."""
        with self._intake:
            self._seen[session_hash] = now

    @property
    def backlog(self) -> int:
        """Bytes noted here that are not in the chain yet; grows while the database is out of reach."""
        with self._intake:
            return self._spool.size - self._spool.moved if self._spool else 0

    def start(self) -> None:
        """Starts moving, beginning with what dead processes left."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Moves what is left and signs a checkpoint. What the database refuses now waits for the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._attempt("moving the journal", self._close)
        self._attempt("writing a checkpoint", self._checkpoint)

    def flush(self) -> None:
        """Moves everything noted so far, here and by dead processes, now; raises what the database raises."""
        with self._moving:
            self._adopt()
            self._move_own()

    def _run(self) -> None:
        adoption, checkpoint = 0.0, time.monotonic() + CHECKPOINT_SECONDS
        while not self._stopping.is_set():
            now = time.monotonic()
            if now >= adoption and self._attempt("adopting spools", self._adopt_alone):
                adoption = now + ADOPTION_SECONDS
            self._attempt("moving the journal", self._move_alone)
            if now >= checkpoint and self._attempt("writing a checkpoint", self._checkpoint):
                checkpoint = now + CHECKPOINT_SECONDS
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()

    def _attempt(self, what: str, step: Callable[[], None]) -> bool:
        """Whatever happens, the thread lives on and tries again at its next turn: the spool keeps the lines."""
        try:
            step()
        except Exception:
            logger.exception("%s failed; it will be tried again", what)
            return False
        return True

    def _adopt_alone(self) -> None:
        with self._moving:
            self._adopt()

    def _move_alone(self) -> None:
        with self._moving:
            self._move_own()

    def _close(self) -> None:
        with self._moving:
            self._hand_over(None)
            self._adopt()
            self._refresh()

    def _checkpoint(self) -> None:
        write_checkpoint(self._database, self._settings)

    def _adopt(self) -> None:
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            spool = Spool.adopt(path)
            if spool is not None:
                self._finish(spool)

    def _finish(self, spool: Spool) -> None:
        try:
            while self._move_batch(spool, to_the_end=True):
                pass
        except BaseException:
            spool.close()
            raise
        spool.remove()
        with self._database.write() as db:
            forget_position(db, spool.name)

    def _move_own(self) -> None:
        spool = self._spool
        if spool is not None and spool.size != spool.moved:
            self._pending = 0
            spool.sync()
            while self._move_batch(spool, to_the_end=False):
                pass
        self._refresh()
        if spool is not None and (spool.moved >= ROTATE_BYTES or spool.is_deleted):
            self._rotate(spool)

    def _rotate(self, spool: Spool) -> None:
        """A new spool takes over; the old one, written by nobody now, is moved to its end and deleted."""
        self._hand_over(Spool.create(self._folder), close=False)
        self._finish(spool)

    def _hand_over(self, successor: Spool | None, *, close: bool = True) -> None:
        with self._intake:
            former, self._spool = self._spool, successor
        if former is not None and close:
            former.sync()
            former.close()

    def _move_batch(self, spool: Spool, *, to_the_end: bool) -> bool:
        """Moves one batch in one transaction; whether more lines wait behind it."""
        seen = self._take_seen()
        try:
            with self._database.write() as db:
                start = position_of(db, spool.name)
                pieces, end = spool.read(start, to_the_end=to_the_end)
                entries = [entry_in(piece.content) or _damaged(spool, piece) for piece in pieces]
                if spool.size < start:
                    end = spool.size
                    entries = [_cut(spool, start)]
                keep_position(db, spool.name, end)
                refresh_sessions(db, seen)
                record_many(db, entries)
        except BaseException:
            self._give_back(seen)
            raise
        spool.moved = end
        return start < end < spool.size

    def _refresh(self) -> None:
        seen = self._take_seen()
        if not seen:
            return
        try:
            with self._database.write() as db:
                refresh_sessions(db, seen)
        except BaseException:
            self._give_back(seen)
            raise

    def _take_seen(self) -> dict[str, datetime]:
        """In one order for all processes, so that two of them never wait for each other's rows."""
        with self._intake:
            seen, self._seen = self._seen, {}
        return dict(sorted(seen.items()))

    def _give_back(self, seen: dict[str, datetime]) -> None:
        with self._intake:
            self._seen = seen | self._seen


def _damaged(spool: Spool, piece: Piece) -> Entry:
    return entry_of(
        None,
        Action.JOURNAL_DAMAGED,
        object=spool.name,
        outcome=Outcome.REFUSED,
        reason="unreadable line",
        details={
            "offset": piece.offset,
            "length": len(piece.content),
            "sha256": hashlib.sha256(piece.content).hexdigest(),
            "content": b64encode(piece.content[:KEPT_DAMAGE]).decode(),
        },
    )


def _cut(spool: Spool, expected: int) -> Entry:
    return entry_of(
        None,
        Action.JOURNAL_DAMAGED,
        object=spool.name,
        outcome=Outcome.REFUSED,
        reason="the spool is shorter than what was already read of it",
        details={"expected": expected, "found": spool.size},
    )
