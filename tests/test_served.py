"""What only the real server shows: `portal serve` on a socket (security A1, A13, L5)."""

import io
import secrets
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import httpx
import pikepdf
import pytest
from sqlmodel import select

from portal.case_links import COMPLAINT_LINK
from portal.commands import demo, serve
from portal.data.accounts import Space
from portal.data.columns import utc_now
from portal.data.complaints import Category, Contact, Said
from portal.data.files import StoredFile
from portal.data.open_complaints import complain_without_account
from portal.places.gazetteer import gazetteer
from portal.security import Keyring
from portal.settings import Settings
from tests.support.browser import free_port
from tests.support.html import Html
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


@pytest.mark.parametrize("command", [serve, demo])
def test_server_process_knows_the_communes_before_its_first_request(monkeypatch, settings, command) -> None:
    """Reading them takes half a second, in which nobody would be served."""
    monkeypatch.setattr(command, "configure_logging", lambda _: None)
    monkeypatch.setattr(serve, "load_settings", lambda: settings)
    monkeypatch.setattr(demo, "remembered_settings", lambda: settings)
    gazetteer.cache_clear()
    command.load_app().state.services.database.dispose()
    assert gazetteer.cache_info().currsize == 1


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


@pytest.fixture
def followed(database, settings: Settings) -> str:
    """The link to a complaint without an account, to which whoever opens it adds files."""
    keyring = Keyring(settings)
    said, contact = Said(Category.DELAY, "J’attends."), Contact("Jean Ancien", "jean@exemple.example")
    with database.write() as db:
        case = complain_without_account(db, keyring, said, contact, Space.MEMBER, utc_now())
    token = keyring.signer(COMPLAINT_LINK).sign(keyring.conceal("case", [case.id or 0])[0]).decode()
    return f"/reclamation/suivi?{urlencode({'jeton': token})}"


def test_upload_cut_half_way_leaves_nothing_and_may_be_sent_again(database, settings, followed, server) -> None:
    """Issue of claims: a connection cut half-way. Neither a row, nor a content, and the server goes on."""
    with httpx.Client(base_url=server.origin, headers={"Sec-Fetch-Site": "same-origin"}) as browser:
        page, target = browser.get(followed, follow_redirects=True), "/reclamation/suivi/documents"
        form = {name: Html(page.text).first(f"[name={name}]").attributes["value"] for name in ("jeton", "dossier")}
        files = [("fichier", ("facture.pdf", large_pdf(), "application/pdf"))]
        request = browser.build_request("POST", target, data=form, files=files)
        cut_half_way(request)
        browser.get("/readyz").raise_for_status()
        assert kept(database, settings) == (0, 0)
        assert browser.send(browser.build_request("POST", target, data=form, files=files)).status_code == 303
    assert kept(database, settings) == (1, 1)


def cut_half_way(request: httpx.Request) -> None:
    """Sends the head and half of the body, then resets the connection, as a tunnel does to a telephone."""
    body, target = request.read(), request.url
    head = f"POST {target.raw_path.decode()} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in request.headers.items()
    )
    with closing(socket.create_connection((target.host, target.port or 80), timeout=PATIENCE)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(f"{head}\r\n".encode() + body[: len(body) // 2])
        time.sleep(0.3)  # so that the server has read what came


def large_pdf() -> bytes:
    written = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.pages[0].Contents = document.make_stream(b"% " + secrets.token_hex(1_000_000).encode())
        document.save(written, compress_streams=False)
    return written.getvalue()


def kept(database, settings: Settings) -> tuple[int, int]:
    """How many files have a row, and how many contents lie in the storage."""
    database.dispose()
    with database.read() as db:
        rows = len(db.exec(select(StoredFile)).all())
    return rows, sum(1 for each in (settings.data_folder / "files").rglob("*") if each.is_file())


def everything_from(connection: socket.socket) -> bytes:
    """What comes until the server closes; a reset after the answer is a close too."""
    pieces = []
    try:
        while piece := connection.recv(READ):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)
