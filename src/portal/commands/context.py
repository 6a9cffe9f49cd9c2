"""What commands share: opening the database that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.database import Database
from portal.schema import is_current
from portal.settings import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The settings' database, at the current schema; tells to run `portal migrate` when it is not."""
    database = Database(settings.resolved_database_url)
    try:
        if not is_current(database):
            raise click.ClickException("the database is not at the current schema: run `portal migrate` first")
        yield database
    finally:
        database.dispose()
