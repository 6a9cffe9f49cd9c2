"""What changed between two versions of a text: article by article, by the paragraph, and inside it by the sentence."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from portal.legal_text import TARGETS, Article, LegalText, read_text

COMPARED_PAIRS = 32
# Two passages that share this much of their words are one that was edited; less, and one replaced the other.
ALIKE = 0.4
PREAMBLE = "Préambule"

_NUMBERING = re.compile(r"^article\s+\w+\s*[–—:.-]\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[ \n]+(?=[^a-z])")

T = TypeVar("T")


class Mark(StrEnum):
    """What happened to a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some sentences, and what happened to them."""

    mark: Mark
    text: str


Passage = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """An article that changed, and its passages that did; `mark`: it came or went whole, or it was edited (SAME)."""

    title: str
    mark: Mark
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The articles that changed, in the newer text's order, and the titles of those that did not."""

    changed: tuple[ArticleChange, ...]
    unchanged: tuple[str, ...]


@lru_cache(maxsize=COMPARED_PAIRS)
def compare(older: str, newer: str, targets: tuple[str, ...] = TARGETS) -> Comparison:
    """Compares two texts that `read_text` reads, with links that may start so. Raises `Unreadable`."""
    before, after = (_articles(read_text(text, targets)) for text in (older, newer))
    pairs = _aligned(before, after, _subject, _body)
    changes = [_article_change(old, new) for old, new in pairs]
    return Comparison(
        tuple(change for change in changes if change.passages),
        tuple(change.title for change in changes if not change.passages and change.title != PREAMBLE),
    )


def _articles(text: LegalText) -> list[Article]:
    return [Article(PREAMBLE, "", text.preamble), *text.articles]


def _subject(article: Article) -> str:
    """An article is known by its title without its number: a new one renumbers those that follow."""
    return _NUMBERING.sub("", article.title)


def _body(article: Article) -> str:
    return " ".join([article.title, *_paragraphs(article)])


def _paragraphs(article: Article | None) -> list[str]:
    return [text for block in article.blocks for text in block.texts] if article else []


def _article_change(old: Article | None, new: Article | None) -> ArticleChange:
    shown = new or old
    title = shown.title if shown else PREAMBLE
    pairs = _aligned(_paragraphs(old), _paragraphs(new), str, str)
    passages = [_passage(before, after) for before, after in pairs if before != after]
    if old and new and old.title != new.title:
        passages.insert(0, (Piece(Mark.REMOVED, old.title), Piece(Mark.ADDED, new.title)))
    mark = Mark.SAME if old and new else Mark.ADDED if new else Mark.REMOVED
    return ArticleChange(title, mark, tuple(passages))


def _passage(old: str | None, new: str | None) -> Passage:
    if old is None or new is None:
        return (Piece(Mark.REMOVED, old),) if old is not None else (Piece(Mark.ADDED, new or ""),)
    before, after = _SENTENCE_END.split(old), _SENTENCE_END.split(new)
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in _matcher(before, after).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Mark.SAME, " ".join(after[j1:j2])))
            continue
        pieces += [Piece(Mark.REMOVED, sentence) for sentence in before[i1:i2]]
        pieces += [Piece(Mark.ADDED, sentence) for sentence in after[j1:j2]]
    return tuple(pieces)


def _aligned(
    old: Sequence[T], new: Sequence[T], key: Callable[[T], str], body: Callable[[T], str]
) -> Iterator[tuple[T | None, T | None]]:
    """Which of the old stands where which of the new does: equal keys first, then bodies that are alike, in order."""
    matcher = _matcher([key(each) for each in old], [key(each) for each in new])
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(old[i1:i2], new[j1:j2], strict=True)
        else:
            yield from _paired(old[i1:i2], new[j1:j2], body)


def _paired(old: Sequence[T], new: Sequence[T], body: Callable[[T], str]) -> Iterator[tuple[T | None, T | None]]:
    done = 0
    for before in old:
        at = next((at for at in range(done, len(new)) if _are_alike(body(before), body(new[at]))), None)
        if at is None:
            yield before, None
            continue
        yield from ((None, after) for after in new[done:at])
        yield before, new[at]
        done = at + 1
    yield from ((None, after) for after in new[done:])


def _are_alike(old: str, new: str) -> bool:
    return _matcher(old.split(), new.split()).ratio() >= ALIKE


def _matcher(old: Sequence[str], new: Sequence[str]) -> "SequenceMatcher[str]":
    return SequenceMatcher(None, old, new, autojunk=False)
