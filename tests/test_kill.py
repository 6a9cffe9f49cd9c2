"""`kill -9` of the server under load: nothing that was answered is lost, and the evidence verifies (R-51, R-60).

The real program serves real sockets; people sign in, export, have statements made and read. At a random moment its
whole process group dies. After each restart every answer that came through must still be true. `KILL_ROUNDS` makes it
longer.
"""

import hashlib
import logging
import os
import random
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

import httpx
import msgspec
import pytest
from sqlmodel import select

from portal.data.evidence import Action, Evidence, EvidenceDetail
from portal.data.sessions import find_viewer
from portal.database import Database
from portal.formatting import today
from portal.security import Keyring
from portal.sessions import SESSION
from portal.settings import Settings
from tests.support import factories
from tests.support.browser import free_port
from tests.support.html import Html
from tests.support.server import PROGRAM, READY_SECONDS, Server

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
LATEST = 1.5
ADOPTION_SECONDS = 20
LINES = 30
NEWEST = 10
COOKIE = "portal-session"
WAY_BACK = date(1950, 1, 1)
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
BUSY = 503

pytestmark = pytest.mark.slow
logger = logging.getLogger(__name__)


@dataclass
class Statement:
    """A statement that was answered, and what its file was if that came through too."""

    location: str
    cookie: str
    number: str = ""
    digest: str = ""


@dataclass
class Answered:
    """What came through whole, as the clients noted it."""

    cookies: list[str] = field(default_factory=list)
    reads: list[tuple[str, str]] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    @property
    def kinds(self) -> tuple[int, int, int]:
        """How many sign-ins, reads and statements."""
        return len(self.cookies), len(self.reads), len(self.statements)


# --- the people ---


class Crowd:
    """Clients that each do one thing over and over until the server is gone."""

    def __init__(self, origin: str, identifiers: list[str]) -> None:
        self._origin = origin
        self._identifiers = identifiers
        self._numbers = count(1)
        self.answered = Answered()
        self.surprises: list[str] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Everybody works during the block; at its end the server must be gone."""
        works = (self.sign_in, self.export, self.read, self.have_statement_made)
        people = zip(works, self._identifiers, strict=True)
        threads = [threading.Thread(target=self._repeat, args=person) for person in people]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join(READY_SECONDS)

    def wait_until_everybody_got_more_than(self, before: tuple[int, ...]) -> None:
        """Else a slow machine would kill the server before anything was there to lose."""
        deadline = time.monotonic() + READY_SECONDS
        while not all(now > then for now, then in zip(self.answered.kinds, before, strict=True)):
            assert time.monotonic() < deadline, self.surprises
            time.sleep(0.02)

    def _repeat(self, work: Callable[[httpx.Client, str], None], identifier: str) -> None:
        try:
            with self.client() as client:
                if work != self.sign_in:
                    self.sign_in(client, identifier)
                while True:
                    work(client, identifier)
        except httpx.TransportError:
            return
        except Exception as error:  # noqa: BLE001  (a thread's failure must reach the test)
            self.surprises.append(f"{work.__name__}: {error!r}")

    def client(self, cookie: str = "") -> httpx.Client:
        cookies = {COOKIE: cookie} if cookie else {}
        return httpx.Client(base_url=self._origin, headers=SAME_ORIGIN, timeout=30, cookies=cookies)

    def sign_in(self, client: httpx.Client, identifier: str) -> None:
        client.cookies.clear()
        fields = {"identifiant": identifier, "mot-de-passe": factories.PASSWORD, "suite": ""}
        answer = self._send(client, "/connexion", fields)
        if answer.status_code == 303:
            self.answered.cookies.append(client.cookies[COOKIE])

    def export(self, client: httpx.Client, _: str) -> None:
        self._look(client, "/adherent/prestations/export.csv", Action.BENEFITS_EXPORTED)

    def read(self, client: httpx.Client, _: str) -> None:
        self._look(client, "/adherent/prestations", Action.BENEFITS_READ)

    def _look(self, client: httpx.Client, path: str, action: Action) -> None:
        since = (WAY_BACK + timedelta(days=next(self._numbers))).isoformat()
        answer = client.get(path, params={"du": since})
        assert answer.status_code in {200, BUSY}, answer.status_code
        if answer.status_code == 200:
            self.answered.reads.append((action, since))

    def have_statement_made(self, client: httpx.Client, _: str) -> None:
        start = today() - timedelta(days=60 + next(self._numbers) % 1500)
        period = {"du": start.isoformat(), "au": today().isoformat()}
        answer = self._send(client, "/adherent/releves", period)
        if answer.status_code != 303:
            return
        statement = Statement(answer.headers["location"], client.cookies[COOKIE])
        self.answered.statements.append(statement)
        statement.number, statement.digest = file_of(client, statement.location)

    def _send(self, client: httpx.Client, path: str, fields: dict[str, str]) -> httpx.Response:
        page = client.get(path)
        assert page.status_code in {200, BUSY}, page.status_code
        if page.status_code == BUSY:
            return page
        token = Html(page.text).css("main input[name=jeton]")[0].attributes["value"]
        answer = client.post(path, data=fields | {"jeton": token})
        assert answer.status_code in {303, BUSY}, answer.status_code
        return answer


def file_of(client: httpx.Client, location: str) -> tuple[str, str]:
    """Number and digest of a statement's PDF."""
    answer = client.get(f"{location}/pdf")
    assert answer.status_code == 200, answer.status_code
    number = re.search(r"releve-([\w-]+)\.pdf", answer.headers["content-disposition"])
    assert number
    return number.group(1), hashlib.sha256(answer.content).hexdigest()


