"""`portal backup`: make a back-up while the portal serves, prove that it can be restored, restore it."""

from datetime import UTC, datetime
from pathlib import Path

import click

from portal.backups.checking import check_backup
from portal.backups.making import forget_backups, make_backup, whole_backups
from portal.backups.manifest import NAME, BackupProblem, Manifest
from portal.backups.restoring import restore_backup
from portal.commands.context import open_database
from portal.evidence.checkpoints import PRIVATE_KEY
from portal.security import Keyring
from portal.settings import load_settings
from portal.storage import Storage, StorageFailed

FOLDER = click.Path(file_okay=False, path_type=Path)
AFTER = "portal migrate, portal audit verify, portal account erase-due"
EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Make, check and restore back-ups. No key is in them: keep PORTAL_SECRET_KEYS and PORTAL_DATA_KEYS elsewhere."""


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--keep", type=click.IntRange(1), help="Remove all but so many of the newest, once this one is whole.")
def create(folder: Path, keep: int | None) -> None:
    """Make a back-up in a new folder under FOLDER, named by its time (UTC); servers may go on meanwhile.

    Example: portal backup create /mnt/sauvegardes --keep 14
    """
    settings = load_settings()
    try:
        with open_database(settings) as database:
            storage = Storage(settings, Keyring(settings))
            made, manifest = make_backup(database, settings, storage, folder, datetime.now(UTC))
        forgotten = forget_backups(folder, keep) if keep else 0
    except (BackupProblem, StorageFailed) as problem:
        raise click.ClickException(str(problem) or "the storage of files does not answer") from problem
    click.echo(f"{made}: {_summary(manifest)}" + (f"; {forgotten} older removed" if forgotten else ""))
    for name in manifest.gone:
        click.echo(f"the storage has lost {name}, which the database names", err=True)


@command.command()
@click.argument("folder", type=EXISTING)
def check(folder: Path) -> None:
    """Restore a back-up in a scratch place and verify it: FOLDER is one, or holds several, of which the newest.

    Example: portal backup check /mnt/sauvegardes
    """
    chosen = _chosen(folder)
    try:
        checked = check_backup(load_settings(), chosen)
    except BackupProblem as problem:
        raise click.ClickException(f"{chosen}: {problem}") from problem
    click.echo(f"{chosen}: {_summary(checked.manifest)}, {checked.rows} rows of evidence verified")
    if not checked.is_current:
        click.echo("after restoring it, run `portal migrate`")


@command.command()
@click.argument("folder", type=EXISTING)
def restore(folder: Path) -> None:
    """Restore a back-up into an empty database and an empty storage. Never over anything.

    Example: portal backup restore /mnt/sauvegardes/2027-01-09T030000Z
    """
    settings, chosen = load_settings(), _chosen(folder)
    try:
        manifest = restore_backup(settings, Storage(settings, Keyring(settings)), chosen)
    except (BackupProblem, StorageFailed) as problem:
        raise click.ClickException(f"{chosen}: {problem or 'the storage of files does not answer'}") from problem
    now = f"put {PRIVATE_KEY} back into {settings.checkpoints}, then: {AFTER}"
    click.echo(f"{_summary(manifest)} restored; now: {now}")


def _chosen(folder: Path) -> Path:
    """The folder itself when it is a back-up, else the newest of those in it."""
    if (folder / NAME).exists():
        return folder
    found = whole_backups(folder)
    if not found:
        raise click.ClickException(f"there is no whole back-up in {folder}")
    return found[-1]


def _summary(manifest: Manifest) -> str:
    return f"{len(manifest.parts)} parts, {manifest.size} bytes, evidence up to row {manifest.head}"
