"""Terms that are due, in a real browser: accepting them in a small window, without scripts (R-14, R-16)."""

import pytest
from playwright.sync_api import expect

from tests.support import factories
from tests.support.visits import Site


@pytest.fixture
def undecided(site: Site) -> int:
    """The account of a member who has not accepted anything yet."""
    with site.database.write() as db:
        member = factories.person(db, "Indécise", last_name="Essai")
        factories.contract(db, member)
        return factories.member_account(db, site.keyring, member, display_name="Indécise Essai").id or 0


def test_member_accepts_at_320_pixels_without_scripts(open_tab, site, undecided) -> None:
    tab = open_tab("narrow", javascript=False)
    site.enter(tab, undecided)
    tab.go("/adherent")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Acceptez les conditions d’utilisation")
    assert tab.overflow() == []
    box = tab.page.get_by_role("checkbox")
    expect(box).not_to_be_checked()
    box.check()
    tab.page.get_by_role("button", name="Valider mon accord").click()
    expect(tab.page).to_have_url(f"{tab.origin}/adherent")
    tab.go("/compte/conditions")
    assert tab.overflow() == []
    expect(tab.page.get_by_role("heading", level=2)).to_have_text("Version 1")
