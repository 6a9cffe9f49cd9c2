"""Every page in every state: axe with every rule on, the Nu checker, reflow, targets, and other ways to look at it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.data.sessions import Stage
from portal.formatting import today
from tests.support.browser import PROFILES, Tab
from tests.support.visits import (
    DEPENDANT,
    DESK,
    EMPLOYER,
    LEAVER,
    MEMBER,
    PROVIDER,
    SINGLE,
    Site,
    long_named,
    newcomer,
)

NOBODY, NEWCOMER, LONG = "", "newcomer", "long"
LIST, STATEMENTS = "/adherent/prestations", "/adherent/releves"
LATER = today() + timedelta(days=30)
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


@dataclass(frozen=True)
class State:
    """A page as one person meets it; `then` brings it into its state once loaded."""

    name: str
    who: str
    path: str
    then: Callable[[Page], object] | None = None


def open_explanation(page: Page) -> None:
    page.locator(".line a").first.click()
    page.locator(".explanation .words summary").click()


def load_more_and_explain(page: Page) -> None:
    page.get_by_role("link", name="Afficher la suite").click()
    expect(page.get_by_role("heading", name="Suite des prestations")).to_be_focused()
    open_explanation(page)


def open_last_page(page: Page) -> None:
    while page.get_by_role("link", name="Afficher la suite").count():
        page.goto(page.url.partition("/adherent")[0] + str(page.locator("#suite a").get_attribute("href")))


def open_line(page: Page) -> None:
    page.goto(page.url.partition("/adherent")[0] + str(page.locator(".line a").first.get_attribute("href")))


def ask_for_the_future(page: Page) -> None:
    page.get_by_label("Du", exact=True).fill(LATER.isoformat())
    page.get_by_role("button", name="Éditer ce relevé").click()
    expect(page.locator("#erreurs")).to_be_focused()


def ask_for_a_statement(page: Page) -> None:
    page.get_by_label("Du", exact=True).fill((today() - timedelta(days=90)).isoformat())
    page.get_by_label("Au", exact=True).fill(today().isoformat())
    page.get_by_role("button", name="Éditer ce relevé").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Relevé n°")


def sign_in_with_nothing(page: Page) -> None:
    page.get_by_role("button", name="Se connecter").click()
    expect(page.locator("#erreurs")).to_be_focused()


def give_a_wrong_code(page: Page) -> None:
    page.get_by_role("button", name="Valider").click()
    expect(page.locator("#erreurs")).to_be_focused()


def open_menu(page: Page) -> None:
    button = page.get_by_role("button", name="Menu", exact=True)
    if button.is_visible():
        button.click()


STATES = [
    State("public start", NOBODY, "/"),
    State("demonstration", NOBODY, "/demonstration"),
    State("sign-in, error", NOBODY, "/connexion", sign_in_with_nothing),
    State("code", EMPLOYER, "/connexion/code"),
    State("code, error", DESK, "/connexion/code", give_a_wrong_code),
    State("home", MEMBER, "/adherent"),
    State("home, empty", NEWCOMER, "/adherent"),
    State("home, long names", LONG, "/adherent"),
    State("home, ended contract", LEAVER, "/adherent"),
    State("home, adult dependant", DEPENDANT, "/adherent"),
    State("home, menu open", SINGLE, "/adherent", open_menu),
    State("list, first page", MEMBER, LIST),
    State("list, last page", MEMBER, LIST, open_last_page),
    State("list, following lines and explanation", MEMBER, LIST, load_more_and_explain),
    State("list, filtered to nothing", MEMBER, f"{LIST}?q=introuvable&soin=cure"),
    State("list, error", MEMBER, f"{LIST}?du=2026-02-01&au=2026-01-01&etat=inconnu"),
    State("list, empty", NEWCOMER, LIST),
    State("list, long names", LONG, LIST, open_explanation),
    State("line", MEMBER, LIST, open_line),
    State("line, long names", LONG, LIST, open_line),
    State("statements", MEMBER, STATEMENTS),
    State("statements, empty", NEWCOMER, STATEMENTS),
    State("statements, error", MEMBER, STATEMENTS, ask_for_the_future),
    State("statement", MEMBER, STATEMENTS, ask_for_a_statement),
    State("statement, long names", LONG, STATEMENTS, ask_for_a_statement),
    State("employer", EMPLOYER, "/employeur"),
    State("provider", PROVIDER, "/professionnel"),
    State("desk", DESK, "/gestion"),
    State("not allowed", MEMBER, "/employeur"),
    State("not found", MEMBER, f"{LIST}/inconnue"),
]
CODE_PATH = "/connexion/code"


class Visitor:
    """Goes from state to state in one tab, with one session per person and stage."""

    def __init__(self, tab: Tab, site: Site, made: dict[str, int]) -> None:
        self.tab, self._site, self._made = tab, site, made
        self._sessions: dict[tuple[str, Stage], tuple[str, str]] = {}

    def visit(self, state: State) -> Page:
        self.tab.context.clear_cookies()
        if state.who:
            name, value = self._session(state)
            self.tab.context.add_cookies([{"name": name, "value": value, "url": self.tab.origin}])
        page = self.tab.go(state.path)
        if state.then:
            state.then(page)
        return page

    def _session(self, state: State) -> tuple[str, str]:
        key = (state.who, Stage.CODE if state.path == CODE_PATH else Stage.FULL)
        if key not in self._sessions:
            account = self._made.get(state.who) or self._site.account_of(state.who)
            self._sessions[key] = self._site.cookie(account, key[1])
        return self._sessions[key]


@pytest.fixture(scope="session")
def made(site) -> dict[str, int]:
    return {NEWCOMER: newcomer(site), LONG: long_named(site)}


@pytest.fixture
def visitor(open_tab, site, made):
    return lambda *profile, **options: Visitor(open_tab(*profile, **options), site, made)


def stretch(page: Page, profile: str) -> None:
    """The window as high as the page: else the bar that sticks to the bottom covers what axe measures."""
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": PROFILES[profile]["viewport"]["width"], "height": height + 200})


@pytest.mark.parametrize("profile", ["phone", "desktop"])
def test_nobody_meets_a_violation_in_any_state_light_or_dark(visitor, profile) -> None:
    visits = visitor(profile, device_scale_factor=1)
    found = {}
    for state in STATES:
        visits.tab.page.set_viewport_size(PROFILES[profile]["viewport"])
        page = visits.visit(state)
        found[state.name] = visits.tab.overflow() + visits.tab.small_targets()
        stretch(page, profile)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found[state.name] += [f"{scheme}: {violation}" for violation in visits.tab.axe()]
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_every_page_is_valid_html_as_sent_and_as_it_became(visitor, check_html) -> None:
    visits = visitor()
    documents = {}
    for state in STATES:
        page = visits.visit(state)
        if state.then:
            documents[f"{state.name}, as it became"] = page.content()
        documents[state.name] = page.context.request.get(visits.tab.origin + state.path).text()
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
