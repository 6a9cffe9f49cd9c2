"""Forms, links, tables, images: named, complete, usable without a script."""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from tests.support.html import HOLDER, Html, shown, text_of

UNLABELLED_TYPES = {"hidden", "submit", "button", "reset", "image"}


def fields_have_labels(page: Html) -> Iterator[str]:
    labelled = {node.attributes["for"] for node in page.css("label[for]") if text_of(node)}
    for node in page.css("input, select, textarea"):
        if node.attributes.get("type") not in UNLABELLED_TYPES and not _is_labelled(node, labelled):
            yield f"no label: {shown(node)}"


def _is_labelled(node: LexborNode, labelled: set[str | None]) -> bool:
    attributes = node.attributes
    named = attributes.get("aria-label") or attributes.get("aria-labelledby")
    return bool(named) or attributes.get("id") in labelled or _inside(node, "label")


def _inside(node: LexborNode, tag: str) -> bool:
    parent = node.parent
    while parent is not None and parent.tag != tag:
        parent = parent.parent
    return parent is not None


def forms_work_alone(page: Html) -> Iterator[str]:
    for form in page.css("form"):
        method = (form.attributes.get("method") or "").lower()
        if method not in {"get", "post"} or not form.attributes.get("action"):
            yield f"a form needs a method and an action: {shown(form)}"
        if "novalidate" not in form.attributes and form.css_first("[required], [pattern], [min], [max]"):
            yield f"the server judges, so a form is novalidate: {shown(form)}"
        if method == "post" and form.css_first('input[type=hidden][name="jeton"]') is None:
            yield f"a form that posts carries the token: {shown(form)}"
        if not form.css_first("button:not([type=button]), input[type=submit]"):
            yield f"a form without a submit button: {shown(form)}"


def fields_have_names(page: Html) -> Iterator[str]:
    for node in page.css("form input, form select, form textarea"):
        if not node.attributes.get("name"):
            yield f"a field without a name is never sent: {shown(node)}"


def links_and_buttons_have_text(page: Html) -> Iterator[str]:
    for node in page.css("a, button, summary"):
        pictures = [image.attributes.get("alt") for image in node.css("img")]
        if not (text_of(node) or node.attributes.get("aria-label") or any(pictures)):
            yield f"nothing to read: {shown(node)}"
    for node in page.css("a"):
        if not node.attributes.get("href"):
            yield f"a link that leads nowhere: {shown(node)}"
    for node in page.css("button:not([type])"):
        yield f"a button says its type: {shown(node)}"


def tables_are_named(page: Html) -> Iterator[str]:
    for table in page.css("table"):
        if HOLDER in table.attributes or table.css_first(f"[{HOLDER}]"):
            continue  # a fragment of rows: its table is the page's
        caption = table.css_first("caption")
        if caption is None or not text_of(caption):
            yield f"a table needs a caption: {shown(table)}"
        if not table.css("th"):
            yield f"a table needs headers: {shown(table)}"
    for header in page.css("th"):
        if header.attributes.get("scope") not in {"col", "row", "colgroup", "rowgroup"}:
            yield f"a header needs a scope: {shown(header)}"


def images_are_described(page: Html) -> Iterator[str]:
    for node in page.css("img"):
        if node.attributes.get("alt") is None:
            yield f"no alt: {shown(node)}"
    for node in page.css("svg"):
        attributes = node.attributes
        named = attributes.get("aria-label") or attributes.get("aria-labelledby") or node.css_first("title")
        if attributes.get("aria-hidden") != "true" and not (attributes.get("role") == "img" and named):
            yield f"a drawing is hidden from screen readers or named: {shown(node)}"


def fieldsets_have_legends(page: Html) -> Iterator[str]:
    for node in page.css("fieldset"):
        legend = node.css_first("legend")
        if legend is None or not text_of(legend):
            yield f"no legend: {shown(node)}"


WIDGET_RULES = (
    fields_have_labels,
    forms_work_alone,
    fields_have_names,
    links_and_buttons_have_text,
    tables_are_named,
    images_are_described,
    fieldsets_have_legends,
)
