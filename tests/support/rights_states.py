"""The states of the professional's pages of rights."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from portal.formatting import today
from tests.support.states import State, fail
from tests.support.visits import PROVIDER

RIGHTS = "/professionnel/droits"
HISTORY = f"{RIGHTS}/historique"


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


RIGHTS_STATES = [
    State("rights check", PROVIDER, RIGHTS),
    State("rights check, error", PROVIDER, RIGHTS, fail("Vérifier les droits")),
    State("rights check, unknown", PROVIDER, RIGHTS, check_nobody),
    State("rights checks", PROVIDER, HISTORY),
    State("rights checks, an answer", PROVIDER, HISTORY, open_last),
    State("rights checks, none that day", PROVIDER, f"{HISTORY}?le={today() - timedelta(days=900)}"),
    State("rights checks, error", PROVIDER, f"{HISTORY}?le=2026-02-31"),
    State("rights checks, unknown number", PROVIDER, HISTORY, fail("Retrouver cette vérification")),
]
