"""`portal audit`: verify the evidence record, extract one account's part of it, check such an extract."""

import json
import os
from pathlib import Path
from typing import TextIO

import click

from portal.commands.context import open_database
from portal.evidence.audit import Audit, UnknownAccount, audit, extract, extract_problem
from portal.evidence.checkpoints import UnreadableKey, public_key
from portal.settings import load_settings

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Verify the evidence record, and extract it for a dispute."""


@command.command()
@click.option("--public-key", "key", type=EXISTING, help="A copy of public.pem kept elsewhere.")
@click.option("--checkpoints", type=EXISTING, help="A copy of checkpoints.jsonl kept elsewhere.")
def verify(key: Path | None, checkpoints: Path | None) -> None:
    """Check every row, every detail that still exists, every checkpoint and every issued statement; name the first
    broken row.

    Example: portal audit verify --public-key /mnt/safe/public.pem --checkpoints /mnt/safe/checkpoints.jsonl
    """
    settings = load_settings()
    try:
        with open_database(settings) as database:
            found = audit(database, settings, key=key, checkpoints=checkpoints)
    except (OSError, UnreadableKey) as error:
        raise click.ClickException(f"cannot verify: {error}") from error
    if found.verdict.fault:
        raise click.ClickException(f"row {found.verdict.fault.seq} {found.verdict.fault.problem}")
    click.echo(_summary(found))


@command.command()
@click.option("--account", "identifier", required=True, help="The ten digits the account's holder signs in with.")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
def export(identifier: str, output: Path) -> None:
    """Extract one account's record into a signed JSON file. Refuses to overwrite a file.

    Example: portal audit export --account 1234567897 --output extract.json
    """
    settings = load_settings()
    try:
        with open_database(settings) as database, _new_private_file(output) as file:
            content = extract(database, settings, identifier)
            json.dump(content, file, ensure_ascii=False, indent=1)
    except UnknownAccount as error:
        output.unlink()
        raise click.ClickException(f"no account has the identifier {identifier}") from error
    except UnreadableKey as error:
        output.unlink()
        raise click.ClickException(f"cannot sign the extract: {error}") from error
    except OSError as error:
        raise click.ClickException(f"cannot write the extract: {error}") from error
    click.echo(f"{len(content['rows'])} rows of account {identifier} written to {output}")


@command.command("check-export")
@click.argument("file", type=EXISTING)
@click.option("--public-key", "key", type=EXISTING, required=True, help="The insurer's public.pem.")
def check_export(file: Path, key: Path) -> None:
    """Check an extract with nothing but the public key: no database, no network, no setting.

    Example: portal audit check-export extract.json --public-key public.pem
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        problem = extract_problem(content, public_key(key))
    except (ValueError, TypeError, KeyError, AttributeError, UnreadableKey) as error:
        raise click.ClickException(f"{file} cannot be checked: {error}") from error
    if problem:
        raise click.ClickException(problem)
    rows, account, instant = len(content["rows"]), content["account"], content["extracted_at"]
    click.echo(f"{rows} rows of account {account}, as signed on {instant} UTC")


def _summary(found: Audit) -> str:
    verdict, issued = found.verdict, found.statements
    uncovered = verdict.rows - found.covered
    return (
        f"{verdict.rows} rows are as they were written, up to hash {verdict.last_hash}\n"
        f"{verdict.details - verdict.erased} details match their rows, {verdict.erased} were erased\n"
        f"{found.checkpoints} checkpoints match; the last covers row {found.covered}, {uncovered} rows came after it\n"
        f"{issued.kept} stored statements are as they were issued, {issued.gone} are kept no more"
        + (f", {issued.unproven} were issued without a digest" if issued.unproven else "")
    )


def _new_private_file(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
