"""A real Chromium on the real server: profiles of devices, and what must hold on every page they open."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request

START_SECONDS = 120
STOP_SECONDS = 15
PATIENCE_MS = 5000
CANDIDATES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# The same engine without windows of its own: tabs and menus that nobody sees took as much time as the pages in them.
SHELL = "chromium-headless-shell"
# Chromium's own errands (updates, suggestions, certificates lists) stay off: every request seen is a page's.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--metrics-recording-only",
]
PROFILES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 3,
        "is_mobile": True,
        "has_touch": True,
    },
    "narrow": {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True},
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}
REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation",
    event => portalViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""
# Every rule, also those that axe keeps off by default (enhanced contrast, experimental ones).
# Contrasts are asked once, by the stricter rule (7:1): what breaks the other (4.5:1) breaks it too, and both together
# took more time than all other rules.
RUN_AXE = """async only => {
    const rules = Object.fromEntries(axe.getRules().map(rule => [rule.ruleId, {enabled: true}]));
    rules["color-contrast"].enabled = false;
    const chosen = only.length ? {runOnly: only} : {rules};
    const {violations} = await axe.run(document, {...chosen, resultTypes: ["violations"]});
    const told = node => `${node.html.slice(0, 120)} ${node.failureSummary || ""}`;
    return violations.map(({id, help, nodes}) => `${id}: ${help}: ${nodes.slice(0, 5).map(told).join(" | ")}`);
}"""
COLOUR_RULES = ["color-contrast-enhanced", "link-in-text-block"]
# What htmx says of a request that a newer one replaced (hx-sync); a failed one also says htmx:sendError.
ABORTED = ("htmx:afterRequest", "htmx:sendAbort")
EXPECTED_STATUSES = ("401", "403", "404", "422")


def find_chromium(*, whole: bool = False) -> str | None:
    """The Chromium to drive: $CHROMIUM, or the first one installed that answers; a `whole` one has a camera."""
    for name in filter(None, (os.environ.get("CHROMIUM"), *(() if whole else (SHELL,)), *CANDIDATES)):
        path = shutil.which(name)
        if path and subprocess.run([path, "--version"], capture_output=True, check=False, timeout=30).returncode == 0:
            return path
    return None


def launch(playwright: Playwright, executable: str) -> Browser:
    """Starts Chromium."""
    return playwright.chromium.launch(executable_path=executable, args=flags(), headless=True)


def flags() -> list[str]:
    """What Chromium is started with; its sandbox refuses to run as root."""
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS


@dataclass
class DemoServer:
    """`portal demo`, running; `folder` is its data folder (e-mails in `folder/mail`)."""

    origin: str
    folder: Path
    process: "subprocess.Popen[bytes]"


@contextmanager
def demo_server(folder: Path, members: int = 20, years: int = 1) -> Iterator[DemoServer]:
    """The real program in a process of its own, on a free loopback port; stopped at the end of the block."""
    port = free_port()
    log = folder / "server.log"
    command = ["-c", "from portal.cli import main; main()", "demo", "--port", str(port), "--data", str(folder / "demo")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "--members", str(members), "--history", str(years)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = DemoServer(f"http://127.0.0.1:{port}", folder / "demo", process)
    try:
        wait_until_ready(server, log)
        yield server
    finally:
        stop(process)


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(server: DemoServer, log: Path) -> None:
    """Returns once the server answers; AssertionError with its log when it dies or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with urlopen(f"{server.origin}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Asks a process to end, then insists."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass
class Tab:
    """A page of a fresh browser context, and everything that went wrong in it."""

    page: Page
    origin: str
    context: BrowserContext
    problems: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Opens a path of the portal."""
        self.page.goto(self.origin + path)
        return self.page

    def axe(self, *, only_colours: bool = False) -> list[str]:
        """axe's violations on the page as it is, every rule on. The policy blocks script tags, not the debugger."""
        for frame in self.page.frames:  # axe looks into the frames where it is
            if not frame.evaluate("() => 'axe' in window"):
                frame.evaluate(AXE_SCRIPT)
        violations: list[str] = self.page.evaluate(RUN_AXE, COLOUR_RULES if only_colours else [])
        return violations

    def overflow(self) -> list[str]:
        """How wide the page is, and the elements beyond the window, when it scrolls sideways; else [] (WCAG 1.4.10).

        Measured against the root's `clientWidth`: a phone's `innerWidth` grows with what overflows.
        """
        found: list[str] = self.page.evaluate(
            """() => {
                const {scrollWidth, clientWidth} = document.documentElement;
                if (scrollWidth <= clientWidth) return [];
                const beyond = [...document.querySelectorAll("body *")]
                    .filter(element => element.getBoundingClientRect().right > clientWidth + 1);
                return [`${scrollWidth} > ${clientWidth} pixels`, ...beyond.map(each => each.outerHTML.slice(0, 120))];
            }"""
        )
        return found

    def small_targets(self, pixels: int = 24) -> list[str]:
        """Links in no sentence, buttons and fields smaller than `pixels` (WCAG 2.5.8)."""
        found: list[str] = self.page.evaluate(
            """pixels => [...document.querySelectorAll(
                    "button, input:not([type=hidden]), select, textarea, nav a, .button")]
                .filter(element => element.checkVisibility({visibilityProperty: true}))
                .filter(element => !element.closest(".vh, .skip"))
                .filter(element => { const box = element.getBoundingClientRect();
                                     return box.width < pixels || box.height < pixels; })
                .map(element => element.outerHTML.slice(0, 120))""",
            pixels,
        )
        return found

    def stored(self) -> dict[str, str]:
        """What the page left in the browser's storages (A7)."""
        found: dict[str, str] = self.page.evaluate("() => ({...localStorage, ...sessionStorage})")
        return found


def open_tab(
    browser: Browser,
    origin: str,
    profile: str = "desktop",
    *,
    scheme: str = "light",
    javascript: bool = True,
    **options: Any,
) -> Tab:
    """A new context (no cookies) with one page. `scheme`: light or dark; `options` go to Playwright's context."""
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=javascript,
        reduced_motion="reduce",
        locale="fr-FR",
        timezone_id="Europe/Paris",
        **(PROFILES[profile] | options),
    )
    context.set_default_timeout(PATIENCE_MS)
    tab = Tab(context.new_page(), origin, context)
    _collect_problems(tab)
    return tab


def _collect_problems(tab: Tab) -> None:
    tab.context.expose_binding("portalViolation", lambda _, words: tab.problems.append(f"policy: {words}"))
    tab.context.add_init_script(REPORT_VIOLATIONS)
    tab.context.on("request", _off_origin(tab))
    tab.page.on("pageerror", lambda error: tab.problems.append(f"script: {error}"))
    tab.page.on("console", lambda message: _note_console(tab, message.type, message.text))


def _off_origin(tab: Tab) -> Callable[[Request], None]:
    def note(request: Request) -> None:
        if not request.url.startswith(f"{tab.origin}/"):
            tab.problems.append(f"request elsewhere: {request.url}")

    return note


def _note_console(tab: Tab, kind: str, text: str) -> None:
    refused = text.startswith("Failed to load resource") and any(status in text for status in EXPECTED_STATUSES)
    if kind in {"error", "warning"} and not refused and not text.startswith(ABORTED):
        tab.problems.append(f"console {kind}: {text}")
