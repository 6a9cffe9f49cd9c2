"""htmx only decorates what works without it, and uses none of what a strict policy forbids."""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from tests.support.html import Html, shown

REQUESTS = ("hx-get", "hx-post")
FORBIDDEN = ("hx-put", "hx-patch", "hx-delete", "hx-vars", "hx-ext", "hx-params", "hx-prompt", "hx-boost", "hx-inherit")
# Inheritance is switched off (htmx-config), so these act only beside a request of their own.
COMPANIONS = ("hx-target", "hx-swap", "hx-trigger", "hx-include", "hx-select", "hx-sync", "hx-indicator",
              "hx-push-url", "hx-confirm", "hx-disabled-elt", "hx-vals")  # fmt: skip


def decorates_a_form_or_link(page: Html) -> Iterator[str]:
    for node in page.css("[hx-post]"):
        form = _form_of(node)
        if form is None or (form.attributes.get("method") or "").lower() != "post":
            yield f"hx-post outside a form that posts by itself: {shown(node)}"
    for node in page.css("[hx-get]"):
        if not _works_alone(node):
            yield f"hx-get beside no href, and in no form: {shown(node)}"


def _works_alone(node: LexborNode) -> bool:
    form = _form_of(node)
    return bool(node.attributes.get("href")) or (form is not None and bool(form.attributes.get("action")))


def _form_of(node: LexborNode) -> LexborNode | None:
    at: LexborNode | None = node
    while at is not None and at.tag != "form":
        at = at.parent
    return at


def asks_fragments_only(page: Html) -> Iterator[str]:
    for name in REQUESTS:
        for node in page.css(f"[{name}]"):
            if not (node.attributes[name] or "").startswith("/fragments/"):
                yield f"htmx asks for fragments, pages are for everyone: {shown(node)}"


def forbidden_attributes(page: Html) -> Iterator[str]:
    for node in page.css("*"):
        names = set(node.attributes)
        wrong = sorted(names & set(FORBIDDEN)) + sorted(name for name in names if name.startswith(("hx-on", "data-hx")))
        if wrong:
            yield f"{', '.join(wrong)} is not used here: {shown(node)}"
        if node.attributes.get("hx-disable"):
            yield f"hx-disable takes no value: {shown(node)}"
        if not names & set(REQUESTS) and names & set(COMPANIONS):
            yield f"nothing is inherited, so {sorted(names & set(COMPANIONS))} has no effect: {shown(node)}"


def evaluates_nothing(page: Html) -> Iterator[str]:
    for node in page.css("[hx-vals], [hx-trigger], [hx-headers]"):
        vals = (node.attributes.get("hx-vals") or "") + (node.attributes.get("hx-headers") or "")
        if vals.lstrip().startswith(("js:", "javascript:")) or "[" in (node.attributes.get("hx-trigger") or ""):
            yield f"needs eval, which the policy forbids: {shown(node)}"


HTMX_RULES = (decorates_a_form_or_link, asks_fragments_only, forbidden_attributes, evaluates_nothing)
