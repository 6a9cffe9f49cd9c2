"""`portal mail`: what waits in the outbox, what left, what was refused."""

import click

from portal.commands.context import open_database
from portal.data.columns import utc_now
from portal.data.outbox import MailRow, MailState, find_letter, list_letters, retry_letters
from portal.mailing.folder import file_name, filed_letter, plain_text
from portal.security import Keyring
from portal.settings import Settings, load_settings


@click.group()
def command() -> None:
    """Follow the e-mails that the portal sends. Addresses and contents appear in `show` alone."""


@command.command("list")
@click.option("--state", type=click.Choice([state.value for state in MailState]), help="Only letters in this state.")
@click.option("--most", default=50, show_default=True, help="How many, newest first.")
def list_(state: str | None, most: int) -> None:
    """List the newest letters: number, time (UTC), state, attempts, kind, reason of the last failure.

    Example: portal mail list --state refused
    """
    with open_database(load_settings()) as database, database.read() as db:
        rows = list_letters(db, MailState(state) if state else None, most)
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("no letter")


@command.command()
@click.argument("number", type=int)
def show(number: int) -> None:
    """Show one letter as its recipient reads it, as long as its content is kept.

    Example: portal mail show 42
    """
    settings = load_settings()
    with open_database(settings) as database, database.read() as db:
        found = find_letter(db, Keyring(settings), number)
    if found is None:
        raise click.ClickException(f"there is no letter {number}")
    row, parcel = found
    click.echo(_line(row))
    if parcel:
        click.echo(f"To: {parcel.recipient}\n\n{plain_text(parcel.content.encode())}")
    else:
        click.echo(_filed(settings, row))


@command.command()
@click.argument("number", type=int, required=False)
def retry(number: int | None) -> None:
    """Try again at once every letter that waits or was refused, or the one of that NUMBER.

    Example: portal mail retry 42
    """
    with open_database(load_settings()) as database, database.write() as db:
        count = retry_letters(db, utc_now(), number)
    if number is not None and not count:
        raise click.ClickException(f"letter {number} does not exist, has left, or its content is not kept any more")
    click.echo(f"{count} letters will be tried again")


def _line(row: MailRow) -> str:
    when = row.sent_at or row.made_at
    fields = (row.id, f"{when:%Y-%m-%d %H:%M}", row.state, row.attempts, row.kind, row.reason)
    return "  ".join(str(field) for field in fields).rstrip()


def _filed(settings: Settings, row: MailRow) -> str:
    letter = filed_letter(settings.mail_folder, file_name(row.message_id))
    if letter is None:
        return "\nits content was erased when it left"
    return f"To: {letter.to}\nSubject: {letter.subject}\n\n{letter.text}"
