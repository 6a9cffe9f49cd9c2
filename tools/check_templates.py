"""Checks what templates may hold, before anything renders them: `python tools/check_templates.py [FILE…]`.

The strict content security policy, htmx without its dangerous parts, and pages that work without scripts rest on this.
What a rendered page must be (labels, titles, typography…) is the tests' auditing client's business.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

TEMPLATES = Path(__file__).parents[1] / "templates"
MOST_LINES = 120
# Mail programs know no style sheet of ours, and no content security policy; nor does a file read without the portal.
STYLED = {TEMPLATES / "emails" / "form.html", TEMPLATES / "archive" / "readme.html"}

FORBIDDEN = {
    "style": "inline style",
    "hx-vars": "evaluates",
    "hx-ext": "no extensions",
    "hx-params": "the form says what is sent",
    "hx-prompt": "a dialog outside the page",
    "hx-boost": "pages load as pages",
    "hx-inherit": "nothing is inherited",
    "hx-put": "forms know get and post",
    "hx-patch": "forms know get and post",
    "hx-delete": "would put its fields in the URL",
}
URLS = ("href", "src", "action", "formaction", "hx-get", "hx-post", "hx-push-url", "poster", "srcset")
MARKED_SAFE = {"safe", "forceescape", "mark_safe"}
SAFE_IN_PLACE = {"#", "{", "mailto:", "tel:"}
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
PLACEHOLDER = "{"

Problem = tuple[int, str]


def check(source: str) -> list[Problem]:
    """The problems of a template's source, each with its line."""
    reader = _Reader()
    reader.feed(_without_jinja(source))
    reader.close()
    return sorted({*reader.problems, *_expressions(source), *_length(source)})


def _without_jinja(source: str) -> str:
    """The HTML, with one brace for each expression and every line kept."""
    source = COMMENT.sub(lambda match: "\n" * match.group().count("\n"), source)
    return EXPRESSION.sub(lambda match: PLACEHOLDER + "\n" * match.group().count("\n"), source)


def _length(source: str) -> Iterator[Problem]:
    lines = source.count("\n")
    if lines > MOST_LINES:
        yield lines, f"{lines} lines, {MOST_LINES} at most: split it"


def _expressions(source: str) -> Iterator[Problem]:
    tree = Environment(autoescape=True).parse(source)
    for node in tree.find_all(nodes.Filter):
        if node.name in MARKED_SAFE:
            yield node.lineno, f"|{node.name}: everything is escaped"
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in {"Markup", "url_for"}:
            yield call.lineno, f"{call.node.name}(): not in templates"
    for data in tree.find_all(nodes.ScopedEvalContextModifier):
        yield data.lineno, "autoescape stays on"
    for pair in tree.find_all(nodes.Pair):
        if isinstance(pair.key, nodes.Const) and isinstance(pair.value, nodes.Const):
            yield from ((pair.lineno, words) for words in _attribute(str(pair.key.value), str(pair.value.value), "{"))


class _Reader(HTMLParser):
    """Start tags, and the forms they stand in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[Problem] = []
        self._forms: list[dict[str, str]] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._forms.append(known)
        found = [*_tag(tag, known), *self._requests(tag, known)]
        for name, value in known.items():
            found += _attribute(name, value, tag)
        self.problems += [(self.getpos()[0], f"<{tag}> {words}") for words in found]
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._forms:
            self._forms.pop()
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.problems.append((self.getpos()[0], "<script> inline script"))

    def _requests(self, tag: str, known: dict[str, str]) -> Iterator[str]:
        form = self._forms[-1] if self._forms else {}
        if tag == "form" and not (known.get("method") and known.get("action")):
            yield "a form has a method and an action"
        if "hx-post" in known and not (form.get("method", "").lower() in {"post", PLACEHOLDER} and form.get("action")):
            yield 'hx-post stands in a <form method="post" action=…>'
        if "hx-get" in known and not (known.get("href") or known.get("formaction") or form.get("action")):
            yield "hx-get stands beside an href, or in a form with an action"


def _tag(tag: str, known: dict[str, str]) -> Iterator[str]:
    if tag == "style" or (tag == "script" and not known.get("src")):
        yield f"inline {tag}"
    if tag == "iframe" and not (known.get("title") and known.get("src") == PLACEHOLDER):
        yield "a frame has a title, and an address of the portal"
    if tag in {"object", "embed", "base"}:
        yield "has no place here"


def _attribute(name: str, value: str, tag: str) -> Iterator[str]:
    if name in FORBIDDEN:
        yield f"{name}: {FORBIDDEN[name]}"
    if re.match(r"(on[a-z]+|hx-on.*|data-hx-.*)$", name):
        yield f"{name}: inline script"
    if name in {"hx-vals", "hx-headers"} and value.lstrip().startswith(("js:", "javascript:")):
        yield f"{name}: evaluates"
    if name == "hx-trigger" and "[" in value:
        yield "hx-trigger: a filter evaluates"
    if name == "hx-disable" and value:
        yield "hx-disable: takes no value, htmx 4 gives it another meaning"
    if name in URLS:
        yield from _url(name, value, tag)


def _url(name: str, value: str, tag: str) -> Iterator[str]:
    if value.startswith("https://") and tag == "a" and name == "href":
        return
    if value.startswith(("http:", "https:", "//")):
        yield f"{name}: reaches another site"
    elif value and not value.startswith(tuple(SAFE_IN_PLACE)):
        yield f"{name}: the path {value!r} is spelled out, name the handler: url(…)"


def main(arguments: list[str]) -> int:
    paths = [Path(argument) for argument in arguments] or sorted(TEMPLATES.rglob("*.html"))
    found = [(path, line, words) for path in paths for line, words in check(path.read_text(encoding="utf8"))]
    found = [problem for problem in found if not (problem[0] in STYLED and problem[2] == "<style> inline style")]
    for path, line, words in found:
        print(f"{path}:{line}: {words}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
