"""What only the real server shows: `portal serve` on a socket (security A1, A13, L5)."""

import socket
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from portal.settings import Settings
from tests.support.browser import free_port
from tests.support.server import Server, signal

FORM = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"
READ = 65_536
PATIENCE = 10

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def server(database, settings: Settings) -> Iterator[Server]:
    database.dispose()
    local = settings.model_copy(update={"origin": f"http://127.0.0.1:{free_port()}"})
    running = Server(local, database.url, workers=1)
    running.start()
    yield running
    running.end(signal.SIGTERM)


def test_answers_do_not_name_the_server(server) -> None:
    """A13: neither a page, nor a refusal, nor a file."""
    style = httpx.get(f"{server.origin}/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    for path in ("/", "/nulle-part", style):
        answer = httpx.get(server.origin + path)
        assert answer.headers.get_list("server") in ([""], []), path
    assert httpx.put(server.origin + "/").headers.get_list("server") in ([""], [])


@pytest.mark.parametrize("declared", [True, False])
def test_refused_large_body_ends_the_connection(server, declared) -> None:
    """L5: what is left of the body must not be waited for, nor taken for the next request."""
    host, port = server.origin.removeprefix("http://").split(":")
    size = "Content-Length: 10000000" if declared else "Transfer-Encoding: chunked"
    with closing(socket.create_connection((host, int(port)), timeout=PATIENCE)) as connection:
        head = f"POST /connexion HTTP/1.1\r\nHost: {host}:{port}\r\n{FORM}{size}\r\n\r\n"
        connection.sendall(head.encode() + (b"" if declared else b"20000\r\n") + b"a" * 0x20000)
        answer = everything_from(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()


def everything_from(connection: socket.socket) -> bytes:
    """What comes until the server closes; a reset after the answer is a close too."""
    pieces = []
    try:
        while piece := connection.recv(READ):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)
