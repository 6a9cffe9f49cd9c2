"""The states of the pages of claims and quotes."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from portal.formatting import today
from tests.support.states import State, fail
from tests.support.visits import DEPENDANT, MEMBER

LIST, NEW = "/adherent/demandes", "/adherent/demandes/nouvelle"


def open_one(words: str, step: str = "") -> Callable[[Page], None]:
    """Opens the claim whose row says this, or one of its draft's questions."""

    def go(page: Page) -> None:
        row = page.locator(".rows li", has_text=re.compile(words, re.DOTALL))
        path = row.locator("a").first.get_attribute("href")
        page.goto(page.url.partition("/adherent")[0] + f"{path}{step}")

    return go


def begin_a_quote(page: Page) -> None:
    page.get_by_role("button", name="Commencer").click()
    page.get_by_role("link", name="Continuer").click()
    page.locator("#jour").fill(today().isoformat())
    page.get_by_role("button", name="Continuer").click()
    page.locator("#personne").wait_for()


def answer_to_the_amount(page: Page) -> None:
    begin_a_quote(page)
    page.locator(".choice label").first.click()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_text("Aides auditives", exact=True).click()
    page.get_by_role("button", name="Continuer").click()
    page.locator("#acte").wait_for()


def fail_at_the_amount(page: Page) -> None:
    answer_to_the_amount(page)
    fail("Continuer")(page)


CLAIM_STATES = [
    State("claims", MEMBER, LIST),
    State("claims, none", DEPENDANT, LIST),
    State("claim, before an invoice", MEMBER, f"{NEW}?type=facture&soin=optique"),
    State("claim, before a quote", MEMBER, f"{NEW}?type=devis"),
    State("claim, documents", MEMBER, LIST, open_one("Brouillon", "/etapes/documents")),
    State("claim, day", MEMBER, LIST, open_one("Brouillon", "/etapes/date")),
    State("claim, care", MEMBER, LIST, open_one("Brouillon", "/etapes/soin")),
    State("claim, person", DEPENDANT, f"{NEW}?type=devis", begin_a_quote),
    State("claim, amount of a quote", DEPENDANT, f"{NEW}?type=devis", answer_to_the_amount),
    State("claim, amount in error", DEPENDANT, f"{NEW}?type=devis", fail_at_the_amount),
    State("claim, draft", MEMBER, LIST, open_one("Brouillon")),
    State("claim, to complete", MEMBER, LIST, open_one("À compléter")),
    State("claim, sent", MEMBER, LIST, open_one("Malik.*Envoyée")),
    State("claim, quote estimated", MEMBER, LIST, open_one("Optique.*Envoyée")),
    State("claim, quote and what was paid", MEMBER, LIST, open_one("Dentaire.*Acceptée")),
    State("claim, paid", MEMBER, LIST, open_one("Médecines douces.*Acceptée")),
]
