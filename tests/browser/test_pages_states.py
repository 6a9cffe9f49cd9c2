"""Every page in every state: axe with every rule on, the Nu checker, reflow, targets, and other ways to look at it."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.data.columns import utc_now
from portal.data.site_state import SwitchState, end_maintenance, plan_maintenance
from tests.support import browser as harness
from tests.support.account_states import ACCOUNT_STATES
from tests.support.beneficiary_states import BENEFICIARY_STATES
from tests.support.board_states import BOARD_STATES
from tests.support.browser import PROFILES, DemoServer, Tab
from tests.support.card_states import CARD_STATES
from tests.support.cast import make_cast, withdraw_provider_teams
from tests.support.claim_states import CLAIM_STATES
from tests.support.company_bank_states import COMPANY_BANK_STATES
from tests.support.complaint_states import COMPLAINT_STATES
from tests.support.contact_states import CONTACT_STATES
from tests.support.contract_states import CONTRACT_STATES
from tests.support.data_rights_states import DATA_RIGHTS_STATES
from tests.support.death_states import DEATH_STATES
from tests.support.desk_case_states import DESK_CASE_STATES
from tests.support.directory_states import DIRECTORY_STATES
from tests.support.dispute_states import DISPUTE_STATES
from tests.support.employee_states import EMPLOYEE_STATES
from tests.support.employer_states import EMPLOYER_STATES
from tests.support.exemption_states import EXEMPTION_STATES
from tests.support.invitation_states import INVITATION_STATES
from tests.support.invoice_states import INVOICE_STATES
from tests.support.member_states import LIST, MEMBER_STATES, open_line
from tests.support.message_states import MESSAGE_STATES
from tests.support.operations_states import OPERATIONS_STATES
from tests.support.paper_states import PAPER_STATES
from tests.support.people_states import PEOPLE_STATES
from tests.support.practice_states import PRACTICE_STATES
from tests.support.publishing_states import PUBLISHING_STATES
from tests.support.queue_states import QUEUE_STATES
from tests.support.rights_states import RIGHTS_STATES
from tests.support.software_states import SOFTWARE_STATES
from tests.support.states import NOBODY, Cast, State, Visitor
from tests.support.valuation_states import VALUATION_STATES
from tests.support.visits import DESK, MEMBER, Site

STATES = [
    *MEMBER_STATES,
    *ACCOUNT_STATES,
    *BENEFICIARY_STATES,
    *BOARD_STATES,
    *CARD_STATES,
    *CLAIM_STATES,
    *VALUATION_STATES,
    *COMPANY_BANK_STATES,
    *COMPLAINT_STATES,
    *CONTACT_STATES,
    *CONTRACT_STATES,
    *DATA_RIGHTS_STATES,
    *DEATH_STATES,
    *DESK_CASE_STATES,
    *DIRECTORY_STATES,
    *DISPUTE_STATES,
    *EMPLOYEE_STATES,
    *EMPLOYER_STATES,
    *EXEMPTION_STATES,
    *INVITATION_STATES,
    *INVOICE_STATES,
    *MESSAGE_STATES,
    *PAPER_STATES,
    *PEOPLE_STATES,
    *OPERATIONS_STATES,
    *PRACTICE_STATES,
    *PUBLISHING_STATES,
    *QUEUE_STATES,
    *RIGHTS_STATES,
    *SOFTWARE_STATES,
]
ROUTES = Path(__file__).parents[1] / "routes.txt"
# Files, fragments, and what machines ask for.
NO_PAGE = re.compile(
    r"\.(csv|xlsx|pdf|json|txt|js|zip)$|/(csv|xlsx|pdf|vcard|markdown|preuve|acte|image|fichier)$|/fichiers/[^/]+$"
    r"|^/(fragments|static|carte/tuiles|healthz|readyz|metrics)"
)
SEEN_OTHERWISE = {
    "/accueil": "as /",
    "/professionnel/utilisateurs/invitation": "as the employer's, while the service is withdrawn",
    "/professionnel/utilisateurs/{user:str}": "likewise",
}
# The first of these tests walks through all states: minutes on a quiet machine, and more on a busy one.
pytestmark = pytest.mark.timeout(2700)
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


@dataclass
class Walk:
    """What was met on the way through every state, by its name."""

    violations: dict[str, list[str]] = field(default_factory=dict)
    wide: dict[str, list[str]] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def walk(chromium: Browser, demo: DemoServer, site: Site, cast: Cast) -> Walk:
    """One visit to each state: looked at in every window and scheme while it is there: visits take long."""
    visits = Visitor(harness.open_tab(chromium, demo.origin, "phone", device_scale_factor=1), site, cast)
    met = Walk(problems=visits.tab.problems)
    for state in STATES:
        visits.tab.page.emulate_media(color_scheme="light")
        visits.tab.page.set_viewport_size(PROFILES["phone"]["viewport"])
        page = visits.visit(state)
        met.documents[state.name] = visits.document
        met.paths |= {urlsplit(visits.path_of(state)).path, urlsplit(page.url).path}
        if state.then:
            met.documents[f"{state.name}, as it became"] = page.content()
        met.violations[state.name] = look_at(visits.tab, is_first_sight=not state.then)
        met.wide[state.name] = squeeze(visits.tab)
    visits.tab.context.close()
    return met


def look_at(tab: Tab, *, is_first_sight: bool = True) -> list[str]:
    """What breaks a rule. In the dark, colours alone are other, and those are the same in every window. On a desktop, a
    page in a later state is the page already seen there, with what the telephone's was looked at for."""
    found = []
    for profile, scheme in (("phone", "light"), ("phone", "dark"), ("desktop", "light")):
        if scheme == "light":
            tab.page.set_viewport_size(PROFILES[profile]["viewport"])
            found += tab.small_targets()
        if profile == "phone" or is_first_sight:
            stretch(tab.page, profile)
            tab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [f"{profile}, {scheme}: {each}" for each in tab.axe(only_colours=scheme == "dark")]
    return found


def stretch(page: Page, profile: str) -> None:
    """The window as high as the page: else the bar that sticks to the bottom covers what axe measures."""
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": PROFILES[profile]["viewport"]["width"], "height": height + 200})


def squeeze(tab: Tab) -> list[str]:
    """What makes the page scroll sideways: in a small window, with text spaced out, with text twice as large."""
    page, found = tab.page, []
    for change, profiles in (("", ("desktop", "narrow")), (SPACED, ("narrow",)), (LARGE, ("phone", "desktop"))):
        if change:
            page.evaluate(change)
        for profile in profiles:
            page.set_viewport_size(PROFILES[profile]["viewport"])
            found += tab.overflow()
    return found


def test_walk_meets_every_page(walk) -> None:
    pages = [line.split()[1] for line in ROUTES.read_text().splitlines() if line.startswith("GET ")]
    shapes = {path: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)) for path in pages if not NO_PAGE.search(path)}
    missing = {path for path, shape in shapes.items() if not any(map(shape.fullmatch, walk.paths))}
    assert missing == set(SEEN_OTHERWISE)


def test_nobody_meets_a_violation_in_any_state_light_or_dark(walk) -> None:
    assert {name: found for name, found in walk.violations.items() if found} == {}
    assert walk.problems == []


def test_every_page_is_valid_html_as_sent_and_as_it_became(walk, check_html) -> None:
    assert check_html(walk.documents) == []


def test_no_state_scrolls_sideways_on_small_windows_or_with_larger_text(walk) -> None:
    assert {name: found for name, found in walk.wide.items() if found} == {}


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
            found = {state.name: look_at(visits.visit(state) and visits.tab) for state in states}
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
