"""`portal maintenance`: plan, start, stop, list. Running servers see it within a second; none is restarted."""

from datetime import UTC, datetime, timedelta

import click

from portal.commands.context import open_database
from portal.commands.terms import InstantType
from portal.data.accounts import Space
from portal.data.evidence import Action, record
from portal.data.site_state import (
    LONGEST,
    Maintenance,
    MaintenanceClash,
    end_maintenance,
    last_maintenances,
    plan_maintenance,
    site_state,
)
from portal.formatting import PARIS
from portal.settings import load_settings

MESSAGE = "Nous mettons le portail à jour."
ONE_SPACE = click.option(
    "--space",
    type=click.Choice([space.value for space in Space if space is not Space.DESK]),
    help="Close this space alone. [default: the whole portal]",
)
SAID = click.option("--message", default=MESSAGE, show_default=True, help="What people read, in French.")
MINUTES = click.IntRange(1, int(LONGEST / timedelta(minutes=1)))


@click.group()
def command() -> None:
    """Close the portal for maintenance, to all but the desk, with a notice beforehand."""


@command.command()
@click.option("--from", "start", type=InstantType(), required=True, help="When it starts.")
@click.option("--to", "end", type=InstantType(), required=True, help="When it ends; the portal opens by itself then.")
@click.option("--announce", type=InstantType(), help="From when every page tells it. [default: now]")
@ONE_SPACE
@SAID
def plan(start: datetime, end: datetime, announce: datetime | None, space: str | None, message: str) -> None:
    """Plan a maintenance.

    Example: portal maintenance plan --from "2027-01-09 22:00" --to "2027-01-09 23:30"

    Example: portal maintenance plan --from "2027-01-09 22:00" --to "2027-01-09 23:30" --space employeur
    """
    _plan(start, end, message, datetime.now(UTC), announce, space or "")


@command.command()
@click.option("--minutes", type=MINUTES, default=30, show_default=True, help="How long.")
@ONE_SPACE
@SAID
def start(minutes: int, space: str | None, message: str) -> None:
    """Start a maintenance now.

    Example: portal maintenance start --minutes 15
    """
    now = datetime.now(UTC)
    _plan(now, now + timedelta(minutes=minutes), message, now, space=space or "")


@command.command()
@click.option("--id", "number", type=int, help="One that is planned, by its number. [default: the one that is on]")
def stop(number: int | None) -> None:
    """End the maintenance that is on, or cancel one that is planned.

    Example: portal maintenance stop
    """
    now = datetime.now(UTC)
    with open_database(load_settings()) as database, database.write() as db:
        window = site_state(db, now).maintenance(now, Space.DESK)
        chosen = number or (window.id if window else 0)
        if not end_maintenance(db, None, chosen, now):
            raise click.ClickException("there is no such maintenance to end")
        record(db, None, Action.MAINTENANCE_ENDED, object=f"maintenance:{chosen}", details={"by": "console"})
    click.echo(f"maintenance {chosen} is over")


@command.command("list")
def list_() -> None:
    """List the latest maintenances: number, start, end (Paris), state, what it closes, message.

    Example: portal maintenance list
    """
    now = datetime.now(UTC)
    with open_database(load_settings()) as database, database.read() as db:
        rows = last_maintenances(db)
    for row in rows:
        period = f"{row.starts_at.astimezone(PARIS):%Y-%m-%d %H:%M} to {row.ends_at.astimezone(PARIS):%Y-%m-%d %H:%M}"
        click.echo(f"{row.id}  {period}  {_state(row, now)}  {row.space or 'all'}  {row.message}")
    if not rows:
        click.echo("no maintenance")


def _plan(
    start: datetime,
    end: datetime,
    message: str,
    now: datetime,
    announce: datetime | None = None,
    space: str = "",
) -> None:
    try:
        with open_database(load_settings()) as database, database.write() as db:
            made = plan_maintenance(db, None, start, end, message, now, announce, space)
            said = {"from": start.isoformat(), "to": end.isoformat(), "message": message}
            said |= {"space": space} if space else {}
            details = {"by": "console", "plan": said}
            record(db, None, Action.MAINTENANCE_PLANNED, object=f"maintenance:{made}", details=details)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except MaintenanceClash as error:
        raise click.ClickException("another maintenance is planned for part of that time") from error
    click.echo(f"maintenance {made} is planned")


def _state(row: Maintenance, now: datetime) -> str:
    if row.ended_at is not None:
        return "cancelled" if row.ended_at < row.starts_at else "ended early"
    if now >= row.ends_at:
        return "over"
    return "on" if now >= row.starts_at else "planned"
