"""Choosing a password in a real browser, with and without scripts (R-11, security: B7; RGAA 11)."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.data.columns import utc_now
from tests.support import factories
from tests.support.visits import Site

FIRST = "/mot-de-passe/premier"
NEW = "tracteur lavande 9"


@pytest.fixture
def newcomer(site: Site) -> int:
    """The account of a member whose password was delivered today."""
    with site.database.write() as db:
        member = factories.household(db).member
        until = utc_now() + timedelta(hours=24)
        account = factories.member_account(db, site.keyring, member, password_temporary_until=until)
        return account.id or 0


def test_newcomer_is_told_while_typing_and_never_hindered(site: Site, open_tab, newcomer) -> None:
    tab = open_tab("phone")
    site.enter(tab, newcomer)
    tab.go("/adherent")
    assert tab.page.url.startswith(tab.origin + FIRST)
    field = tab.page.get_by_label("Nouveau mot de passe", exact=True)
    field.fill("tracteur")
    expect(tab.page.get_by_text("Encore 7 caractères.")).to_be_visible()
    assert tab.axe() == []
    tab.page.get_by_role("button", name="Afficher").click()
    expect(field).to_have_attribute("type", "text")
    tab.page.get_by_role("button", name="Enregistrer").click()
    expect(tab.page.locator("#erreurs")).to_be_focused()
    assert tab.overflow() == []


def test_newcomer_without_scripts_chooses_and_goes_on(site: Site, open_tab, newcomer) -> None:
    tab = open_tab("narrow", javascript=False)
    site.enter(tab, newcomer)
    tab.go(FIRST)
    assert tab.overflow() == []
    tab.page.get_by_label("Nouveau mot de passe", exact=True).fill(NEW)
    tab.page.get_by_role("button", name="Enregistrer").click()
    assert FIRST not in tab.page.url
