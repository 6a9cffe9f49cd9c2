"""Information articles: Markdown under templates/articles, dated, with figures in force and links to our own pages.

An article starts with its theme, search words and date, then « # Title », a summary and « ## » parts. `{{code}}` stands
for a dated parameter, `page:name` for a page of the portal: tests refuse unknown ones, and amounts typed by hand.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from portal.assets import TEMPLATES
from portal.folding import fold
from portal.legal_text import TARGETS, Block, Inline, LegalText, plain, read_text

ARTICLES = TEMPLATES / "articles"
PAGE = "page:"
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
    """Every article by its slug, as the files say."""
    return {path.stem: _source(path) for path in sorted(ARTICLES.glob("*.md"))}


def show(source: Source, figures: Mapping[str, str], url: Callable[[str], str]) -> Shown:
    """An article with its figures (words by parameter) and links. `url`: the address of a page by its name."""
    text = _FIGURE.sub(lambda found: figures.get(found[1], UNKNOWN), source.text)
    legal = read_text(text, (*TARGETS, PAGE))
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


def _source(path: Path) -> Source:
    head, _, text = path.read_text(encoding="utf8").partition("\n\n")
    said = dict(line.split(": ", 1) for line in head.splitlines())
    return Source(path.stem, said["theme"], said["mots"], date.fromisoformat(said["maj"]), text)


def _linked(block: Block, url: Callable[[str], str]) -> Block:
    return replace(block, runs=_runs(block.runs, url), items=tuple(_runs(item, url) for item in block.items))


def _runs(runs: Inline, url: Callable[[str], str]) -> Inline:
    return tuple(
        replace(run, href=url(run.href.removeprefix(PAGE))) if run.href.startswith(PAGE) else run for run in runs
    )
