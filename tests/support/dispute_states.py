"""The states of contested invoices: each step of a dispute, its forms, and what they say when something is wrong."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.states import State, fail
from tests.support.visits import PROVIDER

INVOICES = "/professionnel/factures"
DISPUTES = f"{INVOICES}/contestations"


def open_one(state: str, end: str = "") -> Callable[[Page], None]:
    """Opens the dispute that stands there; `end` of its address: its form."""

    def go(page: Page) -> None:
        row = page.locator(".rows li", has=page.locator(".badge", has_text=state))
        path = row.locator("a").first.get_attribute("href")
        page.goto(page.url.partition("/professionnel")[0] + f"{path}{end}")

    return go


def contest(page: Page) -> None:
    """The form of the first invoice of the list that may be contested."""
    paths = [link.get_attribute("href") for link in page.locator("tbody th a").all()]
    for path in paths:
        page.goto(page.url.partition("/professionnel")[0] + str(path))
        if page.get_by_role("link", name="Contester", exact=True).count():
            page.get_by_role("link", name="Contester", exact=True).click()
            expect(page.get_by_role("button", name="Continuer")).to_be_visible()
            return
    raise AssertionError("no invoice here may be contested")


def contest_wrongly(page: Page) -> None:
    contest(page)
    fail("Continuer")(page)


def answer_nothing(page: Page) -> None:
    open_one("Réponse reçue")(page)
    fail("Envoyer le message")(page)


def contested_invoice(page: Page) -> None:
    open_one("Envoyée")(page)
    page.get_by_role("link", name="Voir la facture").click()
    expect(page.get_by_role("heading", name="Cette facture est contestée")).to_be_visible()


DISPUTE_STATES = [
    State("disputes", PROVIDER, DISPUTES),
    State("dispute, form of a rejection", PROVIDER, f"{INVOICES}?etat=rejetee", contest),
    State("dispute, form in error", PROVIDER, f"{INVOICES}?etat=rejetee", contest_wrongly),
    State("dispute, form of an amount, in error", PROVIDER, f"{INVOICES}?etat=partiellement_payee", contest_wrongly),
    State("dispute, form of a missing payment", PROVIDER, f"{INVOICES}?etat=en-retard", contest),
    State("dispute, draft", PROVIDER, DISPUTES, open_one("Brouillon")),
    State("dispute, draft changed", PROVIDER, DISPUTES, open_one("Brouillon", "/modifier")),
    State("dispute, sent", PROVIDER, DISPUTES, open_one("Envoyée")),
    State("dispute, answered", PROVIDER, DISPUTES, open_one("Réponse reçue")),
    State("dispute, empty message", PROVIDER, DISPUTES, answer_nothing),
    State("dispute, piece refused", PROVIDER, DISPUTES, open_one("À compléter")),
    State("dispute, answer overdue", PROVIDER, DISPUTES, open_one("En cours d’étude")),
    State("dispute, granted", PROVIDER, DISPUTES, open_one("Acceptée en partie")),
    State("dispute, refused", PROVIDER, DISPUTES, open_one("Refusée")),
    State("dispute, taken back", PROVIDER, DISPUTES, open_one("Annulée")),
    State("invoice, contested", PROVIDER, DISPUTES, contested_invoice),
]
