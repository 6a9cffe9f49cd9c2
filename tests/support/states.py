"""Pages in their states: who meets them, where, and what brings them about; a visitor goes from one to the next."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from portal.data.sessions import Stage
from tests.support.browser import Tab
from tests.support.visits import Site

# Sensitive pages ask for a proof of identity of five minutes ago at most.
SESSION_SECONDS = 200
NOBODY = ""


@dataclass(frozen=True)
class State:
    """A page as one person meets it; `then` brings it into its state once loaded.

    `path` may name a place of the cast (`{sheet}`); `lands` is where it leads, when that is another path.
    """

    name: str
    who: str
    path: str
    then: Callable[[Page], object] | None = None
    stage: Stage = Stage.FULL
    lands: str = ""


@dataclass
class Cast:
    """People who are in the states: their accounts by name, and the paths of pages that are theirs alone."""

    accounts: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


class Visitor:
    """Goes from state to state in one tab, with one session per person and stage."""

    def __init__(self, tab: Tab, site: Site, cast: Cast) -> None:
        self.tab, self._site, self._cast = tab, site, cast
        self._sessions: dict[tuple[str, Stage], tuple[float, str, str]] = {}
        self.document = ""

    def path_of(self, state: State) -> str:
        return state.path.format_map(self._cast.places)

    def visit(self, state: State) -> Page:
        """The page in its state; `document` is what the server sent, before `then`."""
        self._come_as(state)
        path = self.path_of(state)
        page = self.tab.page
        answer = page.goto(self.tab.origin + path)
        assert answer
        assert answer.status != 500, f"{state.name} failed"
        expected = state.lands.format_map(self._cast.places) or urlsplit(path).path
        assert urlsplit(page.url).path == expected, f"{state.name} led to {page.url}"
        self.document = answer.text()
        if state.then:
            state.then(page)
        return page

    def _come_as(self, state: State) -> None:
        self.tab.context.clear_cookies()
        if state.who:
            name, value = self._session(state)
            self.tab.context.add_cookies([{"name": name, "value": value, "url": self.tab.origin}])

    def _session(self, state: State) -> tuple[str, str]:
        key, now = (state.who, state.stage), time.monotonic()
        if key not in self._sessions or self._sessions[key][0] < now - SESSION_SECONDS:
            account = self._cast.accounts.get(state.who) or self._site.account_of(state.who)
            self._sessions[key] = (now, *self._site.cookie(account, state.stage))
        return self._sessions[key][1:]


def press(label: str) -> Callable[[Page], None]:
    """Presses the button of this name."""
    return lambda page: page.get_by_role("button", name=label, exact=True).click()


def fail(label: str) -> Callable[[Page], None]:
    """Sends a form as it is, by the button of this name: the errors come first."""

    def send(page: Page) -> None:
        press(label)(page)
        expect(page.locator("#erreurs")).to_be_focused()

    return send


def fail_in_place(label: str, field: str) -> Callable[[Page], None]:
    """Sends a form that is answered in place, as it is: its field says what is wrong, and is where one writes on."""

    def send(page: Page) -> None:
        press(label)(page)
        expect(page.locator(f"#{field}[aria-invalid=true]")).to_be_focused()

    return send
