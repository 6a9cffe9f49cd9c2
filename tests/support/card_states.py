"""The states of the card's pages and of the public check."""

from playwright.sync_api import Page, expect

from tests.support.states import NOBODY, State, fail
from tests.support.visits import DEPENDANT, LEAVER, MEMBER

CARD, CHECK = "/adherent/carte", "/carte/verifier"


def check_a_code(page: Page) -> None:
    """Types a code that is nobody's."""
    page.get_by_label("Code de vérification").fill("AAAAA-" * 7 + "AAAAA")
    page.get_by_role("button", name="Vérifier la carte").click()
    expect(page.get_by_role("status").filter(has_text="Code inconnu")).to_be_visible()


def unfold(page: Page) -> None:
    page.get_by_text("Ce que disent les colonnes").click()


CARD_STATES = [
    State("card", MEMBER, CARD, unfold),
    State("card, adult dependant", DEPENDANT, CARD),
    State("card, ended contract", LEAVER, CARD),
    State("card, error", MEMBER, f"{CARD}?le=2026-02-31"),
    State("card, kept on the device", MEMBER, f"{CARD}/hors-ligne"),
    State("pharmacist", MEMBER, f"{CARD}/pharmacien"),
    State("pharmacist, closed rights", LEAVER, f"{CARD}/pharmacien"),
    State("card check", NOBODY, CHECK),
    State("card check, error", NOBODY, CHECK, fail("Vérifier la carte")),
    State("card check, unknown code", NOBODY, CHECK, check_a_code),
]
