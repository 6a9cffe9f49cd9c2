"""htmx swaps, applied to a parsed page; and the proof that a swapped page equals the reloaded one."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.support.client import AuditingClient
from tests.support.forms import read_form
from tests.support.html import Html

DEFAULT_SWAP = "innerHTML"
# What may differ between two answers to one question: the token, which is masked anew each time.
VOLATILE_FIELDS = {"jeton"}


def apply_swap(page: str, fragment: str, target: str, swap: str = "outerHTML") -> str:
    """The page's HTML after htmx has put the fragment at `target` (an id), and its out-of-band parts at theirs."""
    document = LexborHTMLParser(page)
    roots = Html(fragment, is_fragment=True).roots
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
    reader = _Outline()
    reader.feed(LexborHTMLParser(page).html or "")
    return reader.lines


def assert_swap_equals_reload(client: AuditingClient, selector: str, **fields: Any) -> Html:
    """Does what htmx would do for an element of the current page, then asserts that the page it leaves equals the one
    that its URL (the one the answer pushes, or the page's own) gives when reloaded. `fields` fill a form. Returns the
    reloaded page, which is then the client's current one.
    """
    here = client.path
    swapped = swap_into(client, selector, **fields)
    client.get(client.answer.headers.get("hx-push-url", here))
    assert outline(swapped) == outline(client.page.text)
    return client.page


def swap_into(client: AuditingClient, selector: str, **fields: Any) -> str:
    """The current page's HTML after the htmx request of one of its elements; the client's `answer` is the fragment."""
    page = client.page
    node = page.one(selector)
    method = "POST" if "hx-post" in node.attributes else "GET"
    path = str(node.attributes[f"hx-{method.lower()}"])
    data = _filled(page, node, selector, fields)
    if data and method == "GET":
        path = f"{path}?{urlencode(data, doseq=True)}"
    fragment = client.fragment(path, data if method == "POST" else None, method=method)
    swap = (node.attributes.get("hx-swap") or DEFAULT_SWAP).split()[0]
    return apply_swap(page.text, fragment.text, _target(page, node), swap)


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
