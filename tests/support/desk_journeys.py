"""What agents do at the desk in a browser, from the queue to the decision that leaves."""

import io
import re
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Page, expect

QUEUE = "/gestion/file"
PROMPT = 10_000
REFERENCE = re.compile(r"\b[A-Z]-[0-9A-Z]{4}-[0-9A-Z]{4}\b")


def photo(name: str = "piece.jpg") -> dict[str, object]:
    """A picture as a telephone takes it, for a field of files."""
    drawn = io.BytesIO()
    Image.new("RGB", (1600, 1200), "white").save(drawn, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def take(page: Page, origin: str, reference: str) -> None:
    """Finds a case in the queue by its reference and takes it: its page opens."""
    page.goto(f"{origin}{QUEUE}?reference={reference}")
    expect(page.locator("table.queue tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Je m’en charge").click()
    expect(page.locator("#suivi")).to_contain_text("Vous, depuis le")
    expect(page.get_by_role("heading", level=1)).to_contain_text(reference)


def preview(page: Page, act: str, words: str = "") -> None:
    """From a case's page to what its author will read, once this act is decided with these words."""
    page.get_by_role("link", name=act, exact=True).click()
    if words:
        page.get_by_label("Ce que la personne lira").fill(words)
    page.get_by_role("button", name="Voir ce que la personne lira").click()
    expect(page.locator("main")).to_contain_text("Relisez comme si vous étiez la personne")
    if words:
        expect(page.locator(".seen")).to_contain_text(words)


def send(page: Page, button: str = "Envoyer") -> None:
    """Sends the decision that was read: the case's page opens again."""
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#suivi")).to_be_visible()


def join(page: Page, name: str = "piece.jpg") -> None:
    """Sends a photo into the first slot that still waits for its own, and waits until it is there."""
    slot = page.locator("section.slot").filter(has_text="À joindre").first
    code = slot.get_attribute("id")
    slot.locator("input[type=file]").last.set_input_files(photo(name))  # type: ignore[arg-type]
    slot.get_by_role("button", name="Envoyer").click()
    expect(page.locator(f"#{code}").get_by_role("link", name=name)).to_be_visible(timeout=PROMPT)


def answer(page: Page, question: str, fill: Callable[[], object]) -> None:
    """Answers the question that a claim's draft asks, and goes on to the next."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(question)
    fill()
    page.get_by_role("button", name="Continuer").click()


def reference_below(page: Page) -> str:
    """The reference of the case that a member's page shows."""
    found = REFERENCE.search(page.locator("main").inner_text())
    assert found, page.url
    return found.group()
