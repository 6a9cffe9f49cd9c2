"""`portal contributions`: calls companies' contributions for the periods that have ended."""

from datetime import UTC, date, datetime

import click

from portal.commands.context import open_database
from portal.contribution_jobs import issue_for
from portal.data.contribution_issuing import billed_contracts
from portal.data.rules import add_months
from portal.formatting import today
from portal.settings import load_settings


@click.group()
def command() -> None:
    """Call companies' contributions."""


@command.command()
@click.option("--month", type=click.DateTime(["%Y-%m"]), required=True, help="A month that has ended, as 2026-10.")
def issue(month: datetime) -> None:
    """Issue the calls of the periods that ended by the end of a month. Running it again issues nothing twice.

    Example: portal contributions issue --month 2026-10
    """
    first: date = month.date()
    day = add_months(first, 1)
    if day > today():
        raise click.ClickException("give a month that has ended, as 2026-10")
    with open_database(load_settings()) as database:
        with database.read() as db:
            contracts = billed_contracts(db, day)
        done = sum(issue_for(database, (each,), day, datetime.now(UTC), first) for each in contracts)
    click.echo(f"{done} issued")
