"""`portal retention`: the schedule of what is forgotten when, what applying it would do, and applying it (R-71)."""

from datetime import UTC, datetime

import click

from portal.app import create_services
from portal.commands.context import open_database
from portal.data.retention_schedule import rules_on, schedule_digest
from portal.formatting import day_in_france
from portal.retention_jobs import Outcome, apply_schedule, due_now
from portal.retention_words import line_of
from portal.settings import load_settings


@click.group()
def command() -> None:
    """Show and apply the retention schedule. Numbers alone, nothing of anybody."""


@command.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="As it applies on that day; today without.")
def show(day: datetime | None) -> None:
    """Show the schedule: code, period, what happens then, from when it counts, what it is about.

    Example: portal retention show
    """
    on = day.date() if day else day_in_france(datetime.now(UTC))
    for line in map(line_of, rules_on(on)):
        click.echo(f"{line.code}  {line.period}  {line.then}  {line.start}  {line.title}")
    click.echo(f"sha256 {schedule_digest()}")


@command.command()
@click.option("--dry-run", is_flag=True, help="Report what is past its time, and change nothing.")
def apply(*, dry_run: bool) -> None:
    """Forget, now, what is past its time (the worker does it every six hours). Stopped and run again, it goes on.

    Example: portal retention apply --dry-run
    """
    settings, now = load_settings(), datetime.now(UTC)
    with open_database(settings) as database:
        services = create_services(settings, database)
        outcomes = due_now(services, now) if dry_run else apply_schedule(services, now)
    for outcome in outcomes:
        click.echo(_line(outcome))
    click.echo(f"{sum(each.rows for each in outcomes)} rows {'would be' if dry_run else 'were'} forgotten")
    if failed := [each.rule.code for each in outcomes if each.has_failed]:
        raise click.ClickException(f"these rules failed and go on in the next run: {', '.join(failed)}")


def _line(outcome: Outcome) -> str:
    oldest = f"  oldest {outcome.oldest}" if outcome.oldest else ""
    return f"{outcome.rule.code}  {outcome.rows}{oldest}"
