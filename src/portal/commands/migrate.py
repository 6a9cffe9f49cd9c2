"""`portal migrate`: brings the database to the current schema."""

import click

from portal.data.open_complaints import hash_addresses
from portal.database import Database
from portal.schema import migrate
from portal.security import Keyring
from portal.settings import load_settings


@click.command()
def command() -> None:
    """Create or update the database's tables.

    Example: portal migrate
    """
    settings = load_settings()
    database = Database(settings.resolved_database_url)
    migrate(database)
    with database.write() as db:
        hash_addresses(db, Keyring(settings))
    database.dispose()
    click.echo("the database is at the current schema")
