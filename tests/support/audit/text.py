"""What people read: French typography, and no leak of the machine behind it."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from tests.support.html import Html, squeezed

NBSP = "\u00a0"
SPACES = f"{NBSP}\u202f"
# What somebody typed, and is given back to be corrected, is theirs.
UNREAD = {"script", "style", "template", "code", "pre", "svg", "kbd", "samp", "textarea"}
READ_ATTRIBUTES = ("title", "alt", "aria-label", "placeholder", "label")

MACHINE = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|\bUndefined\b|\bNone\b|\bTrue\b|\bFalse\b|\bNaN\b|<built-in|object at 0x"
    r"|Decimal\(|datetime\.|Markup\(|&(?:amp|lt|gt|quot|nbsp|#\d+);|Traceback"
)
TYPOGRAPHY = (
    (re.compile(r"(?<=\w)'(?=\w)"), "a straight apostrophe (’ is wanted)"),
    (re.compile(r'"'), "straight quotes (« » are wanted)"),
    (re.compile(r"\.\.\."), "three dots (… is wanted)"),
    (re.compile(rf"[^\s{SPACES}:/?!;]\s?(?<![{SPACES}])[;?!](?!\w|=)"), "no no-break space before ; ? or !"),
    (re.compile(rf"(?<![{SPACES}\d:]):(?![\d/:\w])"), "no no-break space before :"),
    (re.compile(rf"«(?![{SPACES}])|(?<![{SPACES}])»"), "no no-break space inside « »"),
    (re.compile(rf"(?<![{SPACES}])[€%](?!\w)"), "no no-break space before € or %"),
    (re.compile(r"\d[.]\d{2}[\s\u00a0\u202f]?€"), "an amount with a point (a comma is wanted)"),
    (re.compile(r"\d{4,}(?:,\d{2})?[\s\u00a0\u202f]€"), "an amount without its thousands apart"),
    (re.compile(r"\d \d{3}(?:,\d{2})?[\s\u00a0\u202f]€"), "an amount with an ordinary space among its thousands"),
    (re.compile(r"(?:^|\s)-\d[\d\s\u00a0]*,\d{2}"), "a hyphen as minus (− is wanted)"),
)


def machine_words(page: Html) -> Iterator[str]:
    for text in _everything_read(page):
        for match in MACHINE.finditer(text):
            yield f"{match.group()!r} shows in {_around(text, match)!r}"
    for node in page.css("[href], [action], [value], [src], [id]"):
        for name in ("href", "action", "src", "id", "value"):
            value = node.attributes.get(name) or ""
            if re.search(r"(^|[/=-])None($|[/&-])|\{\{|Undefined", value):
                yield f"{name}={value!r} was not filled in"


def typography(page: Html) -> Iterator[str]:
    for text in _everything_read(page):
        for pattern, words in TYPOGRAPHY:
            match = pattern.search(text)
            if match:
                yield f"{words} in {_around(text, match)!r}"


def _around(text: str, match: re.Match[str]) -> str:
    return text[max(match.start() - 30, 0) : match.end() + 20]


def _everything_read(page: Html) -> Iterator[str]:
    """Each block of text that people read, whole: inline elements may cut a sentence in pieces."""
    title = page.first("head > title")
    if title is not None:
        yield squeezed(title.text())
    body = page.tree.body
    if body is not None:
        yield from _blocks(body)
    for name in READ_ATTRIBUTES:
        yield from (node.attributes[name] or "" for node in page.css(f"[{name}]") if node.tag != "track")


INLINE = {"-text", "a", "abbr", "b", "bdi", "br", "cite", "data", "dfn", "em", "i", "mark", "q", "s", "small", "span",
          "strong", "sub", "sup", "time", "u", "wbr"}  # fmt: skip


def _blocks(node: LexborNode) -> Iterator[str]:
    run: list[str] = []
    for child in node.iter(include_text=True):
        if child.tag in UNREAD:
            continue
        if child.tag in INLINE and not _holds_a_block(child):
            run.append(_inline_text(child))
            continue
        if "".join(run).strip(" \n"):
            yield squeezed("".join(run))
        run = []
        yield from _blocks(child)
    if "".join(run).strip(" \n"):
        yield squeezed("".join(run))


def _holds_a_block(node: LexborNode) -> bool:
    return any(inner.tag not in INLINE | UNREAD for inner in node.traverse(include_text=False) if inner != node)


def _inline_text(node: LexborNode) -> str:
    if node.tag == "br":
        return " "
    if node.tag == "-text":
        return node.text_content or ""
    return "".join(_inline_text(child) for child in node.iter(include_text=True) if child.tag not in UNREAD)


TEXT_RULES = (machine_words, typography)
