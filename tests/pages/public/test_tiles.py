"""The map's tiles through the portal: who gets them, what is refused, what reaches no other host (R-24, R-62)."""

import threading
import time

import pytest

from portal.data.sessions import Stage
from portal.places.tiles import Tiles
from tests.support import factories
from tests.support.entry import ask, enter, leave
from tests.support.sources import PNG, always, running_host, stop

TILE = "/carte/tuiles/5/16/11"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def host():
    with running_host() as one:
        yield one


@pytest.fixture
def settings(settings, host):
    return settings.model_copy(update={"tiles_url": host.url + "/{z}/{x}/{y}.png"})


def change(client, **settings) -> None:
    """The operator's other choices, before the portal started."""
    changed = client.services.settings.model_copy(update=settings)
    object.__setattr__(client.services, "settings", changed)
    object.__setattr__(client.services, "tiles", Tiles(changed))


def test_visitor_gets_the_tile_of_the_source_from_the_portal(client, host) -> None:
    leave(client)
    client.get(TILE, audit=False)
    assert client.answer.content == PNG + b"/5/16/11.png"
    assert client.answer.headers["content-type"] == "image/png"
    assert client.answer.headers["cache-control"] == "private, max-age=86400"
    assert client.answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in client.answer.headers
    assert "content-encoding" not in client.answer.headers


def test_type_told_is_that_of_the_bytes_whatever_the_source_says(client, host) -> None:
    host.answer = always(b"\xff\xd8\xff\xe0", headers={"Content-Type": "text/html", "X-Powered-By": "them"})
    client.get(TILE, audit=False)
    assert client.answer.headers["content-type"] == "image/jpeg"
    assert "x-powered-by" not in client.answer.headers


def test_source_learns_nothing_of_who_asks(client, host, make) -> None:
    enter(client, make(factories.member_with_account)[1])
    headers = {"Referer": "https://portal.test/adherent", "X-Forwarded-For": "192.0.2.7", "User-Agent": "Canari"}
    client.get(f"{TILE}?secret=canari", audit=False, headers=headers | {"Accept-Language": "fr-canari"})
    [asked] = host.asked
    assert asked.path == "/5/16/11.png"
    assert asked.headers["user-agent"] == "portal"
    assert {name.lower() for name in asked.headers} == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert "canari" not in str(asked.headers).lower()


@pytest.mark.parametrize(
    "path",
    [
        "20/0/0", "-1/0/0", "5/-1/0", "5/32/0", "5/0/32", "5/0/99999999999999999999", "05/16/11", "5/16/11.png", "5/16",
        "5/16/11/0", "5/../11", "5/%2e%2e/11", "5/..%2f..%2f/11", "5%2F16/11/0", "5/16/11%2F..%2F..%2Fetc", "5/16/%00",
        "5/16/11%0d%0aHost:%20x", "5/16/@127.0.0.1", "5/16/11@127.0.0.1:1", "5/http:%2F%2F127.0.0.1/1", "5/16/%D9%A1",
        "5/16/11%3Fx=1", "5/16/11%23", "5/16/{z}", "5/16/ 11", "5/16/1e1", "5/16/%5c11", "5//11",
    ],
)  # fmt: skip
def test_address_that_names_no_tile_is_absent_and_asks_nobody(client, host, path) -> None:
    """Among them what would lead the portal to ask elsewhere (SSRF), or to read another file."""
    assert ask(client, f"/carte/tuiles/{path}").status_code == 404
    assert host.asked == []


def test_redirection_of_the_source_leads_nowhere(client, host) -> None:
    with running_host() as elsewhere:
        host.answer = always(status=302, headers={"Location": elsewhere.url + "/secret"})
        client.get(TILE, audit=False, failing=True)
        assert client.status == 503
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    "content", [b"<html>", b"<svg onload=alert(1)>", PNG + b"x" * 600_000], ids=["html", "svg", "huge"]
)
def test_answer_that_is_no_tile_is_shown_to_nobody(client, host, content) -> None:
    host.answer = always(content, headers={"Content-Type": "image/png"})
    client.get(TILE, audit=False, failing=True)
    assert client.status == 503
    assert client.answer.content == b""


def test_source_that_is_down_gives_a_short_503_and_what_is_kept(client, host) -> None:
    client.get(TILE, audit=False)
    stop(host)
    client.get(TILE, audit=False)
    assert client.status == 200
    client.get("/carte/tuiles/5/16/12", audit=False, failing=True)
    assert (client.status, client.answer.content) == (503, b"")
    assert client.answer.headers["retry-after"] == "60"


def test_portal_without_a_source_has_no_tiles(client, host) -> None:
    change(client, tiles_url="")
    assert ask(client, TILE).status_code == 404
    assert host.asked == []


class TestClosedDirectory:
    """The insurer keeps the directory to its members: so are its tiles."""

    @pytest.fixture(autouse=True)
    def closed(self, client):
        change(client, open_directory=False)
        leave(client)

    def test_visitor_is_sent_to_sign_in_and_nobody_is_asked(self, client, host) -> None:
        answer = ask(client, TILE)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/connexion")
        assert host.asked == []

    def test_member_gets_tiles_once_wholly_signed_in(self, client, make) -> None:
        member = make(factories.member_with_account)[1]
        enter(client, member, stage=Stage.TERMS)
        assert ask(client, TILE).status_code == 303
        enter(client, member)
        assert ask(client, TILE).status_code == 200

    def test_account_that_has_no_directory_gets_none(self, client, make, host) -> None:
        enter(client, make(factories.employer_account))
        assert ask(client, TILE).status_code == 403
        assert host.asked == []


def test_slow_source_holds_up_no_other_page_and_no_connection(client, host, make, monkeypatch) -> None:
    """SQLite's handlers run on the event loop: one that waited there would stop everybody."""
    enter(client, make(factories.member_with_account)[1])
    host.answer = always(PNG, seconds=1.5)
    waiting = [
        threading.Thread(target=ask, args=(client, f"/carte/tuiles/9/{number}/0"), daemon=True) for number in range(8)
    ]
    for thread in waiting:
        thread.start()
    while len(host.asked) < len(waiting):
        time.sleep(0.01)
    assert client.services.database.reader.pool.checkedout() == 0
    begun = time.monotonic()
    assert ask(client, "/healthz").status_code == 200
    assert time.monotonic() - begun < 1
    for thread in waiting:
        thread.join()


def test_raw_request_cannot_choose_the_host(client, host) -> None:
    """An absolute address in the request line, or a forged Host, changes nothing of what is asked."""
    client.get(TILE, audit=False, headers={"X-Forwarded-Host": "169.254.169.254", "X-Original-URL": "/secret"})
    assert [asked.path for asked in host.asked] == ["/5/16/11.png"]
    assert host.asked[0].headers["host"] == host.url.removeprefix("http://")


def test_map_draws_the_portal_s_tiles_and_credits_their_source(client, host) -> None:
    change(client, tiles_attribution="© Source d’essai")
    leave(client)
    page = client.get("/professionnels-agrees/carte?lieu=lyon").text
    assert '"/carte/tuiles/{z}/{x}/{y}"' in page
    assert "\\u00a9 Source d\\u2019essai" in page
    assert '"towns": []' in page
    assert host.url not in page


def test_map_without_a_source_asks_for_no_tile(client) -> None:
    change(client, tiles_url="")
    leave(client)
    page = client.get("/professionnels-agrees/carte?lieu=lyon").text
    assert "tuiles" not in page
    assert '"Lyon"' in page
