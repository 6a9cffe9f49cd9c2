"""The demonstration's mailbox as a person reads it: the page, the letter, its link."""

import re

from playwright.sync_api import Page

MAILBOX = "/demonstration/courrier"
TRIES, PAUSE_MS = 60, 200


def open_letter(page: Page, origin: str, subject: str, to: str) -> str:
    """Opens the newest letter of this subject to this person, once it has arrived; its text."""
    for _ in range(TRIES):
        page.goto(origin + MAILBOX)
        row = page.locator("tbody tr", has_text=to).filter(has_text=subject).first
        if row.count():
            row.get_by_role("link").click()
            return page.locator("main .card").inner_text()
        page.wait_for_timeout(PAUSE_MS)
    raise AssertionError(f"no letter « {subject} » to {to} arrived")


def follow_link(page: Page) -> None:
    """Follows the only link of the open letter that is secret."""
    page.locator("main .card a[href*='/lien/']").click()


def read_credentials(page: Page, origin: str, to: str) -> tuple[str, str]:
    """Identifier and temporary password of somebody whose account was just opened, each from its own letter."""
    identifier = re.search(r"\d{10}", open_letter(page, origin, "Votre identifiant", to))
    second = open_letter(page, origin, "Votre mot de passe provisoire", to)
    password = re.search(r"^\s*(\S*-\S+)$", second, re.MULTILINE)
    assert identifier
    assert password
    return identifier.group(), password.group(1)
