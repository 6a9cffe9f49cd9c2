"""Fixtures of the browser tests: one demonstration server and one Chromium for all that share a worker."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import browser as harness
from tests.support.browser import DemoServer, Tab
from tests.support.html_checker import html_errors, why_unavailable
from tests.support.mailbox import MAILBOX, PAUSE_MS, TRIES
from tests.support.visits import MEMBER_ADDRESS, Site, open_site

STATES = "test_pages_states.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They share a server, so one worker runs them all; the walk through every state, the longest, has its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("states" if item.path.name == STATES else "browser"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demonstration, served by the real program."""
    with harness.demo_server(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture(scope="session")
def site(demo: DemoServer) -> Iterator[Site]:
    """The demonstration's own database: to add people to it, and to enter without the sign-in form."""
    with open_site(demo) as opened:
        yield opened


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium."""
    executable = harness.find_chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = harness.launch(playwright, executable)
        yield browser
        browser.close()


@pytest.fixture
def open_tab(chromium: Browser, demo: DemoServer) -> Iterator[Callable[..., Tab]]:
    """Opens tabs (`open_tab("phone", scheme="dark", javascript=False)`); the test fails if anything went wrong in one:
    a policy violation, an error of a script, a request to another machine."""
    tabs: list[Tab] = []

    def open_one(profile: str = "desktop", **options: object) -> Tab:
        tabs.append(harness.open_tab(chromium, demo.origin, profile, **options))  # type: ignore[arg-type]
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.context.close()
    problems = [problem for tab in tabs for problem in tab.problems]
    assert problems == []


@pytest.fixture
def enter(open_tab: Callable[..., Tab], site: Site) -> Callable[..., Tab]:
    """Opens a browser of its own in which somebody is signed in."""

    def arrive(who: str | int, profile: str = "desktop", **options: object) -> Tab:
        tab = open_tab(profile, **options)
        site.enter(tab, site.account_of(who) if isinstance(who, str) else who)
        return tab

    return arrive


@pytest.fixture
def letter(open_tab: Callable[..., Tab]) -> Callable[[str, str], Page]:
    """Opens the newest letter of a subject to an address, once `count` have arrived, in a browser of its own."""
    tab = open_tab()

    def read(subject: str, to: str = MEMBER_ADDRESS, count: int = 1) -> Page:
        for _ in range(TRIES):
            rows = tab.go(MAILBOX).locator("tbody tr", has_text=to).filter(has_text=subject)
            if rows.count() == count:
                rows.first.get_by_role("link").click()
                return tab.page
            tab.page.wait_for_timeout(PAUSE_MS)
        raise AssertionError(f"no letter « {subject} » to {to}")

    return read


@pytest.fixture
def check_html(tmp_path: Path) -> Callable[[dict[str, str]], list[str]]:
    """The Nu checker's errors on documents by name."""
    reason = why_unavailable()
    if reason:
        pytest.skip(reason)
    folder = tmp_path / "documents"
    folder.mkdir()
    return lambda documents: html_errors(documents, folder)
