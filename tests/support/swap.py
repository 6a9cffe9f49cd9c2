"""htmx swaps, applied to a parsed page; and the proof that a swapped page equals the reloaded one."""

from difflib import unified_diff
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.support.client import AuditingClient
from tests.support.forms import option_value, read_form
from tests.support.html import Html

DEFAULT_SWAP = "innerHTML"
# What may differ between two answers to one question: the token, which is masked anew each time.
VOLATILE_FIELDS = {"jeton"}


def apply_swap(page: str, fragment: str, target: str, swap: str = "outerHTML") -> str:
    """The page's HTML after htmx has put the fragment at `target` (an id), its out-of-band parts at theirs, and its
    title in the head."""
    document = LexborHTMLParser(page)
    roots = Html(fragment, is_fragment=True).roots
    for title in [root for root in roots if root.tag == "title"]:
        document.css("head title")[0].replace_with(title)
        roots.remove(title)
    for element in [root for root in roots if "hx-swap-oob" in root.attributes]:
        style = element.attributes["hx-swap-oob"] or "true"
        del element.attrs["hx-swap-oob"]
        _place(document, element.attributes["id"] or "", "outerHTML" if style == "true" else style, [element])
    _place(document, target, swap, [root for root in roots if "hx-swap-oob" not in root.attributes])
    return document.html or ""


def _place(document: LexborHTMLParser, target: str, swap: str, new: list[LexborNode]) -> None:
    places = document.css(f'[id="{target}"]')
    assert len(places) == 1, f"{len(places)} elements have the id {target!r}"
    place = places[0]
    if swap == "innerHTML":
        for child in list(place.iter(include_text=True)):
            child.decompose()
    if swap in {"innerHTML", "beforeend"}:
        for element in new:
            place.insert_child(element)
    elif swap in {"outerHTML", "afterend", "delete"}:
        for element in reversed(new if swap != "delete" else []):
            place.insert_after(element)
        if swap != "afterend":
            place.decompose()
    else:
        raise AssertionError(f"the tests do not know the swap {swap!r}")


class _Outline(HTMLParser):
    """A page as a list of lines: tags with sorted attributes, and words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if known.get("name") in VOLATILE_FIELDS:
            known["value"] = "…"
        self.lines.append(f"<{tag} {sorted(known.items())}>")

    def handle_endtag(self, tag: str) -> None:
        self.lines.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        words = " ".join(part for part in data.replace("\n", " ").split(" ") if part)
        if words:
            self.lines.append(words)


def outline(page: str) -> list[str]:
    """What two equal pages have in common: every element, attribute and word, whatever the white space and tokens."""
    document = LexborHTMLParser(page)
    for choice in document.css("select:not([multiple])"):
        _tell_choice(choice)
    reader = _Outline()
    reader.feed(document.html or "")
    return reader.lines


def _tell_choice(choice: LexborNode) -> None:
    """Writes on a select what it says now: no option marked means the first one."""
    options = choice.css("option")
    marked = [option for option in options if "selected" in option.attributes]
    choice.attrs["data-chosen"] = option_value((marked[-1:] or options[:1] or [choice])[0])
    for option in marked:
        del option.attrs["selected"]


def filled_in(page: str, form: str, fields: dict[str, Any]) -> str:
    """The page's HTML as it stands once somebody filled the form: a browser keeps what was entered through a swap."""
    document = LexborHTMLParser(page)
    for name, value in fields.items():
        given = [] if value is None else [value] if isinstance(value, str) else list(value)
        for control in document.css(f'{form} [name="{name}"]'):
            _enter(control, given)
    return document.html or ""


def _enter(control: LexborNode, given: list[str]) -> None:
    if control.tag == "select":
        for option in control.css("option"):
            _mark(option, "selected", is_on=option_value(option) in given)
    elif control.attributes.get("type") in {"checkbox", "radio"}:
        _mark(control, "checked", is_on=(control.attributes.get("value") or "on") in given)
    elif control.tag == "input":
        control.attrs["value"] = given[0] if given else ""


def _mark(node: LexborNode, name: str, *, is_on: bool) -> None:
    if is_on:
        node.attrs[name] = ""
    elif name in node.attributes:
        del node.attrs[name]


def assert_swap_equals_reload(client: AuditingClient, selector: str, **fields: Any) -> Html:
    """Does what htmx would do for an element of the current page, then asserts that the page it leaves equals the one
    that its URL (the one the answer pushes, or the page's own) gives when reloaded. `fields` fill a form. Returns the
    reloaded page, which is then the client's current one.
    """
    here = client.path_of_page
    swapped = swap_into(client, selector, **fields)
    client.get(client.answer.headers.get("hx-push-url", here))
    _assert_equal(outline(swapped), outline(client.page.text))
    return client.page


def assert_fragment_is_in_page(client: AuditingClient, selector: str, within: str) -> Html:
    """Asserts that what a link's htmx request brings is what its `href` shows without scripts: the elements `within`
    (a CSS selector) are equal in both. For « load more » and details, whose swap leaves the page's URL as it is.
    Returns the page of the `href`, which is then the client's current one.
    """
    node = client.page.one(selector)
    fragment = client.fragment(str(node.attributes["hx-get"]))
    page = client.get(urljoin(client.path_of_page, str(node.attributes["href"])))
    _assert_equal(_outlines(fragment, within), _outlines(page, within))
    return page


def _outlines(page: Html, within: str) -> list[str]:
    found = page.css(within)
    assert found, f"nothing matches {within!r}"
    return [line for node in found for line in outline(node.html or "")]


def _assert_equal(swapped: list[str], reloaded: list[str]) -> None:
    difference = list(unified_diff(swapped, reloaded, "by htmx", "without", n=1, lineterm=""))
    assert not difference, "\n".join(difference[:40])


def swap_into(client: AuditingClient, selector: str, **fields: Any) -> str:
    """The current page's HTML after the htmx request of one of its elements; the client's `answer` is the fragment."""
    page = client.page
    node = page.one(selector)
    method = "POST" if "hx-post" in node.attributes else "GET"
    path = str(node.attributes[f"hx-{method.lower()}"])
    data = _filled(page, node, selector, fields)
    if data and method == "GET":
        path = f"{path}?{urlencode(data, doseq=True)}"
    target = _target(page, node)
    fragment = client.fragment(path, data if method == "POST" else None, method=method, target=target)
    target = client.answer.headers.get("hx-retarget", f"#{target}").removeprefix("#")
    swap = (node.attributes.get("hx-swap") or DEFAULT_SWAP).split()[0]
    return apply_swap(filled_in(page.text, selector, fields), fragment.text, target, swap)


def _filled(page: Html, node: LexborNode, selector: str, fields: dict[str, Any]) -> dict[str, list[str]]:
    if node.tag != "form":
        assert not fields, f"{selector!r} is no form, and takes no fields"
        return {}
    form = read_form(page, selector)
    form.fill(fields)
    return form.values


def _target(page: Html, node: LexborNode) -> str:
    target = node.attributes.get("hx-target") or "this"
    if target == "this":
        return str(node.attributes["id"])
    assert target.startswith("#"), f"a target is an id, not {target!r}"
    assert target[1:] in page.ids, f"the page has no element {target}"
    return target[1:]
