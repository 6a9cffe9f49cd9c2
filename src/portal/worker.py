"""The worker: threads send letters, run the periodic jobs, work on files sent. In `portal serve`, or alone."""

import logging
import threading
from collections.abc import Callable

from portal.jobs import run_due_jobs
from portal.mailing.delivery import Carrier, Delivery
from portal.mailing.folder import FolderCarrier
from portal.mailing.smtp import SmtpCarrier
from portal.publication_jobs import work_on_publications
from portal.settings import Settings
from portal.staff_import_jobs import work_on_imports
from portal.web import Services

MAIL_SECONDS = 2.0
JOBS_SECONDS = 30.0
IMPORT_SECONDS = 1.0
PAUSE_SECONDS = 30.0
STOP_SECONDS = 5.0

logger = logging.getLogger(__name__)


def carrier_of(settings: Settings) -> Carrier:
    """SMTP when a server is set, else files."""
    return SmtpCarrier(settings) if settings.mail_host else FolderCarrier(settings.mail_folder)


class Worker:
    """`start` it once the database has its schema; `stop` it before the database is closed."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._delivery = Delivery(services.database, services.keyring, carrier_of(services.settings))
        self._stopping = self._delivery.stopping
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts the threads."""
        self._threads = [
            threading.Thread(target=self._repeat, args=(step,), name=name, daemon=True)
            for name, step in (("mail", self._send), ("jobs", self._run_jobs), ("imports", self._import))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Lets the letter and the job at hand end; what takes too long is taken up again when its lease ends."""
        self._stopping.set()
        self._services.mail.posted.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
            if thread.is_alive():
                logger.warning("stopped while the thread %s was still at work", thread.name)

    def _repeat(self, step: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                step()
            except Exception:
                logger.exception("the worker failed; it will try again")
                self._stopping.wait(PAUSE_SECONDS)

    def _send(self) -> None:
        posted = self._services.mail.posted
        posted.wait(MAIL_SECONDS)
        posted.clear()
        if not self._delivery.send_due():
            self._stopping.wait(PAUSE_SECONDS)

    def _run_jobs(self) -> None:
        run_due_jobs(self._services)
        self._stopping.wait(JOBS_SECONDS)

    def _import(self) -> None:
        work_on_imports(self._services, self._stopping)
        work_on_publications(self._services, self._stopping)
        self._stopping.wait(IMPORT_SECONDS)
