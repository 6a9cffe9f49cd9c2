"""The states of the professional's pages of rights."""

from collections.abc import Callable
from datetime import timedelta

from PIL import Image
from playwright.sync_api import Page, expect

from portal.formatting import today
from tests.support.card_photos import encoded, photo_of
from tests.support.states import State, fail
from tests.support.visits import PROVIDER

RIGHTS = "/professionnel/droits"
HISTORY = f"{RIGHTS}/historique"
CODE = "CTP1|0099999901|IS|02|A90001|20260101|20261231|R|" + "A" * 40
BLANK = encoded(Image.new("RGB", (800, 600), "grey"))


def open_last(page: Page) -> None:
    """Opens the newest answer of the list."""
    page.locator("ul.rows a").first.click()
    expect(page.get_by_role("heading", name="Votre preuve")).to_be_visible()


def check_nobody(page: Page) -> None:
    """Asks about nobody: the answer says so."""
    page.get_by_label("N° d’adhérent").fill("INCONNU9")
    page.get_by_label("Date de naissance").fill("1980-05-17")
    page.get_by_label("Je prends en charge").check(force=True)
    page.get_by_role("button", name="Vérifier les droits").click()
    expect(page.get_by_role("heading", name="Bénéficiaire inconnu", level=2)).to_be_visible()


def photograph(content: bytes, then: str) -> Callable[[Page], None]:
    """Sends a photo; the page then says this."""

    def send(page: Page) -> None:
        file = {"name": "carte.jpg", "mimeType": "image/jpeg", "buffer": content}
        page.get_by_label("Photo de la carte").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_role("button", name="Lire la photo").click()
        expect(page.get_by_text(then).first).to_be_visible()

    return send


RIGHTS_STATES = [
    State("rights check", PROVIDER, RIGHTS),
    State("rights check, error", PROVIDER, RIGHTS, fail("Vérifier les droits")),
    State("rights check, unknown", PROVIDER, RIGHTS, check_nobody),
    State("rights check, photo read", PROVIDER, RIGHTS, photograph(photo_of(CODE), "Carte lue")),
    State("rights check, photo unreadable", PROVIDER, RIGHTS, photograph(BLANK, "Aucun code carré")),
    State("rights checks", PROVIDER, HISTORY),
    State("rights checks, an answer", PROVIDER, HISTORY, open_last),
    State("rights checks, none that day", PROVIDER, f"{HISTORY}?le={today() - timedelta(days=900)}"),
    State("rights checks, error", PROVIDER, f"{HISTORY}?le=2026-02-31"),
    State("rights checks, unknown number", PROVIDER, HISTORY, fail("Retrouver cette vérification")),
]
