"""The keyboard alone: where the focus goes, and that it is always somewhere visible (WCAG 2.1.1, 2.4.7, 2.4.11)."""

from collections.abc import Callable

from playwright.sync_api import Page

MOST_TABS = 90
# What the keyboard is on: its words, whether an outline shows it, and whether it is inside the window, above the bar
# that sticks to its bottom.
FOCUSED = """() => {
    const element = document.activeElement, box = element.getBoundingClientRect();
    const outlined = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const bar = document.querySelector(".thumb");
    const bottom = bar && bar.checkVisibility() && !bar.contains(element) && !element.closest("[popover]")
        ? bar.getBoundingClientRect().top : innerHeight;
    return {
        tag: element.tagName, id: element.id, words: (element.innerText || element.value || "").trim(),
        seen: outlined(getComputedStyle(element)) || outlined(getComputedStyle(element, "::after")),
        inside: box.bottom > 0 && box.top < bottom && box.right > 0 && box.left < innerWidth};
}"""


def tab_once(page: Page, key: str = "Tab") -> dict[str, object]:
    """Presses Tab; what has the focus then is somewhere, in the window, and outlined."""
    page.keyboard.press(key)
    focused = focused_on(page)
    assert focused["tag"] != "BODY", "the focus was lost"
    assert focused["seen"], f"nothing shows that the focus is on {focused}"
    assert focused["inside"], f"{focused} has the focus outside the window"
    return focused


def focused_on(page: Page) -> dict[str, object]:
    """What the keyboard is on."""
    focused: dict[str, object] = page.evaluate(FOCUSED)
    return focused


def tab_to(page: Page, is_there: Callable[[dict[str, object]], bool], key: str = "Tab") -> dict[str, object]:
    """Presses Tab, or Shift+Tab, until the focus is there."""
    for _ in range(MOST_TABS):
        focused = tab_once(page, key)
        if is_there(focused):
            return focused
    raise AssertionError("the keyboard does not get there")


def tab_to_field(page: Page, field: str, text: str) -> None:
    """Types into the field of this id."""
    tab_to(page, lambda on: on["id"] == field)
    page.keyboard.type(text)


def press_link(page: Page, words: str) -> None:
    """Follows the next link, or presses the next button, that says this."""
    tab_to(page, lambda on: words in str(on["words"]))
    page.keyboard.press("Enter")
