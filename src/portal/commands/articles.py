"""`portal articles`: an insurer's own information articles, brought from files and prepared for the desk to publish."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
from sqlmodel import Session

from portal.app import create_services
from portal.article_checks import LONGEST_SLUG, lines_for_members, slug_of, title_of
from portal.commands.context import open_database
from portal.data.accounts import Account, Role
from portal.data.articles import ArticleVersion, digest_of_version, prepare_version, versions_of
from portal.data.blocks import block_of
from portal.data.desk_acts import account_by_identifier
from portal.data.desk_cases import author_as_viewer
from portal.data.evidence import Action, record
from portal.data.sessions import Viewer
from portal.information import Source, source_in
from portal.permissions import GRANTS, Permission
from portal.settings import load_settings
from portal.web import Services

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
HEAD = "begin with « theme: … », « mots: … » and « maj: 2027-01-31 », each on a line of its own, then a blank line"


class _Draft(NamedTuple):
    """A file's article: the file's name, what it would be, its title."""

    name: str
    version: ArticleVersion
    title: str


@click.group()
def command() -> None:
    """Bring information articles from files. A supervisor publishes them at the desk."""


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option(
    "--author", required=True, help="Identifier of the desk account that answers for them: another publishes."
)
@click.option("--dry-run", is_flag=True, help="Check and tell, prepare nothing.")
def import_command(files: Sequence[Path], author: str, *, dry_run: bool) -> None:
    """Prepare each of FILES as an article, named by its file: a new one, or the next version of the one of that name.

    A file is Markdown like those of the portal: theme, words to find it by and date, a blank line, then « # Title ».
    One that is wrong, and none is prepared; what is prepared or published already is left alone.

    Example: portal articles import faq/*.md --author 9000000100 --dry-run
    """
    settings, now = load_settings(), datetime.now(UTC)
    with open_database(settings) as database:
        services = create_services(settings, database)
        with database.read() as db:
            drafts = [_draft(path, source) for path, source in _read(services, db, files)]
            fresh = [each for each in drafts if not _is_known(db, each.version)]
            _author(db, author, now)
        if not dry_run:
            with database.write() as db:
                fresh = _prepared(db, author_as_viewer(_author(db, author, now), now), drafts, now)
    for each in drafts:
        click.echo(f"{each.name}: {('to prepare' if dry_run else 'prepared') if each in fresh else 'unchanged'}")
    click.echo("nothing was prepared (--dry-run)" if dry_run else f"{len(fresh)} to be read again at the desk")


def _read(services: Services, db: Session, files: Sequence[Path]) -> Iterator[tuple[Path, Source]]:
    """The articles of all the files. Raises `ClickException`, which tells what is wrong in each of them."""
    problems, slugs = [], dict[str, Path]()
    for path in files:
        try:
            source = source_in(slug_of(path.stem), path.read_text(encoding="utf-8-sig"))
        except ValueError:
            problems.append(f"{path.name}: {HEAD}, in UTF-8")
            continue
        problems += [f"{path.name}: {problem}" for problem in _problems(services, db, source, slugs)]
        slugs[source.slug] = path
        if not problems:
            yield path, source
    if problems:
        raise click.ClickException("nothing was prepared:\n" + "\n".join(problems))


def _problems(services: Services, db: Session, source: Source, others: dict[str, Path]) -> Iterator[str]:
    if not source.slug or len(source.slug) > LONGEST_SLUG:
        yield "name the file with letters and digits"
    if source.slug in others:
        yield f"{others[source.slug].name} is the same article"
    for line, words in lines_for_members(services, db, source.text):
        yield f"line {line} of the text: {words}" if line else words


def _prepared(db: Session, author: Viewer, drafts: Sequence[_Draft], now: datetime) -> list[_Draft]:
    """Prepares under the author's name what the desk does not hold already; what that was."""
    fresh = [each for each in drafts if not _is_known(db, each.version)]
    for each in fresh:
        made = prepare_version(db, author, each.version, each.title, None, now)
        said = {"by": "console", "title": each.title}
        record(db, None, Action.PUBLICATION_PREPARED, object=made.object, details=said)
    return fresh


def _author(db: Session, identifier: str, now: datetime) -> Account:
    account = account_by_identifier(db, identifier)
    may = account is not None and Permission.DESK_PUBLISH in GRANTS[Role(account.role)]
    if account is None or not may or block_of(db, account.id or 0, now) is not None:
        raise click.ClickException("--author names an open account of the desk, which may prepare publications")
    return account


def _is_known(db: Session, version: ArticleVersion) -> bool:
    """Whether the last version of the article that was not given up says just that."""
    kept = (one for one, told in versions_of(db, version.slug) if told.cancelled_at is None)
    last = next(kept, None)
    return last is not None and digest_of_version(last) == digest_of_version(version)


def _draft(path: Path, source: Source) -> _Draft:
    version = ArticleVersion(
        publication_id=0, slug=source.slug, theme=source.theme, words=source.words, text=source.text
    )
    return _Draft(path.name, version, title_of(source.text))
