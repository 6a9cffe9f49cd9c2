"""`portal worker`: sends letters and runs periodic jobs, apart from the web servers."""

import signal
import threading

import click

from portal.app import create_services
from portal.commands.context import open_database
from portal.logs import configure_logging
from portal.settings import load_settings
from portal.worker import Worker


@click.command()
def command() -> None:
    """Send e-mails and run periodic jobs until stopped. Several may run at once, on one machine or many.

    For servers with PORTAL_WORKER=separate; otherwise `portal serve` does this itself.

    Example: PORTAL_WORKER=separate portal worker
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with open_database(settings) as database:
        worker = Worker(create_services(settings, database))
        worker.start()
        stopped.wait()
        worker.stop()
