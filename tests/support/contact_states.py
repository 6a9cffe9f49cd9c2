"""The states of a practice's questions to the insurer, by subject, sent, answered, closed, kept as a draft."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.states import State, fail
from tests.support.visits import PROVIDER

LIST, NEW = "/professionnel/contact", "/professionnel/contact/nouveau"


def thread(starting: str, then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Opens the first thread whose title starts so."""

    def go(page: Page) -> None:
        page.locator("ul.rows a", has_text=starting).first.click()
        page.wait_for_load_state("networkidle")
        if then:
            then(page)

    return go


def swap_subject(page: Page) -> None:
    """Chooses a subject in place, then another: what was typed stays."""
    page.get_by_role("link", name="Autre chose").click()
    page.get_by_label("Votre message").fill("Bonjour, une question.")
    page.locator("#sujet").click()
    page.get_by_role("link", name="La télétransmission").click()
    expect(page.get_by_label("Votre logiciel")).to_be_visible()
    expect(page.get_by_label("Votre message")).to_have_value("Bonjour, une question.")


def draft(page: Page) -> None:
    """Keeps a question to join documents to it."""
    page.get_by_label("Titre").fill("Nos horaires d’été")
    page.get_by_label("Votre message").fill("Bonjour, où les déclarer.")
    page.get_by_role("button", name="Joindre des documents d’abord").click()
    expect(page.get_by_role("button", name="Envoyer la question")).to_be_visible()


def edit_draft(page: Page) -> None:
    draft(page)
    page.get_by_role("link", name="Modifier", exact=True).click()
    expect(page.get_by_role("button", name="Enregistrer")).to_be_visible()


CONTACT_STATES = [
    State("contact", PROVIDER, LIST),
    State("contact, subjects", PROVIDER, NEW),
    State("contact, another subject in place", PROVIDER, NEW, swap_subject),
    *(
        State(f"contact, {topic}", PROVIDER, f"{NEW}?sujet={topic}")
        for topic in ("facture", "virement", "droits", "convention")
    ),
    State("contact, invoice in error", PROVIDER, f"{NEW}?sujet=facture", fail("Envoyer")),
    State("contact, télétransmission in error", PROVIDER, f"{NEW}?sujet=teletransmission", fail("Envoyer")),
    State("contact, draft", PROVIDER, f"{NEW}?sujet=autre", draft),
    State("contact, draft changed", PROVIDER, f"{NEW}?sujet=autre", edit_draft),
    State("contact, answered", PROVIDER, LIST, thread("Facture")),
    State("contact, waiting", PROVIDER, LIST, thread("Virement")),
    State("contact, closed", PROVIDER, LIST, thread("Droits")),
]
