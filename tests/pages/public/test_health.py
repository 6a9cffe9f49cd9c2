"""What operators and crawlers ask for: health, readiness, robots, static files (R-60, R-62)."""

import re
from datetime import timedelta

import pytest

from portal.data.columns import utc_now
from portal.data.outbox import add_letter
from portal.pages.public import health
from tests.support.entry import ask


def test_live_process_says_ok(client) -> None:
    client.get("/healthz", audit=False)
    assert (client.status, client.answer.text) == (200, "ok\n")


def test_portal_is_ready_when_its_parts_are(client) -> None:
    client.get("/readyz", audit=False)
    assert (client.status, client.answer.text) == (200, "ready\n")


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("is_current", "schema"),
        ("accepts_writes", "database"),
        ("LARGEST_BACKLOG", "journal"),
        ("free_bytes", "disk"),
    ],
)
def test_portal_that_is_not_ready_says_why(client, monkeypatch, broken, named) -> None:
    if broken == "accepts_writes":
        monkeypatch.setattr(client.services.database, broken, lambda: False)
    else:
        monkeypatch.setattr(health, broken, 0 if broken.isupper() else lambda _: 0)
    answer = ask(client, "/readyz")
    assert (answer.status_code, answer.text) == (503, f"not ready: {named}\n")


def test_letter_that_waits_is_told_and_keeps_nobody_out(client) -> None:
    """The portal serves on while the mail server is away; the operator sees since when."""
    since = utc_now() - timedelta(hours=1)
    kept = {"message_id": "<1@portal.test>", "kind": "trial", "account_id": None, "now": since}
    with client.services.database.write() as db:
        add_letter(db, client.services.keyring, recipient="a@b.example", content="", **kept)
    client.get("/readyz", audit=False)
    ready, told = client.answer.text.splitlines()
    assert (client.status, ready) == (200, "ready")
    assert re.fullmatch(r"oldest unsent letter: 36\d\d s", told)


def test_database_that_only_reads_is_not_ready(client, monkeypatch) -> None:
    database = client.services.database
    monkeypatch.setattr(database, "writer", database.reader)
    assert ask(client, "/readyz").text == "not ready: database\n"


def test_crawlers_are_kept_out(client) -> None:
    client.get("/robots.txt", audit=False)
    assert client.answer.text.splitlines() == ["User-agent: *", "Disallow: /"]


def test_static_file_is_kept_for_a_year_under_its_hashed_name(client) -> None:
    name = client.services.assets.name("css/portal.css")
    client.get(f"/static/{name}", audit=False)
    assert client.status == 200
    assert client.answer.headers["content-type"].startswith("text/css")
    assert client.answer.headers["content-encoding"] == "br"
    assert client.answer.headers["vary"] == "Accept-Encoding"
    assert client.answer.content == client.services.assets.find(name).body


def test_browser_without_brotli_gets_gzip_or_plain(client) -> None:
    path = f"/static/{client.services.assets.name('css/portal.css')}"
    client.get(path, audit=False, headers={"Accept-Encoding": "gzip"})
    assert client.answer.headers["content-encoding"] == "gzip"
    client.get(path, audit=False, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in client.answer.headers


@pytest.mark.parametrize(
    "path", ["css/portal.css", "absent.css", "..%2f..%2fpyproject.toml", "%00", "css/", "a" * 5_000, "é.css"]
)
def test_file_that_is_not_there_is_not_found(client, path) -> None:
    answer = ask(client, f"/static/{path}")
    assert answer.status_code == 404
    assert "[project]" not in answer.text
