"""Delivery: takes letters out of the outbox one at a time, each under a lease, and hands them to a carrier.

Never twice at once, whatever the number of workers. A crash between the carrier's « yes » and the mark in the database
sends a letter again, with the same Message-ID: docs/adr/0006-outbox.md says how small that moment is.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.exc import DBAPIError

from portal.data.columns import utc_now
from portal.data.outbox import MOST_ATTEMPTS, Parcel, claim_letter, has_due_letter, mark_sent, postpone, refuse
from portal.database import Database, DatabaseBusy
from portal.security import Keyring

SETTLE_SECONDS = 1.0
SETTLES_WHILE_STOPPING = 5

logger = logging.getLogger(__name__)


class NotCarried(Exception):
    """The letter did not leave. `reason` goes to the log and the outbox: it never holds an address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(NotCarried):
    """Never this letter, or never to this recipient."""


class Postponed(NotCarried):
    """Not this letter now."""


class Unreachable(NotCarried):
    """No letter now: the server is away, or wants nothing from us."""


class Carrier(Protocol):
    """What brings letters to their recipients."""

    def carry(self, parcel: Parcel) -> None:
        """Returns once the other side has taken the letter for good; raises `NotCarried` otherwise."""

    def close(self) -> None:
        """Ends the conversation, if one is open."""


class Delivery:
    """One sender of letters. Several may work on one database, in threads, processes or machines."""

    def __init__(
        self, database: Database, keyring: Keyring, carrier: Carrier, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._carrier = carrier
        self._clock = clock
        self._name = secrets.token_hex(8)
        self.stopping = threading.Event()

    def send_due(self) -> bool:
        """Sends every letter that is due, until told to stop. False: the server is away, leave it alone for a while."""
        try:
            while not self.stopping.is_set() and (parcel := self._claim()):
                self._send(parcel)
        except Unreachable as problem:
            logger.error("letters wait: %s", problem.reason)  # noqa: TRY400  (the reason says it all, a trace nothing)
            return False
        finally:
            self._carrier.close()
        return True

    def _claim(self) -> Parcel | None:
        """Looks by a reading session first: an idle worker never takes the writer's turn."""
        now = self._clock()
        with self._database.read() as db:
            if not has_due_letter(db, now):
                return None
        with self._database.write() as db:
            return claim_letter(db, self._keyring, self._name, now)

    def _send(self, parcel: Parcel) -> None:
        try:
            self._carrier.carry(parcel)
        except Unreachable as problem:
            self._settle(postpone, parcel.id, self._name, problem.reason)
            raise
        except Postponed as problem:
            self._put_off(parcel, problem.reason)
        except Refused as problem:
            self._set_aside(parcel, problem.reason)
        else:
            self._settle(mark_sent, parcel.id, self._clock())
            logger.info("letter %s %s sent", parcel.id, parcel.kind)

    def _put_off(self, parcel: Parcel, reason: str) -> None:
        if parcel.attempts >= MOST_ATTEMPTS:
            self._set_aside(parcel, f"given up after {parcel.attempts} attempts: {reason}")
            return
        logger.warning("letter %s %s put off, attempt %s: %s", parcel.id, parcel.kind, parcel.attempts, reason)
        self._settle(postpone, parcel.id, self._name, reason)

    def _set_aside(self, parcel: Parcel, reason: str) -> None:
        logger.error("letter %s %s REFUSED for good: %s", parcel.id, parcel.kind, reason)
        self._settle(refuse, parcel.id, self._name, self._clock(), reason)

    def _settle(self, step: Callable[..., None], *arguments: Any) -> None:
        """What the carrier said must reach the database: as long as that is away, nothing else is sent."""
        patience = SETTLES_WHILE_STOPPING
        while True:
            try:
                with self._database.write() as db:
                    step(db, *arguments)
            except (DatabaseBusy, DBAPIError):
                patience -= self.stopping.is_set()
                if not patience:
                    raise
                time.sleep(SETTLE_SECONDS)
            else:
                return