# --- the test ---


@pytest.fixture
def served(settings, database) -> Iterator[tuple[Server, Settings, Crowd]]:
    settings = settings.model_copy(update={"origin": f"http://127.0.0.1:{free_port()}"})
    settings.data_folder.mkdir(exist_ok=True)
    server = Server(settings, database.url, workers=1 if database.is_sqlite else 2)
    yield server, settings, Crowd(settings.origin, [household(database, settings) for _ in range(4)])
    server.end(signal.SIGKILL)


def household(database: Database, settings: Settings) -> str:
    """A member for whom a few lines were paid lately; the account's identifier."""
    with database.write() as db:
        made, account = factories.member_with_account(db, Keyring(settings))
        for number in range(LINES):
            factories.paid_line(db, made.contract, care_date=today() - timedelta(days=number + 1))
        return account.identifier


def test_nothing_answered_is_lost_when_the_server_is_killed(served, database) -> None:
    server, settings, crowd = served
    took = [server.start()]
    for _ in range(ROUNDS):
        before = crowd.answered.kinds
        with crowd.at_work():
            crowd.wait_until_everybody_got_more_than(before)
            time.sleep(random.uniform(0, LATEST))
            server.end(signal.SIGKILL)
        assert crowd.surprises == []
        took.append(server.start())
        assert_still_true(crowd, settings, database)
    assert_in_evidence(crowd.answered, database)
    server.end(signal.SIGTERM)
    assert_intact(server, settings, database)
    summary = "%d kills, %d answers kept, ready again in %.1f s at most"
    logger.info(summary, ROUNDS, sum(crowd.answered.kinds), max(took[1:]))


def assert_still_true(crowd: Crowd, settings: Settings, database: Database) -> None:
    """Sessions go on, statements are the same to the byte."""
    keyring = Keyring(settings)
    with database.read() as db:
        tokens = [keyring.unsign(SESSION, cookie) for cookie in crowd.answered.cookies]
        lost = [token for token in tokens if token is None or not find_viewer(db, token, datetime.now(UTC))]
    assert lost == []
    for cookie in crowd.answered.cookies[-NEWEST:]:
        with crowd.client(cookie) as client:
            assert client.get("/adherent").status_code == 200
    for statement in crowd.answered.statements:
        with crowd.client(statement.cookie) as client:
            number, digest = file_of(client, statement.location)
        assert (statement.number or number, statement.digest or digest) == (number, digest)
        statement.number, statement.digest = number, digest


def assert_in_evidence(answered: Answered, database: Database) -> None:
    """Every sign-in and statement, and, once the journal has been adopted, every read exactly once."""
    wanted = Counter(answered.reads)
    deadline = time.monotonic() + ADOPTION_SECONDS
    while wanted - (noted := reads_in_evidence(database)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert {read: noted[read] for read in wanted if noted[read] != 1} == {}
    acts = acts_in_evidence(database)
    assert sum(1 for action, _ in acts if action == Action.SESSION_OPENED) >= len(answered.cookies)
    issued = {proof.split(" ")[0] for action, proof in acts if action == Action.STATEMENT_ISSUED}
    assert {statement.number for statement in answered.statements} <= issued


def reads_in_evidence(database: Database) -> Counter[tuple[str, str]]:
    """How often each read is in the chain, by action and first day asked for."""
    with database.read() as db:
        query = select(Evidence.action, EvidenceDetail.details).where(Evidence.seq == EvidenceDetail.seq)
        rows = [(action, msgspec.json.decode(details)) for action, details in db.exec(query)]
    return Counter((action, details["filters"]["du"]) for action, details in rows if details.get("filters"))


def acts_in_evidence(database: Database) -> list[tuple[str, str]]:
    with database.read() as db:
        return list(db.exec(select(Evidence.action, Evidence.object)))


def assert_intact(server: Server, settings: Settings, database: Database) -> None:
    """What an operator would check after an outage."""
    verified = subprocess.run([*PROGRAM, "audit", "verify"], capture_output=True, check=False, env=server.environment)
    assert verified.returncode == 0, verified.stderr.decode()
    assert not [*(settings.data_folder / "spool").glob("*")], "a spool was left behind"
    if database.is_sqlite:
        with sqlite3.connect(settings.data_folder / "portal.sqlite3") as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        raw.close()
