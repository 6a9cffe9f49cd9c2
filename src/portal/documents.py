"""PDF documents: Typst sources under templates/documents, data as JSON, PDF/UA-1 out (docs/adr/0005-documents.md).

Data never becomes Typst source: it enters as one JSON input, so that markup in a name prints literally. The compiler
sees the documents' folder alone, and the fonts vendored there plus those inside Typst: none of the machine's.
"""

import json
import re
import unicodedata
from datetime import datetime
from functools import cache
from typing import Any, cast

import typst

from portal.assets import TEMPLATES

SOURCES = TEMPLATES / "documents"
FONTS = SOURCES / "fonts"
REPLACEMENT = "\ufffd"

LINE_END = "\u200b"

# What the fonts draw (tests/test_documents.py sets every one of them): Latin, Greek, Cyrillic, punctuation, signs.
_DRAWN = ((0x20, 0x482), (0x1E00, 0x2040), (0x20A0, 0x20C0), (0x2190, 0x22FF))
_UNDRAWN_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def typeset(source: str, data: dict[str, Any], at: datetime) -> bytes:
    """The PDF of `templates/documents/<source>` with `data`. The same arguments always give the same bytes.

    `at` (UTC) is the date that the file states. Raises `typst.TypstError` when the source is wrong. Blocks for
    milliseconds to some hundreds of them: call it off the event loop.
    """
    compiler = typst.Compiler(str(SOURCES / source), root=str(SOURCES), font_paths=_fonts())
    text = json.dumps(printable(data), ensure_ascii=False)
    pdf = compiler.compile(
        format="pdf", sys_inputs={"data": text}, pdf_standards=["ua-1"], timestamp=int(at.timestamp())
    )
    return cast("bytes", pdf)


def printable(value: Any) -> Any:
    """`value` with each text in it made printable: PDF/UA refuses a character that no font draws.

    Such characters show as « � »; invisible ones, among them those that reverse the direction of text, are dropped.
    """
    if isinstance(value, str):
        return _printable_text(value)
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    return [printable(item) for item in value] if isinstance(value, list | tuple) else value


def breakable(text: str, longest: int) -> str:
    """`text` in which a run of more than `longest` characters may end a line: it gets zero-width spaces."""
    return re.sub(rf"[^\s\-]{{{longest + 1},}}", lambda run: _with_line_ends(run[0], longest), text)


def _with_line_ends(run: str, longest: int) -> str:
    return LINE_END.join(run[at : at + longest] for at in range(0, len(run), longest))


def _printable_text(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    spaced = unicodedata.normalize("NFC", text).replace("\n", " ").replace("\t", " ")
    return "".join(map(_drawn, spaced))


@cache
def _drawn(char: str) -> str:
    if char == LINE_END:
        return char
    if unicodedata.category(char) in {"Cc", "Cf"}:
        return ""
    known = any(first <= ord(char) <= last for first, last in _DRAWN)
    return char if known and unicodedata.category(char) not in _UNDRAWN_CATEGORIES else REPLACEMENT


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)])
