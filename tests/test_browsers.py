"""What a browser calls itself, in plain words (C5): enough for people to recognise their own device."""

import time

import pytest

from portal.entry.browsers import browser_name, browser_of

AGENTS = {
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36": (
        "Chrome sur Android"
    ),
    "Mozilla/5.0 (Linux; Android 13) SamsungBrowser/23.0 Chrome/115.0 Mobile Safari/537.36": (
        "Samsung Internet sur Android"
    ),
    "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0": "Firefox sur Android",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Version/17.5 Mobile/15E148 Safari/604.1": (
        "Safari sur iPhone"
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 CriOS/131.0 Mobile/15E148 Safari/604.1": (
        "Chrome sur iPhone"
    ),
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 FxiOS/130.0 Mobile/15E148 Safari/605.1.15": (
        "Firefox sur iPad"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0": (
        "Edge sur Windows"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0": (
        "Opera sur Windows"
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605 Version/17.5 Safari/605.1.15": "Safari sur macOS",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537 Chrome/131.0.0.0 Safari/537.36": "Chrome sur ChromeOS",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0": "Firefox sur Linux",
    "w3m/0.5.3+git20230121": "w3m",
    "Lynx/2.9.0dev.12 libwww-FM/2.14": "Lynx",
    "curl/8.1": "Navigateur inconnu",
    "": "Navigateur inconnu",
    "<script>alert(1)</script> Windows": "Navigateur inconnu sur Windows",
}


@pytest.mark.parametrize(("agent", "name"), AGENTS.items())
def test_browser_and_system_are_named_as_people_do(agent, name) -> None:
    assert browser_name(agent) == name


def test_a_new_version_is_the_same_browser() -> None:
    """Known browsers are told apart by this: an update must not look like another device."""
    agent = next(iter(AGENTS))
    assert browser_of(agent) == browser_of(agent.replace("131", "245").replace("Android 14", "Android 16"))


def test_hostile_header_costs_no_time() -> None:
    begun = time.perf_counter()
    for piece in ("Version/", "iPhone ", "Mac OS X ", "Edg "):
        browser_name(piece * 1000)
    assert time.perf_counter() - begun < 0.5
