"""Exports hold exactly what the list's filter shows, safely, for those who may read it (R-21, R-51, R-72)."""

import csv
import io
import signal
import socket
import time
from datetime import UTC, date, datetime, timedelta

import httpx
import psutil
import pytest
from python_calamine import CalamineWorkbook

from portal.data.benefits import Family, Status
from portal.data.sessions import Stage, open_session
from portal.security import Keyring
from portal.sessions import SESSION, cookie_name
from portal.spreadsheets import BENEFIT_COLUMNS
from tests.support import factories
from tests.support.browser import free_port
from tests.support.entry import ask, enter, leave
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.relatives import EVERYONE, MEMBER, READS, canary, live_together
from tests.support.server import Server

LIST = "/adherent/prestations"
CSV, XLSX = f"{LIST}/export.csv", f"{LIST}/export.xlsx"
NEWEST = date(2026, 3, 20)
QUERIES = ["", "?etat=payee", "?tri=reste", "?tri=soin&q=soin+1", "?soin=pharmacie&du=2026-03-17", "?q=introuvable"]


@pytest.fixture
def home(client):
    """A member with 45 lines, signed in."""
    with client.services.database.write() as db:
        made, account = factories.member_with_account(db, client.services.keyring)
        for number in range(45):
            factories.line(
                db,
                made.contract,
                label=f"Soin {number}",
                posted_on=NEWEST - timedelta(days=number // 9),
                status=list(Status)[number % 4],
                family=list(Family)[number % 4],
                spent_cents=2800 + number % 5,
                remaining_cents=number % 5,
            )
    enter(client, account)
    return made


@pytest.fixture
def relatives(client):
    with client.services.database.write() as db:
        return live_together(db, client.services.keyring)


def csv_rows(client, query: str = "") -> list[dict[str, str]]:
    client.get(f"{CSV}{query}", audit=False)
    assert client.answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(client.answer.content.decode("utf-8-sig")), delimiter=";"))


def xlsx_rows(client, query: str = "") -> list[list[object]]:
    client.get(f"{XLSX}{query}", audit=False)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(client.answer.content))
    return workbook.get_sheet_by_name("Prestations").to_python()


def labels_of_all_pages(client, query: str) -> list[str]:
    found = labels(client.get(f"{LIST}{query}"))
    while client.page.css("#suite a"):
        found += labels(client.click("Afficher la suite"))
    return found


def labels(page) -> list[str]:
    return [text_of(node).removesuffix(" Pourquoi ce montant\u00a0?") for node in page.css("li.line > div > a")]


@pytest.mark.parametrize("query", QUERIES)
def test_exports_hold_the_lines_of_all_pages_in_order(client, home, query) -> None:
    shown = labels_of_all_pages(client, query)
    assert [row["Acte"] for row in csv_rows(client, query)] == shown
    titles, *rows = xlsx_rows(client, query)
    assert titles == [column.title for column in BENEFIT_COLUMNS]
    assert [row[titles.index("Acte")] for row in rows] == shown


def test_exports_are_downloads_named_by_the_day(client, home) -> None:
    for path, suffix in ((CSV, "csv"), (XLSX, "xlsx")):
        client.get(path, audit=False)
        disposition = client.answer.headers["content-disposition"]
        assert disposition.startswith('attachment; filename="prestations-20')
        assert disposition.endswith(f'.{suffix}"')


def test_exports_say_the_amounts_in_french_and_as_numbers(client, home) -> None:
    row = csv_rows(client, "?q=soin+44")[0]
    assert (row["Dépense"], row["Part de la mutuelle"], row["Traitée le"]) == ("28,04", "9,00", "16/03/2026")
    assert (row["Bénéficiaire"], row["État"]) == ("Anne", "En cours")
    titles, cells = xlsx_rows(client, "?q=soin+44")
    found = dict(zip(titles, cells, strict=True))
    assert (found["Dépense"], found["Traitée le"]) == (28.04, date(2026, 3, 16))


def test_text_that_looks_like_a_formula_stays_text(client, home) -> None:
    hostile = '=HYPERLINK("http://x.example";"x")'
    with client.services.database.write() as db:
        factories.line(db, home.contract, label=hostile, provider="@SUM(1)", note="-1+1")
    row = csv_rows(client, "?q=hyperlink")[0]
    assert (row["Acte"], row["Professionnel"], row["Note"]) == (f"'{hostile}", "'@SUM(1)", "'-1+1")
    titles, cells = xlsx_rows(client, "?q=hyperlink")
    assert dict(zip(titles, cells, strict=True))["Acte"] == hostile
    assert b"<f>" not in client.answer.content


