"""Puts no-break spaces where French wants them, in the text of templates: `python tools/french_spaces.py [FILE…]`."""

import re
import sys
from pathlib import Path

TEMPLATES = Path(__file__).parents[1] / "templates"
NBSP = "\u00a0"
# Comments, expressions and tags are the machine's; what stands between them is read by people.
MACHINE = re.compile(r"(\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|<!--.*?-->|<[^>]*>)", re.DOTALL)
RULES = (
    (re.compile(r"(?<=\S) ([:;?!»€%])"), rf"{NBSP}\1"),
    (re.compile(r"^ ([:;?!»€%])(?=\W|$)"), rf"{NBSP}\1"),
    (re.compile(r"« (?=\S|$)"), f"«{NBSP}"),
    (re.compile(r"(?<=\w)'(?=\w)"), "’"),
)


def corrected(source: str) -> str:
    """The template's source with French spaces and apostrophes in its text."""
    return "".join(part if at % 2 else _text(part) for at, part in enumerate(MACHINE.split(source)))


def _text(part: str) -> str:
    for pattern, replacement in RULES:
        part = pattern.sub(replacement, part)
    return part


def main(arguments: list[str]) -> None:
    for path in [Path(argument) for argument in arguments] or sorted(TEMPLATES.rglob("*.html")):
        before = path.read_text(encoding="utf8")
        after = corrected(before)
        if after != before:
            path.write_text(after, encoding="utf8")
            print(f"corrected {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
