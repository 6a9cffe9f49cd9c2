"""A claim from the photo to its receipt in a real browser: by touch, and without JavaScript (issue: claims; A6, A7)."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from portal.formatting import today
from tests.support.visits import MEMBER

YESTERDAY = (today() - timedelta(days=1)).isoformat()


def photo() -> dict[str, object]:
    drawn = io.BytesIO()
    Image.new("RGB", (1600, 1200), "white").save(drawn, "JPEG")
    return {"name": "facture.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def join_photo(page: Page) -> None:
    """Takes a photo, which a telephone offers first, and sends it."""
    page.get_by_label("Prendre une photo").set_input_files(photo())  # type: ignore[arg-type]
    page.get_by_role("button", name="Envoyer :").tap()
    expect(page.get_by_role("link", name="facture.jpg")).to_be_visible(timeout=10_000)


def answer(page: Page, question: str, fill: Callable[[Page], object]) -> None:
    """Answers the question that the page asks, and goes on to the next."""
    expect(page.get_by_role("heading", level=1)).to_have_text(question)
    fill(page)
    page.get_by_role("button", name="Continuer").tap()


@pytest.mark.parametrize("javascript", [True, False], ids=["by touch", "without JavaScript"])
def test_member_claims_a_session_from_a_photo(open_tab, site, javascript) -> None:
    """One thumb, one photo, four answers, a reference; the same pages without any script."""
    tab = open_tab("phone", javascript=javascript)
    site.enter(tab, site.account_of(MEMBER))
    page = tab.go("/adherent/demandes")
    page.get_by_role("link", name="Envoyer une facture").tap()
    page.get_by_role("button", name="Commencer").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre facture")
    join_photo(page)
    page.get_by_role("link", name="Continuer").tap()
    answer(page, "Quel jour le soin a-t-il eu lieu\u00a0?", lambda each: each.locator("#jour").fill(YESTERDAY))
    answer(page, "Qui a été soigné\u00a0?", lambda each: each.get_by_text("Malik Exemple").tap())
    answer(page, "De quel soin s’agit-il\u00a0?", lambda each: each.get_by_text("Médecines douces", exact=True).tap())
    answer(page, "Combien avez-vous payé\u00a0?", lambda each: each.locator("#prix").fill("60"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Demande de remboursement D-")
    expect(page.locator("main")).to_contain_text("60,00\u00a0€")
    page.get_by_role("button", name="Envoyer", exact=True).tap()
    expect(page.get_by_role("heading", name="Nous avons votre demande")).to_be_visible()
    assert not tab.problems
