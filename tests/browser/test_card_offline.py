"""The card without network, in a real browser: kept once opened, alone, until sign-out (issue 4, Card; A6, A7)."""

import pytest
from playwright.sync_api import Error, Page, expect

from tests.support.visits import arrive

CARD = "/adherent/carte"
KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys())
        for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
    return {paths: found.sort(), workers: (await navigator.serviceWorker.getRegistrations()).length};
}"""


def open_card(page: Page, origin: str) -> None:
    page.goto(origin + CARD)
    expect(page.get_by_text("Cette carte reste lisible sans réseau")).to_be_visible()


def test_card_shows_without_network_until_sign_out(open_tab) -> None:
    tab = open_tab("phone")
    page = arrive(tab)
    open_card(page, tab.origin)
    kept = page.evaluate(KEPT)
    assert [path for path in kept["paths"] if not path.startswith("/static/")] == [CARD]
    assert len(kept["paths"]) <= 4
    assert kept["workers"] == 1
    code = page.locator(".card-code").inner_text()

    tab.context.set_offline(True)
    page.goto(tab.origin + CARD)
    expect(page.get_by_text("Le portail ne répond pas")).to_be_visible()
    assert page.locator(".card-code").inner_text() == code
    assert page.locator(".pass").evaluate("node => getComputedStyle(node).borderTopWidth") != "0px"

    tab.context.set_offline(False)
    page.goto(tab.origin + CARD)
    page.get_by_role("button", name="Se déconnecter").first.click()
    expect(page).to_have_url(f"{tab.origin}/connexion")
    page.wait_for_function("async () => !(await caches.keys()).length")
    page.wait_for_function("async () => !(await navigator.serviceWorker.getRegistrations()).length")
    tab.context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(tab.origin + CARD)
    tab.context.set_offline(False)
