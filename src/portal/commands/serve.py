"""`portal serve`: the web server."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click
from granian import Granian
from granian.constants import Interfaces

from portal.app import Portal, create_app
from portal.commands.context import open_database
from portal.logs import configure_logging
from portal.meters import FOLDER_VARIABLE
from portal.places.gazetteer import gazetteer
from portal.settings import load_settings


def load_app() -> Portal:
    """The application of the environment's settings, made anew in each worker."""
    settings = load_settings()
    configure_logging(settings.log_level)
    return warmed_up(create_app(settings))


def warmed_up(app: Portal) -> Portal:
    """The application, once this process holds what it would else read during somebody's request: the communes, half a
    second that would stop the event loop."""
    gazetteer()
    return app


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="More than one needs PostgreSQL.")
def command(host: str, port: int, workers: int) -> None:
    """Serve the portal.

    Example: PORTAL_ORIGIN=https://portail.example portal serve --port 8080
    """
    settings = load_settings()
    with open_database(settings) as database:
        if workers > 1 and database.is_sqlite:
            raise click.ClickException("SQLite is served by one process; set PORTAL_DATABASE_URL to use several")
    with shared_counts(settings.data_folder / "counts") if workers > 1 else nullcontext():
        run_server("portal.commands.serve:load_app", host, port, workers)


@contextmanager
def shared_counts(folder: Path) -> Iterator[None]:
    """Lets the workers that are started meanwhile count in files of this folder, from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ[FOLDER_VARIABLE] = str(folder)
    try:
        yield
    finally:
        del os.environ[FOLDER_VARIABLE]


def run_server(target: str, host: str, port: int, workers: int = 1) -> None:
    """Runs granian on an application factory until it is stopped."""
    Granian(
        target,
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        log_access=False,
        websockets=False,
        workers_kill_timeout=10,
    ).serve()