@pytest.mark.parametrize("who", EVERYONE)
def test_exports_hold_the_lines_of_those_whom_the_viewer_may_read(client, relatives, who) -> None:
    enter(client, relatives.accounts[who])
    assert {row["Acte"] for row in csv_rows(client)} == {canary(other) for other in READS[who]}
    assert {row[2] for row in xlsx_rows(client)[1:]} == {canary(other) for other in READS[who]}
    for owner in set(EVERYONE) - READS[who]:
        chosen = client.services.keyring.conceal("person", [relatives.persons[owner].id])[0]
        client.get(f"{CSV}?beneficiaire={chosen}")
        assert client.status == 422


@pytest.mark.parametrize("query", ["du=31/02/2026", "soin=x", "tri=x", "beneficiaire=1", "q=" + "x" * 10_000])
@pytest.mark.parametrize("path", [CSV, XLSX])
def test_export_of_a_wrong_filter_is_refused_in_french(client, home, path, query) -> None:
    evidence = Evidence(client)
    page = client.get(f"{path}?{query}")
    assert client.status == 422
    assert "Informations à corriger" in page.text
    assert evidence.fresh() == []


def test_hostile_search_exports_nothing(client, home) -> None:
    for text in ("%27+OR+1%3D1+--", "%25%25", "%3Cscript%3E"):
        assert csv_rows(client, f"?q={text}") == []


def test_each_export_leaves_one_piece_of_evidence(client, relatives) -> None:
    enter(client, relatives.accounts[MEMBER])
    evidence = Evidence(client)
    csv_rows(client, "?etat=payee")
    xlsx_rows(client)
    first, second = evidence.fresh()
    assert (first.action, first.object, first.details["filters"]) == ("benefits.exported", "csv", {"etat": "payee"})
    assert (second.action, second.object, second.details["filters"]) == ("benefits.exported", "xlsx", {})


def test_stranger_exports_nothing(client, home) -> None:
    leave(client)
    for path in (CSV, XLSX):
        answer = ask(client, path)
        assert (answer.status_code, answer.content) == (303, b"")


# --- on the real server ---

STALLED = 10
MOST_GROWTH = 40 * 2**20


@pytest.fixture
def served(settings, database):
    """`portal serve` with a member of 20 000 long lines; the server and the member's cookie."""
    settings = settings.model_copy(update={"origin": f"http://127.0.0.1:{free_port()}"})
    settings.data_folder.mkdir(exist_ok=True)
    keyring = Keyring(settings)
    with database.write() as db:
        made, account = factories.member_with_account(db, keyring)
        line = factories.line(db, made.contract, note="x" * 300)
        row = line.model_dump(exclude={"id"})
        db.add_all(type(line)(**row | {"reference": f"L{number}"}) for number in range(20_000))
        token = open_session(db, account.id, Stage.FULL, datetime.now(UTC))
    server = Server(settings, database.url, workers=1)
    server.start()
    cookie = f"{cookie_name(settings, SESSION)}={keyring.signer(SESSION).sign(token).decode()}"
    yield server, {"Cookie": cookie, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    server.end(signal.SIGTERM)


def memory_of(server: Server) -> int:
    """Resident bytes of the server and its workers."""
    main = psutil.Process(server._process.pid)
    return sum(process.memory_info().rss for process in [main, *main.children(recursive=True)])


def stalled_export(origin: str, headers: dict[str, str]) -> socket.socket:
    """A client that asks, reads the first bytes, and no more."""
    host, _, port = origin.removeprefix("http://").partition(":")
    client = socket.create_connection((host, int(port)), timeout=20)
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    client.sendall(f"GET {CSV} HTTP/1.1\r\nHost: {host}:{port}\r\n{told}\r\n".encode())
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


@pytest.mark.slow
@pytest.mark.engines("sqlite")
def test_clients_that_do_not_read_their_export_cost_no_memory_and_hold_up_nobody(served) -> None:
    server, headers = served
    url = f"{server.origin}{CSV}"
    plain = httpx.get(url, headers=headers | {"Accept-Encoding": "identity"}, timeout=20)
    assert len(plain.content) == int(plain.headers["content-length"]) > 8_000_000
    assert plain.content.count(b"\r\n") == 20_002
    for coding in ("br", "gzip"):
        assert httpx.get(url, headers=headers | {"Accept-Encoding": coding}, timeout=20).content == plain.content
    before = memory_of(server)
    clients = [stalled_export(server.origin, headers) for _ in range(STALLED)]
    grown = memory_of(server) - before
    for path in ("/healthz", LIST):
        begun = time.monotonic()
        assert httpx.get(f"{server.origin}{path}", headers=headers, timeout=5).status_code == 200
        assert time.monotonic() - begun < 1, path
    for client in clients:
        client.close()
    assert grown < MOST_GROWTH, f"{STALLED} exports of {len(plain.content):,} bytes took {grown:,} bytes"
