"""`portal objections`: who objects to being canvassed, or profiled, for the insurer's other tools to honour (R-70)."""

import click

from portal.commands.context import open_database
from portal.data.data_objections import Purpose, objecting_persons
from portal.settings import load_settings


@click.command()
@click.option("--purpose", type=click.Choice([purpose.value for purpose in Purpose]), default=Purpose.MARKETING.value)
def command(purpose: str) -> None:
    """List the references of the persons who object, one a line. Read it anew before each campaign.

    Example: portal objections --purpose prospection
    """
    with open_database(load_settings()) as database, database.read() as db:
        for reference in objecting_persons(db, Purpose(purpose)):
            click.echo(reference)
