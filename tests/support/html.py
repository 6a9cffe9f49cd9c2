"""Parsed HTML, and how elements are named in messages."""

from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser

import html5lib
from html5lib.html5parser import ParseError
from selectolax.lexbor import LexborHTMLParser, LexborNode

# A root's tag says where the browser will put it: the parser must know, or it drops rows and options.
_CONTAINERS = {"tr": "tbody", "td": "tr", "th": "tr", "tbody": "table", "thead": "table", "tfoot": "table",
               "caption": "table", "option": "select"}  # fmt: skip
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
HOLDER = "data-holder"


@dataclass(frozen=True)
class Html:
    """An answer's HTML: a whole document, or a fragment to be swapped into one."""

    text: str
    is_fragment: bool = False

    @cached_property
    def tree(self) -> LexborHTMLParser:
        """The parsed tree; each root of a fragment stands in the element that its tag needs (rows in a table)."""
        if not self.is_fragment:
            return LexborHTMLParser(self.text)
        return LexborHTMLParser("".join(_held(piece) for piece in self.pieces))

    @cached_property
    def pieces(self) -> list[str]:
        """The source of each root of a fragment, and of what stands between them."""
        splitter = _Splitter(self.text)
        return splitter.pieces

    @property
    def roots(self) -> list[LexborNode]:
        """The outermost nodes of a fragment, without white space."""
        children = [child for holder in self.tree.css(f"[{HOLDER}]") for child in holder.iter(include_text=True)]
        return [child for child in children if child.tag != "-text" or text_of(child)]

    def css(self, selector: str) -> list[LexborNode]:
        return self.tree.css(selector)

    def first(self, selector: str) -> LexborNode | None:
        return self.tree.css_first(selector)

    def one(self, selector: str) -> LexborNode:
        """The only element for a selector; AssertionError that says how many there are otherwise."""
        found = self.css(selector)
        assert len(found) == 1, f"{len(found)} elements for {selector!r}"
        return found[0]

    @cached_property
    def ids(self) -> list[str]:
        return [node.attributes["id"] or "" for node in self.css("[id]")]

    def syntax_error(self) -> str | None:
        """What a strict HTML5 parser objects to, or None."""
        parts = self.pieces if self.is_fragment else [self.text]
        return next(filter(None, (_syntax_error(part, is_fragment=self.is_fragment) for part in parts)), None)


def _syntax_error(text: str, *, is_fragment: bool) -> str | None:
    parser = html5lib.HTMLParser(strict=True)
    try:
        if is_fragment:
            parser.parseFragment(text, container=_container(text))
        else:
            parser.parse(text)
    except ParseError as error:
        line, column = parser.errors[-1][0]
        near = (text.splitlines() or [""])[max(line - 1, 0)].strip()[:120]
        return f"{error} at line {line}, column {column}: {near}"
    return None


def _container(piece: str) -> str:
    start = piece.lstrip()[1:].lower()
    name = next((tag for tag in _CONTAINERS if start.startswith((f"{tag} ", f"{tag}>"))), "")
    return _CONTAINERS.get(name, "div")


def _held(piece: str) -> str:
    container = _container(piece)
    holder = f"<{container} {HOLDER}>{piece}</{container}>"
    if container == "tr":
        holder = f"<tbody>{holder}</tbody>"
    return f"<table>{holder}</table>" if container in {"tbody", "tr"} else holder


class _Splitter(HTMLParser):
    """Cuts a fragment's source at its outermost elements."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self._text = text
        self._line_starts = [0]
        for line in text.split("\n"):
            self._line_starts.append(self._line_starts[-1] + len(line) + 1)
        self._depth, self._from = 0, 0
        self.pieces: list[str] = []
        self.feed(text)
        self.close()
        self._cut(len(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  (the base class's signature)
        if self._depth == 0:
            self._cut(self._offset)
        if tag not in _VOID:
            self._depth += 1
        elif self._depth == 0:
            self._cut(self._offset + len(self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._depth -= 1
        if self._depth == 0 and tag not in _VOID:
            self._cut(self._text.index(">", self._offset) + 1)

    @property
    def _offset(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def _cut(self, at: int) -> None:
        piece, self._from = self._text[self._from : at], at
        if piece.strip():
            self.pieces.append(piece)


def text_of(node: LexborNode) -> str:
    """The text people read in an element, with single ordinary spaces; no-break spaces are kept."""
    return " ".join(node.text(deep=True, separator="").replace("\t", " ").replace("\n", " ").split(" ")).strip()


def squeezed(text: str) -> str:
    """Text with runs of ordinary white space as one space."""
    return " ".join(part for part in text.replace("\n", " ").replace("\t", " ").split(" ") if part)


def shown(node: LexborNode) -> str:
    """An element in a message: its start tag, cut to a readable length."""
    return (node.html or "").split(">", 1)[0][:110] + ">"
