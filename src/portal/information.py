"""Information articles: dated Markdown with figures in force and links to our own pages.

The portal brings some under templates/articles; each is read until the desk publishes that article itself
(`data/articles.py`), and by nobody once the desk withdrew it. A file starts with its theme, search words and date, then
« # Title », a summary and « ## » parts. `{{code}}` stands for a dated parameter, `page:name` for a page of the portal:
tests and the desk refuse unknown ones; tests refuse amounts typed by hand.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

from sqlmodel import Session

from portal.assets import TEMPLATES
from portal.data.articles import ArticleVersion, articles_in_force
from portal.data.figures import parameters_on
from portal.folding import fold
from portal.formatting import day_in_france, money, today
from portal.legal_text import TARGETS, Block, Inline, LegalText, plain, read_text

ARTICLES = TEMPLATES / "articles"
PAGE = "page:"
CENTS = "centimes"
ARTICLE_TARGETS = (*TARGETS, PAGE)
UNKNOWN = "(montant à venir)"
_FIGURE = re.compile(r"\{\{([a-z_]+)\}\}")


@dataclass(frozen=True, slots=True)
class Source:
    """An article as it is written. `words`: more words by which it is found."""

    slug: str
    theme: str
    words: str
    updated_on: date
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An article as it is read on a day."""

    slug: str
    theme: str
    updated_on: date
    legal: LegalText

    @property
    def title(self) -> str:
        return self.legal.title

    @property
    def summary(self) -> str:
        """Its first paragraph."""
        return plain(self.legal.preamble[0].runs)


@cache
def sources() -> dict[str, Source]:
    """Every article that the portal brings, by its slug."""
    return {path.stem: source_in(path.stem, path.read_text(encoding="utf8")) for path in sorted(ARTICLES.glob("*.md"))}


def articles_now(db: Session, now: datetime) -> dict[str, Source]:
    """Every article that is read at an instant (UTC), by slug: as the desk wrote it last, else as the portal brings
    it."""
    held = articles_in_force(db, now)
    ours = {slug: source for slug, source in sources().items() if slug not in held}
    desk = {
        slug: source_of(version, told.effective_at)
        for slug, (version, told) in held.items()
        if not version.is_withdrawal
    }
    return dict(sorted((ours | desk).items()))


def figures_now(db: Session) -> Mapping[str, str]:
    """Every figure in force today, in words: « 2,00 € », or a number."""
    found = parameters_on(db, today())
    return {code: money(value) if unit == CENTS else str(value) for code, (unit, value) in found.items()}


def source_of(version: ArticleVersion, effective_at: datetime | None) -> Source:
    """A version of the desk's, which is up to date as of the day on which it took effect."""
    updated_on = day_in_france(effective_at) if effective_at else today()
    return Source(version.slug, version.theme, version.words, updated_on, version.text)


def show(source: Source, figures: Mapping[str, str], url: Callable[[str], str]) -> Shown:
    """An article with its figures (words by parameter) and links. `url`: the address of a page by its name."""
    text = _FIGURE.sub(lambda found: figures.get(found[1], UNKNOWN), source.text)
    legal = read_text(text, ARTICLE_TARGETS)
    linked = replace(
        legal,
        preamble=tuple(_linked(block, url) for block in legal.preamble),
        articles=tuple(
            replace(part, blocks=tuple(_linked(block, url) for block in part.blocks)) for part in legal.articles
        ),
    )
    return Shown(source.slug, source.theme, source.updated_on, linked)


def matches(source: Source, asked: str) -> bool:
    """Whether each word that was asked stands in the article, whatever accents and capitals."""
    whole = fold(f"{source.text} {source.words} {source.theme}")
    return all(word in whole for word in fold(asked).split())


def figures_in(source: Source) -> set[str]:
    """The parameters that an article names."""
    return set(_FIGURE.findall(source.text))


def source_in(slug: str, content: str) -> Source:
    """The article of a file: its head, a blank line, its text. Raises `ValueError` when the head is none."""
    head, _, text = content.partition("\n\n")
    said = dict(line.split(": ", 1) for line in head.splitlines())
    if not said.keys() >= {"theme", "mots", "maj"}:
        raise ValueError("theme, mots, maj")
    return Source(slug, said["theme"], said["mots"], date.fromisoformat(said["maj"]), text)


def _linked(block: Block, url: Callable[[str], str]) -> Block:
    return replace(block, runs=_runs(block.runs, url), items=tuple(_runs(item, url) for item in block.items))


def _runs(runs: Inline, url: Callable[[str], str]) -> Inline:
    return tuple(
        replace(run, href=_address(run.href.removeprefix(PAGE), url)) if run.href.startswith(PAGE) else run
        for run in runs
    )


def _address(name: str, url: Callable[[str], str]) -> str:
    """The address of a page; none for one that a later release of the portal does without: its words stay."""
    try:
        return url(name)
    except KeyError:
        return ""
