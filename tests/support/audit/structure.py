"""Well-formed documents that run nothing inline and fetch nothing from elsewhere."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

from tests.support.html import Html, shown, squeezed, text_of

ERROR_PREFIX = "Erreur\u00a0: "
FETCHING = ("src", "srcset", "poster", "data", "action", "formaction", "hx-get", "hx-post")
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-owns", "aria-details",
              "aria-errormessage", "headers", "list", "form", "popovertarget")  # fmt: skip


def strict_syntax(page: Html) -> Iterator[str]:
    if error := page.syntax_error():
        yield f"not strict HTML5: {error}"


def unique_ids(page: Html) -> Iterator[str]:
    for name, count in Counter(page.ids).items():
        if count > 1:
            yield f"{count} elements have the id {name!r}"
        if not name or any(char.isspace() for char in name):
            yield f"{name!r} is no id"


def nothing_inline(page: Html) -> Iterator[str]:
    for node in page.css("style, [style]"):
        yield f"inline style: {shown(node)}"
    for node in page.css("script"):
        if not node.attributes.get("nonce") and (not node.attributes.get("src") or node.text().strip()):
            yield f"inline script: {shown(node)}"
    for node in page.css("*"):
        for name, value in node.attributes.items():
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                yield f"inline script: {shown(node)}"


def nothing_from_elsewhere(page: Html) -> Iterator[str]:
    for node in page.css("*"):
        for name, value in node.attributes.items():
            fetches = name in FETCHING or (name in {"href", "xlink:href"} and node.tag != "a")
            if fetches and value and (urlsplit(value.strip()).netloc or urlsplit(value.strip()).scheme):
                yield f"reaches elsewhere: {shown(node)}"
    for node in page.css("object, embed, base"):
        yield f"{node.tag} has no place here"
    for node in page.css("iframe:not([title])"):
        yield f"a frame without a title: {shown(node)}"


def no_frame_of_scripting(page: Html) -> Iterator[str]:
    for node in page.css("noscript"):
        yield f"everything works without scripts, so nothing is said to those without: {shown(node)}"


def references_exist(page: Html, _: str = "") -> Iterator[str]:
    ids = set(page.ids)
    for name in REFERENCES:
        for node in page.css(f"[{name}]"):
            yield from (f"{name}={target!r} points at nothing" for target in _targets(node.attributes[name], ids))
    for node in page.css('a[href^="#"]'):
        yield from (f"href=#{target} points at nothing" for target in _targets(node.attributes["href"], ids))


def _targets(value: str | None, ids: set[str]) -> list[str]:
    names = (value or "").lstrip("#").split() or [""]
    return [name for name in names if name not in ids]


def french(page: Html, _: str) -> Iterator[str]:
    if page.one("html").attributes.get("lang") != "fr":
        yield "the document is not marked as French"


def one_heading_and_its_title(page: Html, insurer: str) -> Iterator[str]:
    headings = [squeezed(node.text()) for node in page.css("h1")]
    if len(headings) != 1 or not headings[0]:
        yield f"one h1 is wanted, there are {headings}"
        return
    titles = [squeezed(node.text()) for node in page.css("head > title")]
    title = titles[0] if len(titles) == 1 else ""
    if not title.removeprefix(ERROR_PREFIX).startswith(headings[0]):
        yield f"the title {title!r} does not start with the heading {headings[0]!r}"
    if not title.endswith(insurer):
        yield f"the title {title!r} does not end with {insurer!r}"


def errors_are_announced(page: Html, _: str) -> Iterator[str]:
    title = page.first("head > title")
    says_error = title is not None and squeezed(title.text()).startswith(ERROR_PREFIX)
    if bool(page.css("[aria-invalid=true]")) and not says_error:
        yield "a field is invalid, and the title does not start with « Erreur : »"
    if says_error and not page.css('main a[href^="#"]'):
        yield "the title says « Erreur : », and no summary links to a field"


def heading_levels(page: Html, _: str) -> Iterator[str]:
    levels = [int((node.tag or "h0")[1]) for node in page.css("h1, h2, h3, h4, h5, h6")]
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"a heading jumps from h{before} to h{after}"


def landmarks(page: Html, _: str) -> Iterator[str]:
    if len(page.css("main")) != 1:
        yield f"one main is wanted, there are {len(page.css('main'))}"
    navs = page.css("nav")
    names = [node.attributes.get("aria-label") or node.attributes.get("aria-labelledby") for node in navs]
    if len(set(names)) < len(names) or (len(names) > 1 and None in names):
        yield f"navigation landmarks need names of their own: {names}"
    first = page.first("body a")
    if first is None or not (first.attributes.get("href") or "").startswith("#"):
        yield "the first link does not skip to the content"


def one_root(page: Html) -> Iterator[str]:
    """One element with an id; after it, only the page's title and elements that say themselves where they go."""
    roots = page.roots
    if not roots or roots[0].tag == "-text" or not roots[0].attributes.get("id"):
        yield "a fragment is one element with an id"
    for extra in roots[1:]:
        if extra.tag == "-text":
            yield f"text outside the root: {text_of(extra)!r}"
        elif extra.tag == "title":  # htmx puts it in the tab
            continue
        elif "hx-swap-oob" not in extra.attributes or not extra.attributes.get("id"):
            yield f"a second root that is not out of band: {shown(extra)}"


MARKUP_RULES = (strict_syntax, unique_ids, nothing_inline, nothing_from_elsewhere, no_frame_of_scripting)
DOCUMENT_RULES = (
    references_exist,
    french,
    one_heading_and_its_title,
    errors_are_announced,
    heading_levels,
    landmarks,
)
FRAGMENT_RULES = (one_root,)
