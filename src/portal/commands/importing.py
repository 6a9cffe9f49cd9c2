"""`portal import`: loads one of the insurer's files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from portal.commands.context import open_database
from portal.database import DatabaseBusy
from portal.formatting import NBSP
from portal.importing.problems import UnreadableFile
from portal.importing.registry import KINDS
from portal.importing.reports import reported_import
from portal.importing.run import Progress as Follow
from portal.importing.run import Report, Request
from portal.security import Keyring
from portal.settings import load_settings

UNREADABLE = 2


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and count, then undo everything.")
@click.option("--strict", is_flag=True, help="Commit nothing, and exit with 1, when a row is rejected.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Where rejected rows go.  [default: FILE.rejets.csv]")
def command(kind: str, file: Path, *, dry_run: bool, strict: bool, rejects: Path | None) -> None:
    """Import FILE, a CSV or JSON Lines file (gzip too) of one KIND. Importing it twice changes nothing.

    Example: portal import persons adherents.csv

    Example: portal import benefit-lines prestations.csv.gz --dry-run
    """
    settings = load_settings()
    rejects = rejects or file.with_name(file.name + ".rejets.csv")
    with open_database(settings) as database, _progress(file.name) as follow:
        request = Request(KINDS[kind], file, rejects, is_dry_run=dry_run, is_strict=strict, progress=follow)
        try:
            report = reported_import(database, Keyring(settings), request)
        except UnreadableFile as problem:
            _stop(str(problem))
        except DatabaseBusy:
            _stop("La base de données est occupée : réessayez dans un instant.")
    _tell(report, request)
    if strict and report.rejected:
        sys.exit(1)


def _stop(message: str) -> None:
    click.echo(message, err=True)
    sys.exit(UNREADABLE)


def _tell(report: Report, request: Request) -> None:
    if request.is_strict and report.rejected:
        click.echo(f"{request.kind.name} : rien n’a été enregistré (--strict).", err=True)
    else:
        _tell_counts(report, request)
    if report.rejected:
        words = "lignes rejetées, expliquées" if report.rejected > 1 else "ligne rejetée, expliquée"
        click.echo(f"{_grouped(report.rejected)} {words} dans {request.rejects}", err=True)


def _tell_counts(report: Report, request: Request) -> None:
    if request.is_dry_run:
        click.echo("Essai à blanc : rien n’a été enregistré. Sans cet essai :")
    created, updated, unchanged = map(_grouped, (report.created, report.updated, report.unchanged))
    others = "".join(
        f", {_grouped(count)} {words}"
        for count, words in (
            (report.merged, "réunies à une autre"),
            (report.ignored, "sans objet ici"),
            (report.older, "ignorées, plus anciennes que ce qui est enregistré"),
        )
        if count
    )
    click.echo(f"{request.kind.name} : {created} créées, {updated} modifiées, {unchanged} inchangées{others}")


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", NBSP)


@contextmanager
def _progress(name: str) -> Iterator[Follow]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _size: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)
