"""One host is asked from the server, learns nothing of whoever asks, and is not trusted (R-24, R-62)."""

import logging
import time

import pytest

from portal.places.source import MOST_FAILURES, REST_SECONDS, Source, SourceFailed
from tests.support.loops import run
from tests.support.sources import Reply, always, stop

MOST = 1000


@pytest.fixture
def ask(host, clock):
    """Asks the source for each path in turn; `failed` where it gave nothing."""
    sources: dict[float, Source] = {}

    async def one(source: Source, url: str, read) -> bytes | str:
        try:
            return await source.ask(url if "//" in url else host.url + url, read)
        except SourceFailed:
            return "failed"

    async def each(source: Source, urls: tuple[str, ...], read) -> list[bytes | str]:
        try:
            return [await one(source, url, read) for url in urls]
        finally:
            await source.close()

    def answers(*urls: str, seconds: float = 2.0, read=bytes) -> list[bytes | str]:
        source = sources.setdefault(seconds, Source(host.url, seconds=seconds, most_bytes=MOST, clock=clock))
        return run(each(source, urls, read))

    return answers


def test_host_learns_nothing_but_the_question(host, ask) -> None:
    host.answer = always(b"x", headers={"Set-Cookie": "who=you; Path=/"})
    assert ask("/a?q=1", "/b") == [b"x", b"x"]
    sent = {name.lower(): value for name, value in host.asked[1].headers.items()}
    assert sent == {
        "host": host.url.removeprefix("http://"),
        "user-agent": "portal",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
    }


def test_environment_gives_the_host_no_proxy_and_no_password(host, elsewhere, ask, monkeypatch, tmp_path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login qui password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, elsewhere.url)
    host.answer = always(b"x")
    assert ask("/a") == [b"x"]
    assert "authorization" not in host.asked[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirection_to_another_host_is_not_followed(host, elsewhere, ask, status) -> None:
    host.answer = always(status=status, headers={"Location": f"{elsewhere.url}/secret"})
    assert ask("/a") == ["failed"]


def test_address_of_another_host_is_never_asked(host, elsewhere, ask) -> None:
    port = host.url.rpartition(":")[2]
    foreign = [
        elsewhere.url + "/a",
        f"http://127.0.0.1:{port}@127.0.0.1:{elsewhere.server_port}/a",
        f"http://localhost:{port}/a",
        f"https://127.0.0.1:{port}/a",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "//[",
    ]
    for number, url in enumerate(foreign):
        assert ask(url, seconds=2.0 + number) == ["failed"], url  # a source of its own each, that is not yet at rest
    assert host.asked == []


@pytest.mark.parametrize("size", [MOST, MOST + 1])
def test_answer_larger_than_allowed_is_cut(host, ask, size) -> None:
    host.answer = always(b"x" * size)
    assert ask("/a") == [b"x" * size if size == MOST else "failed"]


def test_endless_answer_is_left_at_the_limit_not_read_to_its_end(host, ask) -> None:
    host.answer = always(b"x" * 64 * 1024 * 100, pause=0.01)
    begun = time.monotonic()
    assert ask("/a") == ["failed"]
    assert time.monotonic() - begun < 0.9


def test_compressed_bomb_is_not_unpacked(host, ask) -> None:
    host.answer = always(b"\x1f\x8b bomb", headers={"Content-Encoding": "gzip"})
    assert ask("/a") == [b"\x1f\x8b bomb"]


@pytest.mark.parametrize(
    "slow", [Reply(b"x", seconds=3), Reply(b"x" * 64 * 1024 * 9, pause=0.4)], ids=["start", "drip"]
)
def test_slow_answer_is_given_up_in_time_however_it_is_slow(host, ask, slow) -> None:
    host.answer = lambda _: slow
    begun = time.monotonic()
    assert ask("/a", seconds=0.3) == ["failed"]
    assert time.monotonic() - begun < 1.5


def test_host_that_failed_three_times_in_a_row_is_left_alone_for_a_minute(host, ask, clock) -> None:
    host.answer = always(status=500)
    ask(*["/a"] * (MOST_FAILURES + 5))
    assert len(host.asked) == MOST_FAILURES
    clock.now = REST_SECONDS - 1
    ask("/a")
    assert len(host.asked) == MOST_FAILURES
    clock.now = REST_SECONDS + 1
    ask("/a", "/a")
    assert len(host.asked) == MOST_FAILURES + 1
    clock.now = 2 * REST_SECONDS + 2
    host.answer = always(b"x")
    assert ask("/a", "/b") == [b"x", b"x"]


def test_success_between_failures_begins_the_count_anew(host, ask) -> None:
    host.answer = lambda path: Reply(b"x", 200 if "good" in path else 503)
    assert ask("/bad", "/bad", "/good", "/bad", "/bad", "/good")[-1] == b"x"


def test_questions_without_an_answer_do_not_silence_a_host_that_is_well(host, ask) -> None:
    """Else anybody could, by asking for what there is not."""
    host.answer = lambda path: Reply(b"x", 200 if "good" in path else 404)
    assert ask(*["/none"] * 5, "/good")[-1] == b"x"


def test_host_that_asks_for_a_pause_gets_it(host, ask) -> None:
    host.answer = always(status=429)
    ask(*["/a"] * 5)
    assert len(host.asked) == MOST_FAILURES


def test_host_that_is_down_fails_at_once_and_says_so_without_the_address(host, ask, caplog) -> None:
    stop(host)
    caplog.set_level(logging.DEBUG)
    assert ask("/a?q=12+rue+Canari") == ["failed"]
    assert "127.0.0.1 gave nothing: ConnectError" in caplog.text
    assert "Canari" not in caplog.text


def test_address_asked_is_in_no_log_of_any_library(host, ask, caplog) -> None:
    host.answer = always(b"x")
    caplog.set_level(logging.DEBUG)
    assert ask("/a?q=12+rue+Canari") == [b"x"]
    assert "Canari" not in caplog.text


def test_answer_that_cannot_be_read_counts_as_a_failure(host, ask) -> None:
    host.answer = always(b"no number")
    assert ask(*["/a"] * 5, read=int) == ["failed"] * 5
    assert len(host.asked) == MOST_FAILURES
