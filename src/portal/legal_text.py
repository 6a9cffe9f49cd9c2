"""Long texts that the insurer publishes, in a plain subset of Markdown, read into blocks.

Pages, PDF files and comparisons all show these blocks, so that one reading serves them all. What the subset does not
know is refused before publication: nothing of a published text is ever lost on the way to its readers. Raw HTML is
text like any other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

TARGETS = ("https://", "mailto:")
PARSED_TEXTS = 128


class Kind(StrEnum):
    """What a block is; the values name it in templates."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    BULLETS = "bullets"
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text set in one way; `href` is empty outside links."""

    text: str
    is_strong: bool = False
    is_emphasis: bool = False
    href: str = ""


Inline = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A heading or a paragraph, made of `runs`; or a list, made of `items`."""

    kind: Kind
    runs: Inline = ()
    items: tuple[Inline, ...] = ()

    @property
    def texts(self) -> list[str]:
        """The text of the block, or of each item of the list, links spelled out."""
        return [_spelled(item) for item in self.items] or [_spelled(self.runs)]


@dataclass(frozen=True, slots=True)
class Article:
    """A titled part; `anchor` is its id in a page."""

    title: str
    anchor: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class LegalText:
    """A whole text: its title, what comes before the first article, the articles."""

    title: str
    preamble: tuple[Block, ...]
    articles: tuple[Article, ...]


class Fault(StrEnum):
    """What the subset does not know. Words for an operator; pages have their own."""

    NO_FRAME = "a text starts with « # Title » and has articles, « ## Article 1 – … »"
    HEADING = "a heading has no place in this text"
    SECOND_TITLE = "only the first line may be a title « # … »"
    START = "a numbered list starts at 1"
    BLOCK = "« {} » is not known here: paragraphs, lists and headings up to ### are"
    ITEM = "an item of a list is one paragraph"
    INLINE = "bold, italics and links to https:// or mailto: are known, nothing else"


class Unreadable(Exception):
    """The text uses what the subset does not know; the message gives the line, from 1, 0 for the whole text."""

    def __init__(self, fault: Fault, line: int = 0, what: str = "") -> None:
        words = fault.format(what)
        super().__init__(f"line {line}: {words}" if line else words)
        self.fault, self.line, self.what = fault, line, what


def plain(runs: Iterable[Run]) -> str:
    """The text of runs, without their setting."""
    return "".join(run.text for run in runs)


def _spelled(runs: Inline) -> str:
    return "".join(f"{run.text} ({run.href})" if run.href else run.text for run in runs)


@lru_cache(maxsize=PARSED_TEXTS)
def read_text(text: str, targets: tuple[str, ...] = TARGETS) -> LegalText:
    """The text of « # Title », articles « ## … » and their blocks. `targets`: how links may start.

    Raises `Unreadable`.
    """
    title = ""
    preamble: list[Block] = []
    articles: list[Article] = []
    for node in _tree(text):
        level = _level(node)
        if level == 1:
            title = _title(node, targets, is_first=not (title or preamble or articles))
        elif level == 2:
            articles.append(Article(plain(_runs(node.children[0], targets)), f"article-{len(articles) + 1}", ()))
        elif articles:
            articles[-1] = replace(articles[-1], blocks=(*articles[-1].blocks, _block(node, targets)))
        else:
            preamble.append(_block(node, targets))
    if not title or not articles:
        raise Unreadable(Fault.NO_FRAME)
    return LegalText(title, tuple(preamble), tuple(articles))


def faults_of(text: str, targets: tuple[str, ...] = TARGETS) -> list[Unreadable]:
    """All that `read_text` would refuse, block by block, in the order of the lines; nothing when it reads the text."""
    found: list[Unreadable] = []
    titles = 0
    for node in _tree(text):
        try:
            if _level(node) == 1:
                titles += 1
                _title(node, targets, is_first=titles == 1)
            elif _level(node) == 2:
                _runs(node.children[0], targets)
            else:
                _block(node, targets)
        except Unreadable as fault:
            found.append(fault)
    return found or _frame_faults(text, targets)


def _frame_faults(text: str, targets: tuple[str, ...]) -> list[Unreadable]:
    try:
        read_text(text, targets)
    except Unreadable as fault:
        return [fault]
    return []


@lru_cache(maxsize=PARSED_TEXTS)
def read_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a short text without headings. Raises `Unreadable`."""
    nodes = list(_tree(text))
    headings = [node for node in nodes if _level(node)]
    if headings:
        raise _refused(headings[0], Fault.HEADING)
    return tuple(_block(node, TARGETS) for node in nodes)


_markdown = MarkdownIt("commonmark", {"html": False})


def _tree(text: str) -> Iterator[SyntaxTreeNode]:
    return iter(SyntaxTreeNode(_markdown.parse(text)).children)


def _level(node: SyntaxTreeNode) -> int:
    return int(node.tag[1]) if node.type == "heading" else 0


def _title(node: SyntaxTreeNode, targets: tuple[str, ...], *, is_first: bool) -> str:
    if not is_first:
        raise _refused(node, Fault.SECOND_TITLE)
    return plain(_runs(node.children[0], targets))


def _block(node: SyntaxTreeNode, targets: tuple[str, ...]) -> Block:
    if node.type == "paragraph":
        return Block(Kind.PARAGRAPH, runs=_runs(node.children[0], targets))
    if _level(node) == 3:
        return Block(Kind.HEADING, runs=_runs(node.children[0], targets))
    if node.type in {"bullet_list", "ordered_list"}:
        kind = Kind.BULLETS if node.type == "bullet_list" else Kind.NUMBERS
        if node.attrs.get("start", 1) != 1:
            raise _refused(node, Fault.START)
        return Block(kind, items=tuple(_item(item, targets) for item in node.children))
    raise _refused(node, Fault.BLOCK, node.type)


def _item(node: SyntaxTreeNode, targets: tuple[str, ...]) -> Inline:
    if [child.type for child in node.children] != ["paragraph"]:
        raise _refused(node, Fault.ITEM)
    return _runs(node.children[0].children[0], targets)


def _runs(inline: SyntaxTreeNode, targets: tuple[str, ...]) -> Inline:
    return tuple(run for node in inline.children for run in _set(node, Run(""), targets) if run.text)


def _set(node: SyntaxTreeNode, way: Run, targets: tuple[str, ...]) -> Iterator[Run]:
    """The runs of an inline node, set as `way` and as the node itself says."""
    if node.type in {"text", "softbreak"}:
        yield replace(way, text=node.content if node.type == "text" else " ")
        return
    inner = _way(node, way, targets)
    for child in node.children:
        yield from _set(child, inner, targets)


def _way(node: SyntaxTreeNode, way: Run, targets: tuple[str, ...]) -> Run:
    if node.type == "strong":
        return replace(way, is_strong=True)
    if node.type == "em":
        return replace(way, is_emphasis=True)
    href = str(node.attrs.get("href", "")) if node.type == "link" else ""
    if not href.startswith(targets):
        raise _refused(node, Fault.INLINE)
    return replace(way, href=href)


def _refused(node: SyntaxTreeNode, fault: Fault, what: str = "") -> Unreadable:
    """Only blocks know their lines: an inline node is where its block starts."""
    lines = node.map
    while lines is None and node.parent is not None:
        node = node.parent
        lines = node.map
    return Unreadable(fault, lines[0] + 1 if lines else 0, what)
