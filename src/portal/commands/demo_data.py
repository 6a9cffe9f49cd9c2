"""`portal demo-data`: writes fictitious import files."""

import sys
from datetime import date, datetime
from pathlib import Path

import click

from portal.demo.generator import Options, write_demo_data
from portal.demo.showcase import SHOWCASE
from portal.formatting import today as today_in_paris

MOST_YEARS = 6


@click.command("demo-data")
@click.option("--members", type=click.IntRange(min=SHOWCASE), default=200, show_default=True, help="Households.")
@click.option("--history", type=click.IntRange(1, MOST_YEARS), default=3, show_default=True, help="Years of history.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed and same day: same files.")
@click.option("--professionals", type=click.IntRange(min=0), default=2000, show_default=True, help="Of the directory.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write into.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day the data ends; today by default.")
@click.option("--gzip", "compress", is_flag=True, help="Compress the files (.csv.gz).")
def command(
    members: int,
    history: int,
    seed: int,
    professionals: int,
    output: Path,
    today: datetime | None,
    *,
    compress: bool,
) -> None:
    """Write fictitious import files, realistic and reproducible.

    The first households are those of the demonstration's fixed accounts, and one to sign up. The files go through
    `portal import`, in the order of its kinds.

    Example: portal demo-data --members 200 --history 3 --output var/demo-data

    Example: portal demo-data --members 5000 --history 5 --gzip --output var/bench
    """
    day: date = today.date() if today else today_in_paris()
    options = Options(members, history, seed, day, professionals)
    bar = click.progressbar(length=members, label="Households", file=sys.stderr)
    with bar:
        summary = write_demo_data(options, output, compress=compress, progress=bar.update)
    click.echo(
        f"{output}: {summary.households} households, {summary.persons} persons, "
        f"{summary.lines} benefit lines, {summary.payments} payments"
    )
