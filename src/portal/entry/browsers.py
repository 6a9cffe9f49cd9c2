"""What a browser calls itself, in plain words: « Chrome sur Android ». Enough to recognise one's own device, no more.

Newer names come first: every browser also claims to be those it descends from.
"""

import re
from typing import NamedTuple

UNKNOWN_BROWSER = "Navigateur inconnu"

_FAMILIES = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\b(?:OPR|OPiOS|Opera)[/ ]"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|Chromium|HeadlessChrome)/"),
    ("Safari", r"\bVersion/\S+ .*\bSafari/|\b(?:iPhone|iPad).*AppleWebKit"),
    ("w3m", r"^w3m/"),
    ("Lynx", r"^Lynx/"),
)
_SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMac OS X\b|\bMacintosh\b"),
    ("Linux", r"\bLinux\b|\bX11\b"),
)
_FAMILY_PATTERNS = [(name, re.compile(pattern)) for name, pattern in _FAMILIES]
_SYSTEM_PATTERNS = [(name, re.compile(pattern)) for name, pattern in _SYSTEMS]


class Browser(NamedTuple):
    """A browser's family and its system; empty when unknown. Versions come and go, these stay."""

    family: str
    system: str


def browser_of(user_agent: str) -> Browser:
    """The family and system that a User-Agent header tells."""
    return Browser(_first(_FAMILY_PATTERNS, user_agent), _first(_SYSTEM_PATTERNS, user_agent))


def browser_name(user_agent: str) -> str:
    """« Chrome sur Android », « Firefox », « Navigateur inconnu »."""
    browser = browser_of(user_agent)
    family = browser.family or UNKNOWN_BROWSER
    return f"{family} sur {browser.system}" if browser.system else family


def _first(patterns: list[tuple[str, re.Pattern[str]]], text: str) -> str:
    return next((name for name, pattern in patterns if pattern.search(text)), "")
