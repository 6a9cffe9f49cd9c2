"""Ways into the portal that tests share: a ready session for a browser, the sign-in forms sent by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from portal.data.accounts import Account
from portal.data.sessions import Stage
from portal.sessions import SESSION, make_cookie
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.html import Html

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


def enter(client: AuditingClient, account: Account, *, stage: Stage = Stage.FULL) -> str:
    """Gives the browser a new session of this account, past the sign-in form; returns the cookie's value."""
    with client.services.database.write() as db:
        token = factories.session_token(db, account, stage=stage)
    return present(client, token)


def present(client: AuditingClient, token: str) -> str:
    """Gives the browser the cookie of a session's token; returns its value."""
    cookie = make_cookie(client.services, SESSION, token)
    client.http.cookies.clear()
    client.http.cookies.set(cookie.key, str(cookie.value), domain="portal.test")
    return str(cookie.value)


def leave(client: AuditingClient) -> None:
    """A browser that knows nothing of us."""
    client.http.cookies.clear()


def token_in(answer: httpx.Response, action: str = "") -> str:
    """The token of the page's form with this action, or of its first form."""
    selector = f'form[action="{action}"] input[name=jeton]' if action else "input[name=jeton]"
    field = Html(answer.text).first(selector)
    assert field is not None, f"{answer.request.url} has no form token"
    return field.attributes["value"] or ""


def ask(client: AuditingClient, path: str, **options: Any) -> httpx.Response:
    """A GET as it is: neither audited nor followed."""
    headers = SAME_ORIGIN | options.pop("headers", {})
    return client.http.get(path, headers=headers, follow_redirects=False, **options)


def send(client: AuditingClient, path: str, fields: Any = None, *, form_at: str = "", **options: Any) -> httpx.Response:
    """A POST as it is; `form_at` is the page whose token goes along with the fields."""
    headers = SAME_ORIGIN | options.pop("headers", {})
    data = dict(fields or {})
    if form_at:
        data.setdefault("jeton", token_in(ask(client, form_at)))
    return client.http.post(path, data=data, headers=headers, follow_redirects=False, **options)


def told_in(answer: httpx.Response) -> list[tuple[str, str]]:
    """What the headers of an answer tell: all but the request's own number."""
    return sorted((name, text) for name, text in answer.headers.items() if name != "x-request-id")


def try_password(client: AuditingClient, identifier: str, password: str, **options: Any) -> httpx.Response:
    """Sends the sign-in form from a fresh browser: 303 when it opens a session, 422 when it does not."""
    leave(client)
    path = client.url("sign-in")
    fields = {"identifiant": identifier, "mot-de-passe": password} | options.pop("fields", {})
    return send(client, path, fields, form_at=path, **options)


@contextmanager
def address(client: AuditingClient, host: str) -> Iterator[None]:
    """A block in which the browser's connection comes from `host`."""
    portal = client.http.app

    async def moved(scope: Any, receive: Any, send: Any) -> None:
        await portal(scope | {"client": (host, 50000)} if scope["type"] == "http" else scope, receive, send)

    client.http.app = moved  # type: ignore[assignment]
    try:
        yield
    finally:
        client.http.app = portal
