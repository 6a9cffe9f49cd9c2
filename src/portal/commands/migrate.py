"""`portal migrate`: brings the database to the current schema."""

import click

from portal.database import Database
from portal.schema import migrate
from portal.settings import load_settings


@click.command()
def command() -> None:
    """Create or update the database's tables.

    Example: portal migrate
    """
    database = Database(load_settings().resolved_database_url)
    migrate(database)
    database.dispose()
    click.echo("the database is at the current schema")
