"""Second factors as their holder handles them, and what they leave behind."""

from typing import Any

from sqlalchemy import text

from portal.security import OneTimeCode
from tests.support.client import AuditingClient
from tests.support.mail import letters

FIRST = "/second-facteur"
APP = "/compte/securite/application"
CODES = "/compte/securite/codes-de-secours"
KEYS = "/compte/securite/cles"
CONFIRM = "/compte/confirmation"
SECOND = "/connexion/code"
SESSION_COOKIE = "__Host-portal-session"


def start(client: AuditingClient) -> str:
    """Asks for an application's secret, and reads it on the page."""
    client.get(FIRST)
    client.submit(f'form[action="{APP}/debut"]')
    return shown_secret(client)


def shown_secret(client: AuditingClient) -> str:
    return "".join(node.text() for node in client.page.css(".secret span"))


def enrol(client: AuditingClient) -> str:
    """Sets an application up, and stays on the page that follows."""
    secret = start(client)
    client.submit(f'form[action="{APP}"]', code=OneTimeCode(secret).now())
    return secret


def shown_codes(client: AuditingClient) -> list[str]:
    return [node.text() for node in client.page.css(".recovery li")]


def rows(client: AuditingClient, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text(query), values)]


def acts(client: AuditingClient) -> list[tuple[str, str]]:
    """Actions and outcomes in the evidence, reading apart."""
    client.services.journal.flush()
    found = rows(client, "SELECT action, outcome FROM evidence ORDER BY seq")
    return [(action, outcome) for action, outcome in found if not action.endswith(".read")]


def letter_names(client: AuditingClient) -> list[str]:
    return [letter.name for letter in letters(client.services.database, client.services)]


def use_session(client: AuditingClient, cookie: str) -> None:
    """The browser of another session, by its cookie's value."""
    client.http.cookies.clear()
    client.http.cookies.set(SESSION_COOKIE, cookie, domain="portal.test")
