"""Every page in every state: axe with every rule on, the Nu checker, reflow, targets, and other ways to look at it."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.data.columns import utc_now
from portal.data.site_state import SwitchState, end_maintenance, plan_maintenance
from tests.support.account_states import ACCOUNT_STATES
from tests.support.browser import PROFILES
from tests.support.cast import make_cast, withdraw_provider_teams
from tests.support.member_states import LIST, MEMBER_STATES, open_line
from tests.support.states import NOBODY, Cast, State, Visitor
from tests.support.visits import DESK, MEMBER, Site

STATES = MEMBER_STATES + ACCOUNT_STATES
# How long the server may go on believing what it read of the site's state.
SITE_SECONDS = 1.1
# WCAG 1.4.12: what readers may set themselves. A constructed sheet, since the policy refuses inline styles.
SPACED = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
        * { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important; }
        p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""
LARGE = """() => {
    document.adoptedStyleSheets = [];
    document.documentElement.style.setProperty("font-size", "200%");
}"""
HIDDEN_ON_PAPER = ".top form, .menu, .thumb, .filters, .chips, .pager, .skip, .demo, .crumbs, .bottom ul"


@pytest.fixture(scope="module")
def cast(site: Site) -> Iterator[Cast]:
    """Everybody in the states, and a service withdrawn meanwhile."""
    made = make_cast(site)
    withdraw_provider_teams(site, SwitchState.WITHDRAWN)
    time.sleep(SITE_SECONDS)
    yield made
    withdraw_provider_teams(site, SwitchState.OPEN)


@pytest.fixture
def visitor(open_tab, site, cast) -> Callable[..., Visitor]:
    return lambda *profile, **options: Visitor(open_tab(*profile, **options), site, cast)


@pytest.mark.parametrize("profile", ["phone", "desktop"])
def test_nobody_meets_a_violation_in_any_state_light_or_dark(visitor, profile) -> None:
    visits = visitor(profile, device_scale_factor=1)
    found = {state.name: seen_by_axe(visits, state, profile) for state in STATES}
    assert {name: problems for name, problems in found.items() if problems} == {}


def seen_by_axe(visits: Visitor, state: State, profile: str) -> list[str]:
    """What breaks a rule in a state; in the dark, colours alone are other."""
    visits.tab.page.emulate_media(color_scheme="light")
    visits.tab.page.set_viewport_size(PROFILES[profile]["viewport"])
    page = visits.visit(state)
    found = visits.tab.overflow() + visits.tab.small_targets()
    stretch(page, profile)
    found += visits.tab.axe()
    page.emulate_media(color_scheme="dark")
    return found + [f"dark: {violation}" for violation in visits.tab.axe(only_colours=True)]


def stretch(page: Page, profile: str) -> None:
    """The window as high as the page: else the bar that sticks to the bottom covers what axe measures."""
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": PROFILES[profile]["viewport"]["width"], "height": height + 200})


def test_every_page_is_valid_html_as_sent_and_as_it_became(visitor, check_html) -> None:
    visits = visitor()
    documents = {state.name: visits.text_of(state) for state in STATES}
    for state in STATES:
        if state.then:
            documents[f"{state.name}, as it became"] = visits.visit(state).content()
    assert check_html(documents) == []


def test_no_state_scrolls_sideways_on_small_windows_or_with_larger_text(visitor) -> None:
    visits = visitor("narrow")
    found = {}
    for state in STATES:
        visits.tab.page.set_viewport_size(PROFILES["narrow"]["viewport"])
        page = visits.visit(state)
        found[f"{state.name}, 320 pixels"] = visits.tab.overflow()
        page.evaluate(SPACED)
        found[f"{state.name}, spaced text"] = visits.tab.overflow()
        page.evaluate(LARGE)
        for profile in ("phone", "desktop"):
            page.set_viewport_size(PROFILES[profile]["viewport"])
            found[f"{state.name}, text at 200 %, {profile}"] = visits.tab.overflow()
    assert {name: wide for name, wide in found.items() if wide} == {}


def test_nobody_meets_a_violation_before_or_during_maintenance(visitor, site) -> None:
    """R-60: the banner on every page, then the page in place of every other."""
    visits, now = visitor("phone"), utc_now()
    announced = State("announced", MEMBER, "/adherent")
    during = [State("closed", NOBODY, "/"), State("closed, member", MEMBER, "/compte"), State("desk", DESK, "/gestion")]
    for start, states in ((timedelta(hours=20), [announced]), (timedelta(minutes=-5), during)):
        with site.database.write() as db:
            row = plan_maintenance(db, None, now + start, now + start + timedelta(hours=1), "Mise à jour prévue.", now)
        try:
            time.sleep(SITE_SECONDS)
            found = {state.name: seen_by_axe(visits, state, "phone") for state in states}
        finally:
            with site.database.write() as db:
                end_maintenance(db, None, row, utc_now())
            time.sleep(SITE_SECONDS)
        visits.tab.problems[:] = [problem for problem in visits.tab.problems if "status of 503" not in problem]
        assert {name: problems for name, problems in found.items() if problems} == {}


def test_forced_colours_keep_edges_and_the_place_in_the_menu(visitor) -> None:
    visits = visitor("phone", forced_colors="active")
    page = visits.visit(State("home", MEMBER, "/adherent"))
    for selector in (".button", ".card", ".hero", ".notice"):
        expect(page.locator(selector).first).to_have_css("border-top-style", "solid")
    expect(page.locator(".thumb a[aria-current]")).to_have_css("outline-style", "solid")
    assert visits.tab.overflow() == []


def test_paper_shows_the_content_and_nothing_to_press(visitor) -> None:
    visits = visitor("desktop")
    for state in (State("list", MEMBER, f"{LIST}?soin=optique"), State("line", MEMBER, LIST, open_line)):
        visits.tab.page.emulate_media(media="screen")
        page = visits.visit(state)
        page.emulate_media(media="print")
        assert not [shown for shown in page.locator(HIDDEN_ON_PAPER).all() if shown.is_visible()]
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main .amount").first).to_be_visible()
