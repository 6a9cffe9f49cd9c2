"""`portal objections`: who objects to being canvassed, or profiled, for the insurer's other tools to honour (R-70)."""

import click

from portal.commands.context import open_database
from portal.data.data_objections import Purpose, objecting_accounts, objecting_persons
from portal.settings import load_settings


@click.command()
@click.option("--purpose", type=click.Choice([purpose.value for purpose in Purpose]), default=Purpose.MARKETING.value)
def command(purpose: str) -> None:
    """List who objects, one a line: references of persons, then `compte:` and the identifier of each account that is no
    covered person's own. Read it anew before each campaign.

    Example: portal objections --purpose prospection
    """
    with open_database(load_settings()) as database, database.read() as db:
        for reference in objecting_persons(db, Purpose(purpose)):
            click.echo(reference)
        for identifier in objecting_accounts(db, Purpose(purpose)):
            click.echo(f"compte:{identifier}")
