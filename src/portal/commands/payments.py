"""`portal payments`: transfers to members of what the desk valued, and transfers that the bank sent back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from portal.app import create_services
from portal.commands.context import open_database
from portal.data.payment_runs import FileChanged
from portal.formatting import today
from portal.payment_jobs import each_transfer, pay_due, take_returns, write_again
from portal.sepa_transfers import UnreadableReturns, read_returns
from portal.settings import load_settings

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
FURTHEST = timedelta(days=7)


@click.group()
def command() -> None:
    """Make the bank's file of transfers to members; take in what came back."""


@command.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day of the transfers: today, or within a week.")
def run(day: datetime | None) -> None:
    """Pay each member what is due, and write the bank's file (pain.001). Running it again pays nothing twice.

    Example: portal payments run --day 2026-12-03
    """
    settings, chosen = load_settings(), day.date() if day else today()
    if not today() <= chosen <= today() + FURTHEST:
        raise click.ClickException("give today, or a day of the next seven")
    if not settings.transfers_iban:
        raise click.ClickException("set PORTAL_TRANSFERS_IBAN to the account that transfers leave from")
    with open_database(settings) as database:
        done = pay_due(create_services(settings, database), chosen, datetime.now(UTC))
    click.echo(f"{done.paid} paid")
    for path in done.files:
        click.echo(str(path))


@command.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day of the run.")
def file(day: datetime) -> None:
    """Write the bank's file of a run again, byte for byte: the one that was lost, or deleted once sent. It is made for
    the account that transfers left from then, whatever the settings say by now. Do not send it twice.

    Example: portal payments file --day 2026-12-03
    """
    settings = load_settings()
    with open_database(settings) as database:
        try:
            path = write_again(create_services(settings, database), day.date(), datetime.now(UTC))
        except FileChanged as problem:
            raise click.ClickException("what this file was made from is gone: ask the bank for it") from problem
    if path is None:
        raise click.ClickException(f"no run of {day.date()} has a file")
    click.echo(str(path))


@command.command()
@click.argument("file", type=EXISTING)
def returned(file: Path) -> None:
    """Take in the transfers that the bank sent back: FILE is a camt.054, a pain.002, or a CSV file with the columns
    reference;returned_on;code. Their lines wait again, and members are told; a pain.002 that refuses a whole file sends
    back each of its transfers. Taking it in again changes nothing.

    Example: portal payments returned rejets-2026-12-04.xml
    """
    settings = load_settings()
    try:
        found = read_returns(file.read_bytes())
    except UnreadableReturns as problem:
        raise click.ClickException(f"{file} is no file of returns: {problem}") from problem
    with open_database(settings) as database:
        services = create_services(settings, database)
        found = each_transfer(services, found)
        taken = take_returns(services, found, datetime.now(UTC))
    click.echo(f"{taken} taken in, {len(found) - taken} known before, or not ours")
