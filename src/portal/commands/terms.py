"""`portal terms`: publishes a version of the terms of use, lists those published."""

from datetime import UTC, datetime
from pathlib import Path

import click

from portal.commands.context import open_database
from portal.comparison import compare
from portal.data.terms import (
    NotPublishable,
    TermsVersion,
    count_acceptances,
    digest_of,
    newest_terms,
    published_terms,
    terms_in_force,
    withdrawn_numbers,
)
from portal.formatting import PARIS
from portal.settings import load_settings
from portal.terms_publishing import draft, instant_of, publish, read_exactly

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
LONGEST_NAME = 255


class InstantType(click.ParamType):
    """A date, or a date and a time, in Paris unless a zone is given."""

    name = "DATE/TIME"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> datetime:
        try:
            return instant_of(value)
        except ValueError:
            self.fail("give a day as 2027-01-01, or a time as '2027-01-01 08:30' (Paris)", param, context)


@click.group()
def command() -> None:
    """Publish the terms of use that people accept."""


@command.command("publish")
@click.argument("file", type=EXISTING)
@click.option("--effective", type=InstantType(), help="When it takes effect; a day means its midnight. [default: now]")
@click.option("--changes", default="", help="What changes, in words, or a file that says it. Asked from version 2 on.")
@click.option("--dry-run", is_flag=True, help="Check and show, publish nothing.")
def publish_command(file: Path, effective: datetime | None, changes: str, *, dry_run: bool) -> None:
    """Publish FILE (Markdown: one title, articles, paragraphs, lists) as the next version. It never changes again.

    Once it is in effect, everyone must accept it before anything else is served.

    Example: portal terms publish cgu.md --effective 2027-01-01 --changes "Nouvel article sur la messagerie."

    Example: portal terms publish cgu.md --changes changements.md --dry-run
    """
    now = datetime.now(UTC)
    with open_database(load_settings()) as database:
        with database.read() as db:
            before = newest_terms(db)
        try:
            text, words = read_exactly(file), _words(changes)
            if dry_run:
                with database.read() as db:
                    terms = draft(db, text, words, effective or now, now)
            else:
                terms = publish(database, text, words, effective or now, now)
        except (NotPublishable, OSError) as error:
            raise click.ClickException(str(error)) from error
    _tell(terms, before)
    click.echo("nothing was published (--dry-run)" if dry_run else f"version {terms.number} is published")


@command.command("list")
def list_command() -> None:
    """List every version: its state, how many accounts accepted it, whether its text still has its digest.

    Example: portal terms list
    """
    with open_database(load_settings()) as database, database.read() as db:
        in_force = terms_in_force(db, datetime.now(UTC))
        accepted = count_acceptances(db)
        versions, withdrawn = list(published_terms(db)), withdrawn_numbers(db)
    for terms in versions:
        state = "in force" if in_force and terms.number == in_force.number else "replaced"
        state = "announced" if not in_force or terms.number > in_force.number else state
        state = "taken back" if terms.number in withdrawn else state
        sound = "" if digest_of(terms.text) == terms.sha256 else "  ALTERED: the text has another digest"
        count = accepted.get(terms.number, 0)
        click.echo(
            f"{terms.number}  {state}, from {_paris(terms.effective_at)}, accepted by {count}  {terms.sha256}{sound}"
        )
    if not versions:
        click.echo("no version is published")


def _words(changes: str) -> str:
    """The words themselves, or those of the file that is named."""
    is_file = "\n" not in changes and len(changes) <= LONGEST_NAME and Path(changes).is_file()
    return read_exactly(Path(changes)) if is_file else changes


def _tell(terms: TermsVersion, before: TermsVersion | None) -> None:
    click.echo(f"version {terms.number}, in effect from {_paris(terms.effective_at)} (Paris)")
    click.echo(f"sha256 {terms.sha256}")
    if before is not None:
        changed = [article.title for article in compare(before.text, terms.text).changed]
        click.echo(f"articles that change: {', '.join(changed) or 'none'}")


def _paris(at: datetime) -> str:
    return f"{at.astimezone(PARIS):%Y-%m-%d %H:%M}"
