"""The states of the pages of complaints, with an account and without."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.states import NOBODY, State, fail, fail_in_place, press
from tests.support.visits import DEPENDANT, LEAVER, MEMBER

LIST, NEW, PUBLIC = "/adherent/reclamations", "/adherent/reclamations/nouvelle", "/reclamation"
FOLLOWED = f"{PUBLIC}/suivi?jeton={{complaint}}"


def open_one(words: str, end: str = "") -> Callable[[Page], None]:
    """Opens the complaint whose row says this; `end` of its address: its form."""

    def go(page: Page) -> None:
        row = page.locator(".rows li", has_text=re.compile(words))
        path = row.locator("a").first.get_attribute("href")
        page.goto(page.url.partition("/adherent")[0] + f"{path}{end}")

    return go


def answer_nothing(page: Page) -> None:
    open_one("Envoyée")(page)
    fail_in_place("Envoyer le message", "message")(page)


def left_in_a_tab(page: Page) -> None:
    """Sends words by a form of another complaint than the one whose link was opened last."""
    page.locator("#message").fill("J’ai reçu votre courrier.")
    page.evaluate("document.querySelectorAll('[name=dossier]').forEach((field) => { field.value = 'x' })")
    fail("Envoyer le message")(page)


def dies_in_a_tab(page: Page) -> None:
    """Sends words once the browser has forgotten the link."""
    page.locator("#message").fill("J’ai reçu votre courrier.")
    kept = [cookie for cookie in page.context.cookies() if not cookie["name"].endswith("followed")]
    page.context.clear_cookies()
    page.context.add_cookies(kept)
    press("Envoyer le message")(page)
    expect(page.locator("#non-envoye")).to_be_visible()


COMPLAINT_STATES = [
    State("complaints", MEMBER, LIST),
    State("complaints, none", DEPENDANT, LIST),
    State("complaint, form", MEMBER, NEW),
    State("complaint, form in error", MEMBER, NEW, fail("Continuer")),
    State("complaint, draft", MEMBER, LIST, open_one("Brouillon")),
    State("complaint, draft changed", MEMBER, LIST, open_one("Brouillon", "/modifier")),
    State("complaint, sent", MEMBER, LIST, open_one("Envoyée")),
    State("complaint, empty message", MEMBER, LIST, answer_nothing),
    State("complaint, acknowledged", MEMBER, LIST, open_one("à l’étude")),
    State("complaint, unfounded", MEMBER, LIST, open_one("Non fondée")),
    State("complaint, two months old", LEAVER, LIST, open_one("Envoyée|étude")),
    State("complaint without account", NOBODY, PUBLIC),
    State("complaint without account, error", NOBODY, PUBLIC, fail("Envoyer la réclamation")),
    State("complaint without account, sent", NOBODY, f"{PUBLIC}/envoyee"),
    State("complaint without account, followed", NOBODY, FOLLOWED),
    State("complaint without account, no file", NOBODY, FOLLOWED, fail("Envoyer les documents")),
    State("complaint without account, no message", NOBODY, FOLLOWED, fail("Envoyer le message")),
    State("complaint without account, another one's form", NOBODY, FOLLOWED, left_in_a_tab),
    State("complaint without account, forgotten link", NOBODY, FOLLOWED, dies_in_a_tab),
    State("complaint without account, dead link", NOBODY, f"{PUBLIC}/suivi"),
]
