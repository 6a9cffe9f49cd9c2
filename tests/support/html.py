"""Parsed HTML, and how elements are named in messages."""

from dataclasses import dataclass
from functools import cached_property

import html5lib
from html5lib.html5parser import ParseError
from selectolax.lexbor import LexborHTMLParser, LexborNode

# A fragment's first tag says where the browser will put it: the parser must know, or it drops rows and options.
_CONTAINERS = {"tr": "tbody", "td": "tr", "th": "tr", "tbody": "table", "thead": "table", "tfoot": "table",
               "caption": "table", "option": "select"}  # fmt: skip


@dataclass(frozen=True)
class Html:
    """An answer's HTML: a whole document, or a fragment to be swapped into one."""

    text: str
    is_fragment: bool = False

    @cached_property
    def tree(self) -> LexborHTMLParser:
        """The parsed tree; a fragment's stands in the element its first tag needs (rows in a table)."""
        if not self.is_fragment:
            return LexborHTMLParser(self.text)
        return LexborHTMLParser(_wrapped(self.text, self.container))

    @property
    def container(self) -> str:
        start = self.text.lstrip()[1:].lower()
        name = next((tag for tag in _CONTAINERS if start.startswith((f"{tag} ", f"{tag}>"))), "")
        return _CONTAINERS.get(name, "div")

    @property
    def roots(self) -> list[LexborNode]:
        """The outermost elements of a fragment."""
        holder = self.tree.css_first("#the-container")
        assert holder is not None
        return [child for child in holder.iter() if child.tag != "-text"]

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
        parser = html5lib.HTMLParser(strict=True)
        try:
            if self.is_fragment:
                parser.parseFragment(self.text, container=self.container)
            else:
                parser.parse(self.text)
        except ParseError as error:
            line, column = parser.errors[-1][0]
            return f"{error} at line {line}, column {column}: {self._near(line)}"
        return None

    def _near(self, line: int) -> str:
        return self.text.splitlines()[max(line - 1, 0)].strip()[:120] if self.text else ""


def _wrapped(text: str, container: str) -> str:
    holder = f'<{container} id="the-container">{text}</{container}>'
    if container == "tr":
        holder = f"<tbody>{holder}</tbody>"
    return f"<table>{holder}</table>" if container in {"tbody", "tr"} else holder


def text_of(node: LexborNode) -> str:
    """The text people read in an element, with single ordinary spaces; no-break spaces are kept."""
    return " ".join(node.text(deep=True, separator="").replace("\t", " ").replace("\n", " ").split(" ")).strip()


def squeezed(text: str) -> str:
    """Text with runs of ordinary white space as one space."""
    return " ".join(part for part in text.replace("\n", " ").replace("\t", " ").split(" ") if part)


def shown(node: LexborNode) -> str:
    """An element in a message: its start tag, cut to a readable length."""
    return (node.html or "").split(">", 1)[0][:110] + ">"
