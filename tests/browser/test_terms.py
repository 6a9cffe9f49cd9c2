"""Terms that are due, in a real browser: rules of accessibility, reflow, and accepting without scripts (R-14, R-16)."""

import pytest
from playwright.sync_api import expect

from tests.support import factories
from tests.support.visits import Site

PAGES = ("/conditions/acceptation", "/conditions/refus")


@pytest.fixture
def undecided(site: Site) -> int:
    """The account of a member who has not accepted anything yet."""
    with site.database.write() as db:
        member = factories.person(db, "Indécise", last_name="Essai")
        factories.contract(db, member)
        return factories.member_account(db, site.keyring, member, display_name="Indécise Essai").id or 0


@pytest.mark.parametrize(
    ("profile", "scheme"), [("phone", "light"), ("phone", "dark"), ("desktop", "light"), ("desktop", "dark")]
)
def test_member_meets_terms_that_are_due_without_a_violation(open_tab, site, undecided, profile, scheme) -> None:
    tab = open_tab(profile, scheme=scheme)
    site.enter(tab, undecided)
    for path in PAGES:
        tab.go(path)
        assert tab.axe() == [], path
        assert tab.overflow() == [], path
        assert tab.small_targets() == [], path


def test_terms_that_are_due_are_valid_html(open_tab, site, undecided, check_html) -> None:
    tab = open_tab(javascript=False)
    site.enter(tab, undecided)
    assert check_html({path: tab.context.request.get(tab.origin + path).text() for path in PAGES}) == []


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
