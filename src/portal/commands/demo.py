"""`portal demo`: everything that a stranger needs to try the portal, made on the spot."""

import multiprocessing
from pathlib import Path

import click

from portal.app import Portal, create_app
from portal.commands.serve import run_server, warmed_up
from portal.demo.site import (
    PASSWORD,
    TOTP_SECRET,
    NotADemonstration,
    demo_help,
    demo_settings,
    prepare,
    remember,
    remembered_settings,
)
from portal.logs import configure_logging


def load_app() -> Portal:
    """The demonstration's application, made anew in the server's worker."""
    settings = remembered_settings()
    configure_logging(settings.log_level)
    return warmed_up(create_app(settings, demo=demo_help()))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--data", default="var/demo", show_default=True, type=click.Path(path_type=Path))
@click.option("--members", default=60, show_default=True, help="How many members to invent.")
@click.option("--history", default=4, show_default=True, help="Years of history.")
@click.option("--seed", default=1, show_default=True)
@click.option("--prepare-only", is_flag=True, help="Make the data, then stop.")
def command(host: str, port: int, data: Path, members: int, history: int, seed: int, *, prepare_only: bool) -> None:
    """Serve a demonstration with fictitious data.

    Example: portal demo --port 8080 --members 200
    """
    origin = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104
    settings = demo_settings(data, origin)
    try:
        prepare(data, settings, members, history, seed, click.echo)
    except NotADemonstration:
        raise click.ClickException(
            f"{data} holds a database that is not a demonstration: choose another folder"
        ) from None
    if prepare_only:
        return
    _introduce(origin)
    remember(data, origin)
    # The storage's own threads, started while files were made, do not survive a fork: the worker would wait for them.
    multiprocessing.set_start_method("spawn", force=True)
    run_server("portal.commands.demo:load_app", host, port)


def _introduce(origin: str) -> None:
    help_ = demo_help()
    click.echo(f"\n  {origin}   mot de passe de tous les comptes : {PASSWORD}\n")
    for account in help_.accounts:
        click.echo(f"  {account.identifier}  {account.who}{'  (+ code)' if account.needs_code else ''}")
    click.echo(f"\n  Codes à six chiffres : {origin}/demonstration (secret {TOTP_SECRET})\n")
