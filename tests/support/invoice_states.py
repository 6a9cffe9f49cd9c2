"""The states of the professional's invoices: found, not found, badly asked for, and one in each kind of state."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.states import State
from tests.support.visits import PROVIDER

INVOICES, TRANSFERS = "/professionnel/factures", "/professionnel/versements"


def one(page: Page) -> None:
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", name="Les montants")).to_be_visible()


def transfer(nth: Callable[[Page], object]) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        nth(page)
        expect(page.get_by_role("link", name="Avis de règlement, PDF")).to_be_visible()

    return go


def newest(page: Page) -> None:
    page.locator("tbody th a").first.click()


def unmatched(page: Page) -> None:
    row = page.locator("#versements table").first.locator("tbody tr", has_text="Facture non retrouvée")
    while not row.count():
        page.locator("#suite a").click()
    row.locator("th a").first.click()


def searched(field: str, text: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.get_by_label(field, exact=True).fill(text)
        page.get_by_role("button", name="Chercher").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    return go


INVOICE_STATES = [
    State("invoices", PROVIDER, INVOICES),
    State("invoices, a patient", PROVIDER, INVOICES, searched("Nom du patient", "exemple")),
    State("invoices, none found", PROVIDER, f"{INVOICES}?numero=AUCUNE"),
    State("invoices, error", PROVIDER, f"{INVOICES}?montant=rien&du=demain"),
    State("invoice, late", PROVIDER, f"{INVOICES}?etat=en-retard", one),
    State("invoice, rejected", PROVIDER, f"{INVOICES}?etat=rejetee", one),
    State("invoice, waits for a piece", PROVIDER, f"{INVOICES}?etat=en_attente_piece", one),
    State("invoice, paid", PROVIDER, f"{INVOICES}?etat=payee", one),
    State("transfers", PROVIDER, TRANSFERS),
    State("transfers, to look at", PROVIDER, f"{TRANSFERS}?etat=a-regarder"),
    State("transfer", PROVIDER, TRANSFERS, transfer(newest)),
    State("transfer, unmatched line", PROVIDER, TRANSFERS, transfer(unmatched)),
]
